"""The command line: what was asked for is sampled, and an exit code says how it went."""

import argparse
import contextlib
import io
import json
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

from monitor.flags import EXIT_USAGE, parser
from monitor.output import table
from monitor.output.recording import Recorder, sample_frame
from monitor.sample import Sample
from monitor.session import Diagnostics, Sink, run
from monitor.signals import StopSignals
from monitor.sources.gpu import GpuReader
from monitor.sources.sampling import Processes, Sampler
from monitor.sources.triton_metrics import BadUrl, metrics_url

EXIT_OK, EXIT_FAILED = 0, 1
# --once must answer in three seconds whatever the interval: two scrapes and the wait between.
ONCE_INTERVAL_S = 1.0


class UsageError(Exception):
    """What was asked cannot be done. The text is for whoever asked."""


class TableSink:
    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, sample: Sample) -> None:
        self._stream.write(table.row(sample) + "\n")
        self._stream.flush()


def _url_from_settings() -> str:
    # Imported only where no flag names Triton: it is half of the start-up time.
    from pydantic import ValidationError

    from monitor.settings import Settings

    try:
        settings = Settings()
    except ValidationError as error:
        problems = [
            f"FRAMEGATE_{'_'.join(map(str, problem['loc'])).upper()}: {problem['msg']}"
            for problem in error.errors()
        ]
        raise UsageError("; ".join(problems)) from error
    host = settings.triton_host
    if ":" in host:
        host = f"[{host}]"
    try:
        return metrics_url(f"http://{host}:{settings.triton_metrics_port}")
    except BadUrl as error:
        raise UsageError(f"FRAMEGATE_TRITON_HOST: {error}") from error


def _say(message: str) -> None:
    # Whoever closed stderr does not want to hear of it.
    with contextlib.suppress(OSError):
        sys.stderr.write(f"monitor: {message}\n")
        sys.stderr.flush()


def _prepare_streams() -> None:
    # Started with a stream closed (`>&-`), Python has None there.
    sys.stdout = sys.stdout or Path(os.devnull).open("w")  # noqa: SIM115 - open until the end
    sys.stderr = sys.stderr or Path(os.devnull).open("w")  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # The degree sign must not end the program where the terminal speaks ASCII.
            stream.reconfigure(errors="replace")


def main(arguments: Sequence[str] | None = None) -> int:
    _prepare_streams()
    options = parser().parse_args(arguments)
    try:
        with StopSignals() as stop, contextlib.closing(GpuReader()) as gpus:
            return _dispatch(options, gpus, stop)
    except UsageError as error:
        _say(str(error))
        return EXIT_USAGE
    except BrokenPipeError:
        # The reader has seen enough. What Python still holds for stdout must not be flushed.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_OK
    except OSError as error:
        _say(f"writing failed: {error.strerror or error}")
        return EXIT_FAILED


def _dispatch(options: argparse.Namespace, gpus: GpuReader, stop: StopSignals) -> int:
    url = options.triton or _url_from_settings()
    if options.command == "record":
        try:
            file = options.file.open("w", encoding="utf-8")
        except OSError as error:
            raise UsageError(f"{options.file} cannot be written: {error.strerror}") from error
        with file:
            return _watch(options, gpus, url, stop, Recorder(file, options.interval), sys.stderr)
    if options.format == "json":
        if options.once:
            frame = sample_frame(_once(options, gpus, url, stop))
            sys.stdout.write(json.dumps(frame, indent=2, ensure_ascii=False) + "\n")
            sys.stdout.flush()
            return EXIT_OK
        recorder = Recorder(sys.stdout, options.interval, with_header=not options.no_header)
        return _watch(options, gpus, url, stop, recorder, sys.stderr)
    if not options.no_header:
        sys.stdout.write(table.header() + "\n")
        sys.stdout.flush()
    return _watch(options, gpus, url, stop, TableSink(sys.stdout), sys.stdout)


def _watch(
    options: argparse.Namespace,
    gpus: GpuReader,
    url: str,
    stop: StopSignals,
    sink: Sink,
    summary_to: TextIO,
) -> int:
    diagnostics = Diagnostics(_say)
    if options.once:
        sample = _once(options, gpus, url, stop)
        diagnostics.note(sample)
        sink.write(sample)
        return EXIT_OK
    summary = run(
        _sampler(options, gpus, url, options.interval),
        sink,
        stop,
        interval_s=options.interval,
        duration_s=options.duration,
        diagnostics=diagnostics,
    )
    if stop.received == signal.SIGINT:
        # A terminal has just echoed ^C into the line.
        after_echo = "\n" if summary_to.isatty() else ""
        summary_to.write(f"{after_echo}{summary.text()}\n")
        summary_to.flush()
    return EXIT_OK


def _sampler(options: argparse.Namespace, gpus: GpuReader, url: str, interval_s: float) -> Sampler:
    return Sampler(
        gpus,
        url,
        interval_s,
        statistics_url=options.triton_http,
        processes=_watcher(dict(options.watch)),
    )


def _watcher(ports: dict[str, int]) -> Processes | None:
    if not ports:
        return None
    # Imported only where it is needed: psutil is slow to start.
    from monitor.sources.processes import ProcessWatcher

    return ProcessWatcher(ports)


def _once(options: argparse.Namespace, gpus: GpuReader, url: str, stop: StopSignals) -> Sample:
    """Counters speak of an interval, so where there are any they are read twice."""
    interval_s = min(options.interval, ONCE_INTERVAL_S)
    sampler = _sampler(options, gpus, url, interval_s)
    first = sampler.sample()
    counted = first.models is not None or first.processes
    if not counted or stop.wait(interval_s):
        return first
    return sampler.sample()
