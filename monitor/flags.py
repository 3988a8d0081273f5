"""The flags of the command line, and what is wrong with a value."""

import argparse
from pathlib import Path
from typing import NoReturn

from monitor import flag_values
from monitor.sources.gateway_metrics import gateway_url
from monitor.sources.triton_statistics import statistics_url

EXIT_USAGE = 2
EXPORTER_PORT = 9105
EXAMPLES = """examples:
  python -m monitor                               a line a second, until Ctrl-C
  python -m monitor --tui                         the whole screen
  python -m monitor --once --format json          one sample for a script
  python -m monitor record run.jsonl --duration 60
  python -m monitor replay run.jsonl --speed 10   the same lines, ten times as fast
  python -m monitor report run.jsonl              a page for the browser
  python -m monitor export --port 9105            for Prometheus

exit codes: 0 done, 1 the tool could not do its work, 2 a mistake on the command line,
3 the level of --fail-on was reached"""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.exit(EXIT_USAGE, f"monitor: {message}; --help lists the flags\n")


def parser() -> argparse.ArgumentParser:
    main = _Parser(
        prog="python -m monitor",
        description="Where the time goes, second by second: GPU, Triton's queue and inference, the "
        "gateway; what the system waits for, and whether it is healthy.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    _add_sampling_flags(main, given_only=False)
    _add_showing_flags(main, given_only=False)
    commands = main.add_subparsers(dest="command", metavar="COMMAND", title="instead of lines")
    record = commands.add_parser(
        "record", help="write JSON lines to FILE and print nothing", allow_abbrev=False
    )
    record.add_argument("file", type=Path, metavar="FILE", help="replaced if it exists")
    _add_sampling_flags(record, given_only=True)
    replay = commands.add_parser("replay", help="show a recording again", allow_abbrev=False)
    replay.add_argument("file", type=Path, metavar="FILE", help="made by record")
    replay.add_argument(
        "--speed",
        type=flag_values.speed,
        default=1.0,
        metavar="N",
        help="times as fast as it was (default 1; 0: without waiting)",
    )
    _add_judging_flags(replay, given_only=True)
    _add_showing_flags(replay, given_only=True)
    report = commands.add_parser(
        "report", help="make one HTML file of a recording", allow_abbrev=False
    )
    report.add_argument("file", type=Path, metavar="FILE", help="made by record")
    report.add_argument(
        "-o", "--output", type=Path, metavar="FILE", help="default: the recording's name, .html"
    )
    _add_judging_flags(report, given_only=True)
    export = commands.add_parser(
        "export", help="answer Prometheus with what is derived", allow_abbrev=False
    )
    export.add_argument(
        "--port",
        type=flag_values.port,
        default=EXPORTER_PORT,
        metavar="N",
        help=f"to listen on (default {EXPORTER_PORT})",
    )
    export.add_argument(
        "--host", default="127.0.0.1", metavar="ADDRESS", help="to listen on (default 127.0.0.1)"
    )
    _add_sampling_flags(export, given_only=True)
    return main


def _add_sampling_flags(to: argparse.ArgumentParser, *, given_only: bool) -> None:
    """`given_only`: a subcommand's default would overwrite what stood before its name."""

    def default(value: object) -> object:
        return argparse.SUPPRESS if given_only else value

    sampling = to.add_argument_group("what is asked")
    sampling.add_argument(
        "-i",
        "--interval",
        type=flag_values.interval_s,
        default=default(1.0),
        metavar="SECONDS",
        help="between samples, 0.1 to 3600 (default 1)",
    )
    sampling.add_argument(
        "--duration",
        type=flag_values.duration_s,
        default=default(None),
        metavar="SECONDS",
        help="end after this time (default: at Ctrl-C)",
    )
    sampling.add_argument(
        "--once", action="store_true", default=default(False), help="one sample only"
    )
    sampling.add_argument(
        "--triton",
        type=flag_values.metrics_url,
        default=default(None),
        metavar="URL",
        help="Triton's metrics (default: http://127.0.0.1:8002, or as FRAMEGATE_TRITON_HOST and "
        "FRAMEGATE_TRITON_METRICS_PORT say)",
    )
    sampling.add_argument(
        "--triton-http",
        type=flag_values.or_off(statistics_url),
        default=default(None),
        metavar="URL|off",
        help="Triton's HTTP address: sizes of batches, how busy instances are (default: port 8003 "
        "or FRAMEGATE_TRITON_HTTP_PORT; off beside --triton)",
    )
    sampling.add_argument(
        "--gateway",
        type=flag_values.or_off(gateway_url),
        default=default(None),
        metavar="URL|off",
        help="the gateway, whose metrics tell its stages (default: port 8000 or FRAMEGATE_PORT)",
    )
    sampling.add_argument(
        "--watch",
        type=flag_values.role_and_port,
        action="append",
        default=default(None),
        metavar="ROLE=PORT|off",
        help="CPU and memory of the processes behind that local port, as gateway=8000; repeatable "
        "(default: the gateway's and Triton's, where they run here)",
    )
    sampling.add_argument(
        "--gpu",
        action="append",
        default=default(None),
        metavar="UUID|INDEX",
        help="this GPU only; repeatable (default: all)",
    )
    access = to.add_argument_group("access")
    access.add_argument(
        "--api-key",
        default=default(None),
        metavar="KEY",
        help="sent to the gateway; better in FRAMEGATE_MONITOR_API_KEY, since others can read the "
        "arguments of a process",
    )
    access.add_argument(
        "--ca",
        type=flag_values.file,
        default=default(None),
        metavar="FILE",
        help="believe the certificates in this file instead of the system's",
    )
    access.add_argument(
        "--insecure", action="store_true", default=default(False), help="believe any certificate"
    )
    _add_judging_flags(to, given_only=given_only)


def _add_judging_flags(to: argparse.ArgumentParser, *, given_only: bool) -> None:
    def default(value: object) -> object:
        return argparse.SUPPRESS if given_only else value

    judging = to.add_argument_group("verdict and alerts")
    judging.add_argument(
        "--thresholds",
        default=default("default"),
        metavar="NAME",
        help="section of monitor/thresholds.toml to judge by (default: default)",
    )
    judging.add_argument(
        "--fail-on",
        choices=("degraded", "overloaded"),
        default=default(None),
        help="exit with 3 where it came to this level or beyond",
    )
    judging.add_argument(
        "--bell", action="store_true", default=default(False), help="ring when the verdict changes"
    )
    judging.add_argument(
        "--webhook",
        type=flag_values.webhook,
        default=default(None),
        metavar="URL",
        help="post changes of the verdict there, as JSON; better in the variable "
        "FRAMEGATE_MONITOR_WEBHOOK where the URL is a secret",
    )


def _add_showing_flags(to: argparse.ArgumentParser, *, given_only: bool) -> None:
    def default(value: object) -> object:
        return argparse.SUPPRESS if given_only else value

    showing = to.add_argument_group("how it is shown")
    form = showing.add_mutually_exclusive_group()
    form.add_argument(
        "--format",
        choices=("table", "json", "csv"),
        default=default("table"),
        help="table (default), JSON lines or CSV",
    )
    form.add_argument(
        "--tui", action="store_true", default=default(False), help="the whole screen of a terminal"
    )
    showing.add_argument(
        "--no-header",
        action="store_true",
        default=default(False),
        help="leave the header of table or CSV out",
    )
    colour = showing.add_mutually_exclusive_group()
    colour.add_argument(
        "--color",
        "--colour",
        dest="colour",
        action="store_true",
        default=default(None),
        help="in any case (default: on a terminal, unless NO_COLOR is set)",
    )
    colour.add_argument(
        "--no-color",
        "--no-colour",
        dest="colour",
        action="store_false",
        default=default(None),
        help="never",
    )
