"""The flags of the command line, and what is wrong with a value."""

import argparse
import math
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from monitor.sources.triton_metrics import BadUrl, metrics_url
from monitor.sources.triton_statistics import statistics_url

EXIT_USAGE = 2
LAST_PORT = 65535
SHORTEST_INTERVAL_S, LONGEST_INTERVAL_S = 0.1, 3600.0


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.exit(EXIT_USAGE, f"monitor: {message}; --help lists the flags\n")


def parser() -> argparse.ArgumentParser:
    main = _Parser(
        prog="python -m monitor",
        description="GPU, queue and inference times, a line a second.",
    )
    _add_sampling_flags(main, given_only=False)
    main.set_defaults(watch=[], triton_http=None)
    main.add_argument("--no-header", action="store_true", help="leave the table's header out")
    main.add_argument(
        "--format", choices=("table", "json"), default="table", help="table (default) or JSON"
    )
    commands = main.add_subparsers(
        dest="command", metavar="record FILE", title="instead of a table"
    )
    record = commands.add_parser("record", help="write JSON lines to FILE and print nothing")
    record.add_argument("file", type=Path, metavar="FILE", help="replaced if it exists")
    _add_sampling_flags(record, given_only=True)
    record.add_argument(
        "--watch",
        type=_role_and_port,
        action="append",
        default=[],
        metavar="ROLE=PORT",
        help="CPU and memory of the processes behind that local port, as gateway=8000; repeatable",
    )
    record.add_argument(
        "--triton-http",
        type=_statistics_url,
        metavar="URL",
        help="Triton's HTTP address, as http://127.0.0.1:8003: record the sizes of batches too",
    )
    return main


def _add_sampling_flags(to: argparse.ArgumentParser, *, given_only: bool) -> None:
    """`given_only`: a subcommand's default would overwrite what stood before its name."""

    def default(value: object) -> object:
        return argparse.SUPPRESS if given_only else value

    to.add_argument(
        "-i",
        "--interval",
        type=_interval_s,
        default=default(1.0),
        metavar="SECONDS",
        help="between samples, 0.1 to 3600 (default 1)",
    )
    to.add_argument(
        "--duration",
        type=_duration_s,
        default=default(None),
        metavar="SECONDS",
        help="end after this time (default: at Ctrl-C)",
    )
    to.add_argument(
        "--triton",
        type=_metrics_url,
        default=default(None),
        metavar="URL",
        help="Triton's metrics (default: http://127.0.0.1:8002, or as FRAMEGATE_TRITON_HOST and "
        "FRAMEGATE_TRITON_METRICS_PORT say)",
    )
    to.add_argument("--once", action="store_true", default=default(False), help="one sample only")


def _interval_s(text: str) -> float:
    seconds = _seconds(text)
    if not SHORTEST_INTERVAL_S <= seconds <= LONGEST_INTERVAL_S:
        raise argparse.ArgumentTypeError(
            f"{text} is not between {SHORTEST_INTERVAL_S:g} and {LONGEST_INTERVAL_S:g} seconds"
        )
    return seconds


def _duration_s(text: str) -> float:
    seconds = _seconds(text)
    if not (math.isfinite(seconds) and seconds > 0):
        raise argparse.ArgumentTypeError(f"{text} is not a number of seconds above 0")
    return seconds


def _seconds(text: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds") from error


def _metrics_url(text: str) -> str:
    return _url(text, metrics_url)


def _statistics_url(text: str) -> str:
    return _url(text, statistics_url)


def _url(text: str, read: Callable[[str], str]) -> str:
    try:
        return read(text)
    except BadUrl as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _role_and_port(text: str) -> tuple[str, int]:
    role, _, port = text.partition("=")
    if not role or not (port.isascii() and port.isdigit()) or not 1 <= int(port) <= LAST_PORT:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a role and a port from 1 to {LAST_PORT}, such as gateway=8000"
        )
    return role, int(port)
