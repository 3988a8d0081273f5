"""`make demo`: the whole system under 10 to 200 cameras, with a report, and nothing left behind."""

import argparse
import contextlib
import os
import signal
import sys
import time

from backend.settings import Settings
from scripts._settings import read_settings
from scripts._stack import (
    Child,
    Interrupted,
    Stack,
    StackError,
    deferred,
    gateway_url,
    interruptible,
    say,
    undisturbed,
)

STAGES = "10,25,50,100,200"
STAGE_DURATION_S = 6
WARMUP_S = 2
# A single camera before, few after; somebody's own setting goes before.
BRIEF = {"FRAMEGATE_LOADTEST_BASELINE": "4", "FRAMEGATE_LOADTEST_RECOVERY": "4"}
API_KEY_VARIABLE = "FRAMEGATE_LOADTEST_API_KEY"


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="make demo",
        description="Start Triton and the gateway on loopback, replay the progressive plan while "
        "the monitor records, write runs/<time>/report.html, and stop everything.",
        epilog="Exit codes: those of the load tester (0 passed, 3 objective missed, "
        "4 inconclusive), 1 where a process did not start or died, 2 wrong settings, "
        "130 or 143 stopped by Ctrl-C or SIGTERM.",
    )
    made.add_argument("--stages", default=STAGES, help=f"cameras per stage (default {STAGES})")
    made.add_argument(
        "--stage-duration",
        type=float,
        default=STAGE_DURATION_S,
        metavar="SECONDS",
        help=f"measured per stage, after a warm-up (default {STAGE_DURATION_S})",
    )
    made.add_argument("--run-dir", metavar="DIR", help="where results go (default runs/<time>)")
    return made


def main() -> int:
    options = parser().parse_args()
    settings, _ = read_settings()
    try:
        with interruptible():
            return run(settings, options)
    except Interrupted as interruption:
        say(f"Stopped by {interruption}; nothing is left running.")
        return interruption.exit_code
    except StackError as error:
        print(error, file=sys.stderr)
        return 1


def run(settings: Settings, options: argparse.Namespace) -> int:
    with Stack(settings, only=("triton", "gateway")) as stack:
        say("Starting Triton and the gateway …")
        say(f"Ready after {stack.wait_ready():.1f} s at {gateway_url(settings)}")
        stages = options.stages.replace(",", ", ")
        say(f"Replaying {stages} cameras, one frame per 2 s each, while the monitor records.\n")
        return load(stack, settings, options)


def load(stack: Stack, settings: Settings, options: argparse.Namespace) -> int:
    """Run the load tester against the stack; returns its exit code."""
    command = [
        *(sys.executable, "-m", "loadtest"),
        *("--host", gateway_url(settings)),
        *("--stages", options.stages),
        *("--stage-duration", str(options.stage_duration)),
        *("--warmup", str(WARMUP_S)),
        *("--min-samples", "0"),
    ]
    if settings.tls_cert:
        # The stack has just been started on this machine; its certificate may name another.
        command.append("--insecure")
    if options.run_dir:
        command += ["--run-dir", options.run_dir]
    with contextlib.ExitStack() as cleanup:
        with deferred():
            tester = Child("loadtest", command, env=BRIEF | os.environ | api_key(stack))
            cleanup.callback(_stop, tester)
        while (status := tester.poll()) is None:
            stack.check_alive()
            time.sleep(0.1)
        if status < 0:
            raise StackError(f"The load tester was killed ({signal.Signals(-status).name}).")
        return status


def api_key(stack: Stack) -> dict[str, str]:
    """The stack's own token, unless somebody chose a key; never as an argument."""
    return {} if os.environ.get(API_KEY_VARIABLE) else {API_KEY_VARIABLE: stack.internal_token}


def _stop(tester: Child) -> None:
    with undisturbed():
        # On either signal it writes down what it has measured.
        tester.stop(first=signal.SIGINT)


if __name__ == "__main__":
    sys.exit(main())
