"""The command line: what was asked for is sampled or read, and an exit code says how it went."""

import argparse
import contextlib
import io
import json
import os
import signal
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TextIO

from monitor.addresses import BadSettings, webhook_by
from monitor.errors import UsageError
from monitor.flags import EXIT_USAGE, parser
from monitor.judgement.observer import Observer
from monitor.judgement.verdict import ThresholdsError, load_thresholds
from monitor.live import Live
from monitor.output.alerts import Alerts, exit_code
from monitor.output.colour import levels_painted, printable, wanted
from monitor.output.recording import Recorder, RecordingError, observation_frame, read
from monitor.output.replay import replay
from monitor.output.summary import Summary
from monitor.session import Diagnostics, Sink
from monitor.showing import showing
from monitor.signals import StopSignals

EXIT_OK, EXIT_FAILED = 0, 1
LONG_S = 3600.0


def main(arguments: Sequence[str] | None = None) -> int:
    _prepare_streams()
    options = parser().parse_args(arguments)
    try:
        with StopSignals() as stop:
            return COMMANDS[options.command](options, stop)
    except (UsageError, BadSettings, ThresholdsError, RecordingError) as error:
        _say(str(error).rstrip("."))
        return EXIT_USAGE
    except BrokenPipeError:
        # The reader has seen enough. What Python still holds for stdout must not be flushed.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_OK
    except OSError as error:
        _say(f"writing failed: {error.strerror or error}")
        return EXIT_FAILED


def _prepare_streams() -> None:
    # Started with a stream closed (`>&-`), Python has None there.
    sys.stdout = sys.stdout or Path(os.devnull).open("w")  # noqa: SIM115 - open until the end
    sys.stderr = sys.stderr or Path(os.devnull).open("w")  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # The degree sign must not end the program where the terminal speaks ASCII.
            stream.reconfigure(errors="replace")


def _say(message: str, *, coloured: bool = False) -> None:
    # Whoever closed stderr does not want to hear of it; a server's words move no cursor.
    with contextlib.suppress(OSError):
        sys.stderr.write(f"monitor: {levels_painted(printable(message), colour=coloured)}\n")
        sys.stderr.flush()


def _colour(options: argparse.Namespace, stream: TextIO) -> bool:
    return wanted(options.colour, os.environ, stream.isatty())


@contextlib.contextmanager
def _saying(options: argparse.Namespace) -> Iterator[Callable[[str], None]]:
    """How to say something: at once, or where a screen is shown, when it is gone."""
    if not options.tui:
        yield partial(_say, coloured=_colour(options, sys.stderr))
        return
    held: list[str] = []
    try:
        yield held.append
    finally:
        for message in held:
            _say(message)


def _observer(options: argparse.Namespace) -> Observer:
    return Observer(load_thresholds(profile=options.thresholds))


def _alerts(options: argparse.Namespace, say: Callable[[str], None]) -> Alerts:
    ring = _ring if options.bell else None
    return Alerts(say, ring=ring, webhook=webhook_by(options.webhook, os.environ))


def _ring() -> None:
    with contextlib.suppress(OSError):
        sys.stderr.write("\a")
        sys.stderr.flush()


def _show(options: argparse.Namespace, stop: StopSignals) -> int:
    """Lines or a screen, until it is over."""
    observer = _observer(options)
    if options.once and options.tui:
        raise UsageError("--tui shows what changes, and --once has one sample")
    with _saying(options) as say, Live(options, os.environ, Diagnostics(say)) as live:
        if options.once:
            return _show_once(options, live, observer, stop)
        with _alerts(options, say) as alerts:
            with showing(options, options.interval, colour=_colour(options, sys.stdout)) as shown:
                summary = live.watch(observer.observe, (shown, alerts), stop)
            _sum_up(summary, stop, _summary_stream(options))
            return exit_code(alerts.levels_seen, options.fail_on)


def _show_once(
    options: argparse.Namespace, live: Live, observer: Observer, stop: StopSignals
) -> int:
    observation = observer.observe(live.once(stop))
    if options.format == "json":
        frame = observation_frame(observation)
        sys.stdout.write(json.dumps(frame, indent=2, ensure_ascii=False) + "\n")
        sys.stdout.flush()
    else:
        # What is missing is in the document itself; a table and CSV have no room for it.
        Diagnostics(_say).note(observation.sample)
        with showing(options, options.interval, colour=_colour(options, sys.stdout)) as shown:
            shown.write(observation)
    return exit_code({observation.verdict.level}, options.fail_on)


def _record(options: argparse.Namespace, stop: StopSignals) -> int:
    observer = _observer(options)
    with _saying(options) as say, Live(options, os.environ, Diagnostics(say)) as live:
        try:
            file = options.file.open("w", encoding="utf-8")
        except OSError as error:
            raise UsageError(f"{options.file} cannot be written: {error.strerror}") from error
        with file:
            recorder = Recorder(file, options.interval)
            if options.once:
                sample = live.once(stop)
                Diagnostics(say).note(sample)
                recorder.write(observer.observe(sample))
                return EXIT_OK
            return _watch(options, live, observer, recorder, say, stop)


def _watch(
    options: argparse.Namespace,
    live: Live,
    observer: Observer,
    sink: Sink,
    say: Callable[[str], None],
    stop: StopSignals,
) -> int:
    """What shows nothing on the terminal: its summary goes to stderr."""
    with _alerts(options, say) as alerts:
        summary = live.watch(observer.observe, (sink, alerts), stop)
        _sum_up(summary, stop, sys.stderr)
        return exit_code(alerts.levels_seen, options.fail_on)


def _replay(options: argparse.Namespace, stop: StopSignals) -> int:
    recording = read(options.file)
    observer = _observer(options)
    with _saying(options) as say, _alerts(options, say) as alerts:
        colour = _colour(options, sys.stdout)
        with showing(options, recording.header.interval_s, colour=colour, now=None) as shown:
            summary = replay(
                recording,
                (shown, alerts),
                stop,
                speed=options.speed or float("inf"),
                observe=observer.observe,
            )
            # The last picture stays until it has been seen.
            while options.tui and not stop.wait(LONG_S):
                pass
        _sum_up(summary, stop, _summary_stream(options), always=True)
        return exit_code(alerts.levels_seen, options.fail_on)


def _report(options: argparse.Namespace, stop: StopSignals) -> int:
    from monitor.output.report.page import report_html

    recording = read(options.file)
    output = options.output or options.file.with_suffix(".html")
    text = report_html(recording, _observer(options).observe)
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{output} cannot be written: {error.strerror}") from error
    sys.stdout.write(f"{output}\n")
    sys.stdout.flush()
    return EXIT_OK


def _export(options: argparse.Namespace, stop: StopSignals) -> int:
    from monitor.output.exporter import CannotListen, Exporter

    observer = _observer(options)
    try:
        with (
            _saying(options) as say,
            Live(options, os.environ, Diagnostics(say)) as live,
            Exporter(options.host, options.port, interval_s=options.interval) as exporter,
        ):
            say(f"http://{options.host}:{exporter.port}/metrics")
            return _watch(options, live, observer, exporter, say, stop)
    except CannotListen as error:
        _say(str(error).rstrip("."))
        return EXIT_FAILED


def _summary_stream(options: argparse.Namespace) -> TextIO:
    """Beside lines for people, but never into what a program reads."""
    return sys.stdout if options.format == "table" else sys.stderr


def _sum_up(summary: Summary, stop: StopSignals, to: TextIO, *, always: bool = False) -> None:
    if always or stop.received == signal.SIGINT:
        # A terminal has just echoed ^C into the line.
        after_echo = "\n" if to.isatty() and stop.received == signal.SIGINT else ""
        to.write(f"{after_echo}{summary.text()}\n")
        to.flush()


Command = Callable[[argparse.Namespace, StopSignals], int]
COMMANDS: Mapping[str | None, Command] = {
    None: _show,
    "record": _record,
    "replay": _replay,
    "report": _report,
    "export": _export,
}
