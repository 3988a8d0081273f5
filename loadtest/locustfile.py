"""Framegate's load test. `locust -f loadtest/` shows the web page, with `--headless` it runs the
plan and exits.

Locust loads every file here whose name does not begin with an underscore: this must stay the
only one.
"""

import sys
from pathlib import Path
from typing import Any

from locust import LoadTestShape, events
from locust.argument_parser import LocustArgumentParser
from locust.env import Environment
from locust.runners import LocalRunner, Runner, WorkerRunner

# Locust adds the folder it was started in, which need not be the project's.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from loadtest._course._conductor import Conductor, Reporter, listen
from loadtest._load._user import CameraUser, source
from loadtest._options import add_flags, options_from

__all__ = ["CameraUser", "StagedLoad"]

conductor = Conductor()


class StagedLoad(LoadTestShape):
    """Holds each number of users until that stage has been measured."""

    def tick(self) -> tuple[int, float] | None:
        assert self.runner is not None
        load = conductor.tick(self.runner)
        return None if load is None else (load.users, load.spawn_rate_per_s)


def _add_flags(parser: LocustArgumentParser, **_: Any) -> None:
    add_flags(parser)
    # Whoever reaches Locust's page can start a load; --web-host opens it to others.
    parser.set_defaults(web_host="127.0.0.1")


def _attach(environment: Environment, runner: Runner, **_: Any) -> None:
    if isinstance(runner, WorkerRunner):
        Reporter(environment, runner)
    else:
        conductor.attach(environment, runner)
    if isinstance(runner, WorkerRunner | LocalRunner):
        listen(events.test_start, _start_source)
        listen(events.test_stop, _stop_source)


def _start_source(environment: Environment, **_: Any) -> None:
    assert environment.parsed_options is not None
    assert isinstance(environment.runner, WorkerRunner | LocalRunner)
    source.prepare(options_from(vars(environment.parsed_options)).seed)
    source.start(environment.runner.client_id)


def _stop_source(**_: Any) -> None:
    source.stop()


listen(events.init_command_line_parser, _add_flags)
listen(events.init, _attach)
