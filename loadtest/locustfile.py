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
from locust.runners import STATE_INIT, LocalRunner, Runner, WorkerRunner

# Locust adds the folder it was started in, which need not be the project's.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from loadtest._course._conductor import Conductor, Reporter, listen
from loadtest._load._user import (
    Base64User,
    CameraUser,
    FrameUser,
    MixedSizesUser,
    PageUser,
    source,
)
from loadtest._options import add_flags, keep_users, options_from

__all__ = ["Base64User", "CameraUser", "MixedSizesUser", "PageUser", "StagedLoad"]

CLASSES = {user.camera: user for user in (CameraUser, Base64User, MixedSizesUser, PageUser)}

conductor = Conductor()


class StagedLoad(LoadTestShape):
    """Holds each number of users until that stage has been measured."""

    def tick(self) -> tuple[int, float] | None:
        assert self.runner is not None
        if self.runner.state == STATE_INIT:
            _choose_class(self.runner.environment)
        load = conductor.tick(self.runner)
        return None if load is None else (load.users, load.spawn_rate_per_s)


def _add_flags(parser: LocustArgumentParser, **_: Any) -> None:
    add_flags(parser)
    keep_users(parser)
    # Whoever reaches Locust's page can start a load, and whoever reaches a master can take part;
    # --web-host and --master-bind-host open them to others.
    parser.set_defaults(web_host="127.0.0.1", master_bind_host="127.0.0.1")


def _attach(environment: Environment, runner: Runner, **_: Any) -> None:
    if isinstance(runner, WorkerRunner):
        Reporter(environment, runner)
        # The master says which classes; its choice may be another in the next run.
        environment.user_classes = list(CLASSES.values())
    else:
        conductor.attach(environment, runner)
        _choose_class(environment)
        listen(events.test_start, _announce)
    if isinstance(runner, WorkerRunner | LocalRunner):
        listen(events.test_start, _start_source)
        listen(events.test_stop, _stop_source)


def _choose_class(environment: Environment) -> None:
    """Without named classes and Locust's picker there is one class, that of --camera."""
    chosen = environment.parsed_options
    assert chosen is not None
    if not chosen.user_classes and not chosen.class_picker and chosen.camera in CLASSES:
        environment.user_classes = [CLASSES[chosen.camera]]


def _announce(environment: Environment, **_: Any) -> None:
    assert environment.parsed_options is not None
    if environment.parsed_options.insecure:
        sys.stderr.write("The gateway's certificate is not verified (--insecure).\n")
    if environment.shape_class is None:
        sys.stderr.write("No stages are measured: choose the shape StagedLoad on Locust's page.\n")


def _start_source(environment: Environment, **_: Any) -> None:
    assert environment.parsed_options is not None
    assert isinstance(environment.runner, WorkerRunner | LocalRunner)
    options = options_from(vars(environment.parsed_options))
    # A worker learns what it is to send when its first users are made.
    here = [] if isinstance(environment.runner, WorkerRunner) else environment.user_classes
    source.prepare(options.seed, (user.camera for user in here if issubclass(user, FrameUser)))
    source.start(environment.runner.client_id, options)


def _stop_source(**_: Any) -> None:
    source.stop()


listen(events.init_command_line_parser, _add_flags)
listen(events.init, _attach)
