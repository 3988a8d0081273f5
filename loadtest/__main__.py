"""`python -m loadtest [USERS]`: the plan from 10 to 200 users, or one stage, without a web page."""

import argparse
import os
import socket
import sys
from pathlib import Path

from loadtest._options import (
    FLAGS,
    MIN_SAMPLES_FOR_P95,
    add_flags,
    parse_stages,
)

_MIN_SAMPLES = next(flag for flag in FLAGS if flag.name == "--min-samples")


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="python -m loadtest",
        description="Load the gateway stage by stage and judge every stage.",
        epilog="Locust's own options are passed on, written as --name=value. "
        "Exit codes: 0 passed, 1 tool error, 2 usage, 3 objective missed, 4 inconclusive.",
        allow_abbrev=False,
    )
    made.add_argument("users", nargs="?", metavar="USERS", help="one stage with this many users")
    made.add_argument("-u", "--users", dest="users_flag", metavar="USERS", help="the same")
    made.add_argument("-H", "--host", default=argparse.SUPPRESS, metavar="URL", help="the gateway")
    made.add_argument(
        "--processes",
        type=int,
        default=argparse.SUPPRESS,
        metavar="N",
        help="spread the users over N processes",
    )
    add_flags(made, given_only=True)
    return made


def locust_arguments(arguments: list[str], environment: dict[str, str]) -> list[str]:
    """Translate to Locust's command line; a mistake ends the process with exit code 2."""
    reader = parser()
    known, others = reader.parse_known_args(arguments)
    given = vars(known)
    users, users_flag = given.pop("users"), given.pop("users_flag")
    if users is not None and users_flag is not None:
        reader.error("USERS is given twice")
    users = users if users is not None else users_flag
    if users is not None:
        if "stages" in given:
            reader.error("USERS and --stages exclude each other")
        try:
            (only,) = parse_stages(users)
        except ValueError as error:
            reader.error(str(error))
        given["stages"] = str(only)
    if "min_samples" not in given and _MIN_SAMPLES.env_var not in environment:
        given["min_samples"] = MIN_SAMPLES_FOR_P95
    folder = str(Path(__file__).resolve().parent)
    made = ["locust", "-f", folder, "--headless", "--skip-log-setup", "--only-summary"]
    for name, value in given.items():
        flag = f"--{name.replace('_', '-')}"
        made += [flag] if value is True else [f"{flag}={value}"]
    if "processes" in given and not any(one.startswith("--master-") for one in others):
        # Locust's own choice is always the same one, so that two runs could not be at once.
        port = _free_port()
        made += [f"--master-bind-port={port}", f"--master-port={port}"]
    return made + others


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def main() -> None:
    if sys.argv[1:2] == ["compare"]:
        from loadtest._compare import _cli

        sys.exit(_cli.main(sys.argv[2:], os.environ))
    sys.argv = locust_arguments(sys.argv[1:], dict(os.environ))
    # Imported late: it replaces the standard library's blocking calls, and help needs none of it.
    import locust.main

    locust.main.main()  # type: ignore[no-untyped-call]


if __name__ == "__main__":
    main()
