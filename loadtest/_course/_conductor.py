"""Ties a run to Locust's events: when it begins, when it ends, and how the process exits."""

import logging
import signal
import sys
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import gevent
from locust.env import Environment
from locust.runners import MasterRunner, Runner, WorkerRunner

from loadtest._course._plan import Load
from loadtest._course._run import Run
from loadtest._errors import EXIT_SIGNAL_BASE, EXIT_TOOL_ERROR, EXIT_USAGE, LoadtestError
from loadtest._load._address import tls_context
from loadtest._load._client import TIMEOUT_S
from loadtest._load._reachability import ensure_ready
from loadtest._load._user import FrameUser, source
from loadtest._options import contradiction, options_from
from loadtest._settings import read_settings

SAMPLES_MESSAGE = "framegate_samples"
BURST_MESSAGE = "framegate_burst"
# Workers report every 3 s.
REPORT_DELAY_S = 4.0


def listen(hook: Any, listener: Callable[..., None]) -> None:
    """Locust's hooks have no types; this is the one place that knows."""
    hook.add_listener(listener)


class Reporter:
    """Sends what the users of a worker measured to the master."""

    def __init__(self, environment: Environment, runner: WorkerRunner) -> None:
        self._runner = runner
        listen(environment.events.report_to_master, self._report)
        listen(environment.events.test_stop, self._send_rest)
        runner.register_message(BURST_MESSAGE, self._burst)

    def _report(self, client_id: str, data: dict[str, Any], **_: object) -> None:
        data[SAMPLES_MESSAGE] = source.collector.drain()

    def _send_rest(self, **_: object) -> None:
        # The next report would come up to 3 s later, when the master may have closed its books.
        self._runner.send_message(SAMPLES_MESSAGE, source.collector.drain())

    def _burst(self, **_: object) -> None:
        source.order_burst()


class Conductor:
    """The master's, or the only process's, side of a run."""

    def __init__(self) -> None:
        self._environment: Environment | None = None
        self._run: Run | None = None
        self._interrupted_by: int | None = None
        self._text: str | None = None
        self._handlers: list[Any] = []
        self._exit_code: int | None = None

    def attach(self, environment: Environment, runner: Runner) -> None:
        self._environment = environment
        logging.getLogger("locust.runners").addFilter(_not_about_the_rate)
        if wrong := contradiction(self._parsed_options):
            sys.stderr.write(f"{wrong}.\n")
            sys.exit(EXIT_USAGE)
        if isinstance(runner, MasterRunner):
            listen(environment.events.worker_report, self._receive_report)
            runner.register_message(SAMPLES_MESSAGE, self._receive_message)
        listen(environment.events.test_stopping, self._test_stopping)
        listen(environment.events.test_stop, self._test_stop)
        listen(environment.events.quitting, self._quitting)
        listen(environment.events.quit, self._quit)
        if self._headless:
            # Locust handles SIGTERM only after a headless shape has ended, and Ctrl-C by an
            # exception in whatever greenlet is running.
            self._handlers = [
                gevent.signal_handler(number, self._signalled, int(number))
                for number in (signal.SIGINT, signal.SIGTERM)
            ]

    def tick(self, runner: Runner) -> Load | None:
        """One step of the plan; the first begins the run. None ends the test."""
        if self._run is None:
            try:
                self._run = self._begin(runner)
            except (LoadtestError, ValueError) as error:
                sys.stderr.write(f"Load test not started: {error}.\n")
                self._exit_code = EXIT_TOOL_ERROR
                return None
        return self._run.tick(runner.user_count)

    def _begin(self, runner: Runner) -> Run:
        environment = runner.environment
        options = options_from(self._parsed_options)
        host = environment.host or FrameUser.host
        ensure_ready(host, tls_context(options.ca, insecure=options.insecure))
        users = environment.user_classes
        cameras = sorted({user.camera for user in users if issubclass(user, FrameUser)})
        source.prepare(options.seed, cameras)
        source.collector.clear()
        return Run(
            options,
            host=host,
            triton_url=read_settings().triton_url,
            collector=source.collector,
            cameras=cameras,
            payloads=source.payloads,
            processes=getattr(runner, "worker_count", 1),
            max_drain_s=TIMEOUT_S,
            report_delay_s=REPORT_DELAY_S if isinstance(runner, MasterRunner) else 0.0,
            fire=partial(self._fire, runner),
        )

    def _fire(self, runner: Runner) -> None:
        """Have every user that waits for it send one frame now."""
        if isinstance(runner, MasterRunner):
            runner.send_message(BURST_MESSAGE)
        else:
            source.order_burst()

    @property
    def _headless(self) -> bool:
        return bool(self._parsed_options.get("headless"))

    @property
    def _parsed_options(self) -> Mapping[str, Any]:
        assert self._environment is not None
        assert self._environment.parsed_options is not None
        parsed: Mapping[str, Any] = vars(self._environment.parsed_options)
        return parsed

    def _receive_report(self, client_id: str, data: dict[str, Any], **_: object) -> None:
        if SAMPLES_MESSAGE in data:
            source.collector.receive(data[SAMPLES_MESSAGE])

    def _receive_message(self, environment: Environment, msg: Any, **_: object) -> None:
        source.collector.receive(msg.data)

    def _signalled(self, number: int) -> None:
        if self._interrupted_by is not None:
            return
        self._interrupted_by = number
        assert self._environment is not None
        assert self._environment.runner is not None
        started = self._run is not None
        # Before the first tick only a master waits here, for workers it must send home.
        self._environment.runner.quit()
        if not started and self._exit_code is None:
            sys.exit(EXIT_SIGNAL_BASE + number)

    def _test_stopping(self, **_: object) -> None:
        if self._run is not None:
            self._run.end_load()

    def _test_stop(self, **_: object) -> None:
        # Headless, the master still waits for the workers' last samples at this point.
        if not self._headless:
            self._finish()
            self._say()

    def _quitting(self, environment: Environment, **_: object) -> None:
        if self._run is not None and environment.runner is not None:
            environment.runner.quit()
        self._finish()
        if self._exit_code is None:
            # A web page that was closed without a run is no error; a plan that never ran is.
            self._exit_code = EXIT_TOOL_ERROR if self._headless else 0
        environment.process_exit_code = self._exit_code

    def _quit(self, **_: object) -> None:
        self._say()

    def _finish(self) -> None:
        run, self._run = self._run, None
        if run is None:
            return
        try:
            self._text, self._exit_code = run.finish(self._interrupted_by)
        except Exception:
            logging.getLogger(__name__).exception("The results could not be made.")
            self._exit_code = EXIT_TOOL_ERROR

    def _say(self) -> None:
        text, self._text = self._text, None
        if text is not None:
            sys.stdout.write(text)
            sys.stdout.flush()


def _not_about_the_rate(record: logging.LogRecord) -> bool:
    """Locust warns of high rates, which is right for users who begin; these leave."""
    return not record.getMessage().startswith("Your selected spawn rate")
