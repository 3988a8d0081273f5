"""What the benchmarks' command lines have in common: flags, signals, a Triton, an end."""

import argparse
import contextlib
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from benchmarks import report
from benchmarks.figures import Target
from benchmarks.processes import Processes
from benchmarks.triton import Triton, start_triton
from scripts._stack import PROJECT, Interrupted, StackError, interruptible, say


def add_common_flags(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", type=Path, metavar="FILE", help="default: var/bench/")
    parser.add_argument("--check", action="store_true", help="exit with 1 where a target is missed")


def add_round_flags(
    parser: argparse.ArgumentParser, *, candidates: Sequence[str], models: Sequence[str]
) -> None:
    parser.add_argument("--rounds", type=int, default=3, help="default 3")
    parser.add_argument("--seconds", type=float, default=5.0, help="per measurement; default 5")
    parser.add_argument(
        "--only", action="append", choices=candidates, help="measure this one; may be repeated"
    )
    parser.add_argument(
        "--model", action="append", choices=models, help="with this model; may be repeated"
    )


@contextlib.contextmanager
def triton_under_test() -> Iterator[tuple[Triton, Path]]:
    """A Triton of this run's own, and a folder that goes with it."""
    scratch = PROJECT / "var/run"
    scratch.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="bench_", dir=scratch) as folder, Processes() as own:
        yield start_triton(own, Path(folder) / "models"), Path(folder)


def finish(
    name: str, options: argparse.Namespace, figures: dict[str, Any], targets: list[Target]
) -> int:
    """Write the report; returns the exit status."""
    settings = {
        key: str(value) if isinstance(value, Path) else value
        for key, value in vars(options).items()
    }
    path = report.write(report.preamble(settings) | figures, options.json, name=name)
    say(f"written: {path}")
    missed = [target.name for target in targets if target.reached is False]
    return 1 if options.check and missed else 0


def run_to_the_end(run: Callable[[], int]) -> int:
    """Run a benchmark; whatever stops it, what it started is stopped first."""
    try:
        with interruptible():
            return run()
    except Interrupted as interruption:
        print(f"Stopped by {interruption}; nothing is left running.", file=sys.stderr)
        return interruption.exit_code
    except StackError as error:
        print(error, file=sys.stderr)
        return 1
