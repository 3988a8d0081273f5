"""`make bench-zoo`: the model zoo under stress, with stand-ins of its models on a real Triton."""

import argparse
import contextlib
import itertools
import sys
from collections.abc import Callable, Generator, Mapping
from typing import Any

from benchmarks.figures import Target
from benchmarks.report import targets_as_json
from benchmarks.rounds import progress
from benchmarks.session import add_common_flags, finish, run_to_the_end
from benchmarks.tables import targets_table
from benchmarks.zoo import cycles, leases, resident, stress, tour
from benchmarks.zoo.operations import Fault
from benchmarks.zoo.part import Part
from benchmarks.zoo.system import System, Zoo, running, standins
from scripts._stack import say

# Those that need a system, in this order.
SERVED: Mapping[str, Callable[[Zoo, System, argparse.Namespace], Part]] = {
    "cycles": cycles.measure,
    "tour": tour.measure,
    "resident": resident.measure,
    "stress": stress.measure,
}
PARTS = ("leases", *SERVED)
FAULTS = {fault.name.lower(): fault for fault in Fault}


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(prog="make bench-zoo", description=__doc__)
    made.add_argument("--only", action="append", choices=PARTS, help="this part; may be repeated")
    made.add_argument(
        "--model", action="append", help="with this model of the catalogue; may be repeated"
    )
    made.add_argument("--budget-mb", type=int, default=6963, help="of memory; default 6963")
    made.add_argument("--operations", type=int, default=600, help="of the stress; default 600")
    made.add_argument("--clients", type=int, default=16, help="of the stress; default 16")
    made.add_argument("--seed", type=int, default=0, help="of the operations; default 0")
    made.add_argument("--limit-s", type=float, default=900, help="of the stress; default 900")
    made.add_argument(
        "--fault",
        action="append",
        choices=[*FAULTS, "none"],
        help="kill this, in this order; may be repeated; default: all four",
    )
    made.add_argument("--cycles", type=int, default=200, help="of load and unload; default 200")
    made.add_argument("--pairs", type=int, default=40, help="beside Triton alone; default 40")
    made.add_argument("--swaps", type=int, default=20, help="past the budget; default 20")
    made.add_argument("--requests", type=int, default=200, help="of a resident model; default 200")
    made.add_argument(
        "--resident-model",
        action="append",
        help="that is asked; may be repeated; default: osnet-x0-25, weather-classification and "
        "yolo11-face",
    )
    add_common_flags(made)
    return made


def measured(options: argparse.Namespace) -> Generator[tuple[str, Part], None, None]:
    """The parts that are wanted, one after the other."""
    wanted = options.only or PARTS
    if "leases" in wanted:
        yield "leases", leases.measure()
    served = [name for name in SERVED if name in wanted]
    if not served:
        return
    with standins(options.model) as zoo:
        for budget_mb, names in itertools.groupby(
            served, lambda name: cycles.budget_mb(zoo) if name == "cycles" else options.budget_mb
        ):
            with running(zoo, budget_mb=budget_mb) as system:
                for name in names:
                    progress(f"{name} …")
                    yield name, SERVED[name](zoo, system, options)


def run(options: argparse.Namespace) -> int:
    options.resident_model = options.resident_model or [
        "osnet-x0-25",
        "weather-classification",
        "yolo11-face",
    ]
    options.faults = [FAULTS[name] for name in options.fault or FAULTS if name != "none"]
    figures: dict[str, Any] = {}
    targets: list[Target] = []
    with contextlib.closing(measured(options)) as parts:
        for name, part in parts:
            say(f"{part.text}\n\n{targets_table(part.targets)}\n")
            figures[name] = part.figures | {"targets": targets_as_json(part.targets)}
            targets += part.targets
    return finish("zoo", options, {"parts": figures}, targets)


def main() -> int:
    options = parser().parse_args()
    return run_to_the_end(lambda: run(options))


if __name__ == "__main__":
    sys.exit(main())
