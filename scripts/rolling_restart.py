"""`python -m scripts.rolling_restart`: restart equal servers one after the other.

Each is taken out of service first where a load balancer has been told to look (`--out-folder`), and
the next one's turn comes only when the last one is ready again and has been for a while.
"""

import argparse
import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import requests

LOOK_EVERY_S = 0.125


class RollError(Exception):
    """The roll ended early; the text says where, for the person at the terminal."""


@dataclass(frozen=True)
class Member:
    """One of the servers.

    Attributes:
        name: of the file that takes it out of service.
        ready_url: answers 200 where it is ready.
    """

    name: str
    ready_url: str


@dataclass(frozen=True)
class Pace:
    """How patiently.

    Attributes:
        settle_s: between taking one out of service and restarting it.
        steady_s: for how long it must have been ready before it is put back.
        timeout_s: longest wait for that.
    """

    settle_s: float = 1.0
    steady_s: float = 2.0
    timeout_s: float = 120.0


def roll(
    members: Sequence[Member],
    restart: Callable[[Member], None],
    *,
    out_folder: Path | None,
    pace: Pace,
    is_ready: Callable[[Member], bool],
    say: Callable[[str], None],
    clock: Callable[[], float] = time.monotonic,
    pause: Callable[[float], None] = time.sleep,
) -> None:
    """Restart all, one at a time.

    Args:
        restart: returns once the member was told to start again.
        out_folder: where a file of a member's name takes it out of service.

    Raises:
        RollError: one is not ready before its turn or another's, or not in time after it; that one
            stays out of service.
    """
    for member in members:
        down = [other.name for other in members if not is_ready(other)]
        if down:
            raise RollError(f"{member.name} was not restarted: not ready: {', '.join(down)}.")
        out = out_folder / member.name if out_folder else None
        if out:
            out.touch()
            pause(pace.settle_s)
        started_s = clock()
        say(f"{member.name}: restarting")
        restart(member)
        _wait_steady(member, pace, is_ready=is_ready, clock=clock, pause=pause)
        if out:
            out.unlink(missing_ok=True)
        say(f"{member.name}: ready after {clock() - started_s:.1f} s")


def _wait_steady(
    member: Member,
    pace: Pace,
    *,
    is_ready: Callable[[Member], bool],
    clock: Callable[[], float],
    pause: Callable[[float], None],
) -> None:
    started_s = clock()
    good_since_s: float | None = None
    while True:
        good = is_ready(member)
        now_s = clock()
        good_since_s = (now_s if good_since_s is None else good_since_s) if good else None
        if good_since_s is not None and now_s - good_since_s >= pace.steady_s:
            return
        if now_s - started_s > pace.timeout_s:
            raise RollError(
                f"{member.name} was not ready within {pace.timeout_s:g} s: {member.ready_url}. "
                "It stays out of service; the others were left as they are."
            )
        pause(LOOK_EVERY_S)


def answers_200(member: Member) -> bool:
    with requests.Session() as session:
        session.trust_env = False  # a proxy's answer is not the member's
        try:
            return session.get(member.ready_url, timeout=5).status_code == 200
        except requests.RequestException:
            return False


def main(arguments: Sequence[str] | None = None) -> int:
    given = _parser().parse_args(arguments)
    if given.out_folder and not given.out_folder.is_dir():
        print(f"There is no folder {given.out_folder}.", file=sys.stderr)
        return 2

    def restart(member: Member) -> None:
        command = shlex.split(given.restart.replace("{name}", member.name))
        try:
            status = subprocess.run(command, check=False).returncode
        except OSError as error:
            raise RollError(f"{command[0]} cannot be run: {error.strerror}.") from error
        if status:
            raise RollError(f"{shlex.join(command)} ended with status {status}.")

    pace = Pace(given.settle_s, given.steady_s, given.timeout_s)
    try:
        roll(
            given.members,
            restart,
            out_folder=given.out_folder,
            pace=pace,
            is_ready=answers_200,
            say=print,
        )
    except RollError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _member(text: str) -> Member:
    name, _, url = text.partition("=")
    # The name is a file's and part of a command.
    if not name.replace("-", "").isalnum() or not url.startswith(("http://", "https://")):
        raise argparse.ArgumentTypeError(f"{text!r} is not name=http://host:port/path")
    return Member(name, url)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m scripts.rolling_restart", description=__doc__.partition("\n\n")[2]
    )
    parser.add_argument(
        "members", nargs="+", type=_member, metavar="NAME=URL", help="where each says it is ready"
    )
    parser.add_argument(
        "--restart",
        required=True,
        metavar="COMMAND",
        help="restarts one; {name} is put in, as in 'systemctl restart framegate@{name}'",
    )
    parser.add_argument(
        "--out-folder",
        type=Path,
        help="where a file takes a member out of service; see deploy/nginx/nginx.conf",
    )
    parser.add_argument("--settle-s", type=float, default=Pace.settle_s, help="default %(default)s")
    parser.add_argument("--steady-s", type=float, default=Pace.steady_s, help="default %(default)s")
    parser.add_argument(
        "--timeout-s", type=float, default=Pace.timeout_s, help="default %(default)s"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
