"""`python -m loadtest compare A B`."""

import argparse
import math
import re
import sys
from collections.abc import Mapping, Sequence

from loadtest._compare._comparison import compare
from loadtest._compare._json import to_json
from loadtest._compare._sources import baseline_names, read_run
from loadtest._compare._words import render
from loadtest._errors import EXIT_TOOL_ERROR, LoadtestError
from monitor.output.colour import wanted

DEFAULT_TOLERANCE = "10%"
_EPILOG = """\
A and B are each a run folder, a summary.json, or the name of a baseline: {baselines}.
A is what was; B is what is judged.

examples:
  python -m loadtest compare runs/before runs/after
      what the change between them did, and whether it is more than noise
  python -m loadtest compare runs/before runs/after --tolerance 5%
      the same, with a closer look
  python -m loadtest compare rtx3060 runs/after
      a run beside what an RTX 3060 is expected to do
  python -m loadtest compare runs/before runs/after --json > comparison.json
      for a program; the exit code is the same

A figure is worse when it is off by more than the tolerance and its 95 % interval
excludes no change; of success, by more than the tolerance or one percentage point.

exit codes: 0 no regression, 1 A or B cannot be read, 2 usage, 3 regression,
4 nothing in common that could be judged
"""


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="python -m loadtest compare",
        description="What changed between two runs, and how sure that is.",
        epilog=_EPILOG.format(baselines=", ".join(baseline_names())),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    made.add_argument("a", metavar="A", help="what was")
    made.add_argument("b", metavar="B", help="what is judged")
    made.add_argument(
        "--tolerance",
        type=parse_tolerance,
        default=DEFAULT_TOLERANCE,
        metavar="PERCENT",
        help="how much worse is still no regression, in percent of A (default: 10%%)",
    )
    made.add_argument("--json", action="store_true", help="write the comparison as JSON")
    return made


def parse_tolerance(text: str) -> float:
    """Percent, with or without the sign for it."""
    if not re.fullmatch(r"[0-9]+(\.[0-9]+)?\s*%?", text, flags=re.ASCII):
        raise argparse.ArgumentTypeError(f"{text!r} is no percentage like 10% or 2.5%")
    percent = float(text.rstrip("% "))
    if not math.isfinite(percent):
        raise argparse.ArgumentTypeError(f"{text!r} is more than can be meant")
    return percent


def main(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    """Print the comparison and return the exit code; a mistake in usage ends the process with 2.

    Args:
        environment: asked for NO_COLOR, FORCE_COLOR and TERM alone.
    """
    given = parser().parse_args(arguments)
    try:
        made = compare(read_run(given.a), read_run(given.b), given.tolerance)
    except LoadtestError as error:
        sys.stderr.write(f"{error}\n")
        return EXIT_TOOL_ERROR
    colour = wanted(None, environment, sys.stdout.isatty())
    sys.stdout.write(to_json(made) if given.json else render(made, colour=colour))
    return made.exit_code
