"""`make bench-causes`: what stops the system, brought about on purpose, and what is said of it."""

import argparse
import json
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.figures import Target
from benchmarks.processes import HOST, Processes, free_port, wait_answering
from benchmarks.repository import IDLE_MODEL, MEASURING_MODEL, SLOW_MODEL
from benchmarks.rounds import progress
from benchmarks.servers import start_gateway
from benchmarks.session import add_common_flags, finish, run_to_the_end, triton_under_test
from benchmarks.tables import aligned, targets_table
from benchmarks.triton import Triton
from scripts._stack import StackError, say

# Fewer than there are cameras, and enough for everything else the load tester opens.
FEW_FILES = 200
# To and fro, more than any answer may take.
NETWORK_DELAY_S = 0.35
# 0: carried, 3: not carried, 4: nothing can be said, as where the generator is the limit.
JUDGED = (0, 3, 4)


@dataclass(frozen=True)
class Case:
    """A way to overload the system, and the cause that it should be given."""

    cause: str
    how: str
    model: str
    cameras: int
    flags: tuple[str, ...] = ()
    network_delay_s: float = 0.0
    prefix: tuple[str, ...] = ()


@dataclass(frozen=True)
class Found:
    cause: str
    sentence: str
    evidence: str
    verdict: str
    p95_ms: float | None
    success_percent: float | None


# The numbers of cameras are for two cores, which everything here shares.
CASES = (
    Case("none", "few cameras", MEASURING_MODEL, 20),
    Case("queue", "the model takes 20 ms, for one picture at a time", SLOW_MODEL, 300),
    Case("compute", "the model that measures, too many cameras", MEASURING_MODEL, 600),
    Case("gateway_cpu", "a model without work, too many cameras", IDLE_MODEL, 1600),
    Case(
        "preprocessing",
        "a model without work, large pictures",
        IDLE_MODEL,
        800,
        flags=("--camera=mixed",),
    ),
    Case(
        "before_gateway",
        f"a network that takes {NETWORK_DELAY_S * 1000:.0f} ms each way",
        IDLE_MODEL,
        20,
        network_delay_s=NETWORK_DELAY_S,
    ),
    Case(
        "generator",
        f"more cameras than the generator may open files ({FEW_FILES})",
        IDLE_MODEL,
        300,
        prefix=("prlimit", f"--nofile={FEW_FILES}:{FEW_FILES}"),
    ),
)


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(prog="make bench-causes", description=__doc__)
    made.add_argument(
        "--only",
        action="append",
        choices=[case.cause for case in CASES],
        help="this cause; may be repeated",
    )
    made.add_argument("--seconds", type=float, default=15.0, help="measured of each; default 15")
    add_common_flags(made)
    return made


def run(options: argparse.Namespace) -> int:
    cases = [case for case in CASES if not options.only or case.cause in options.only]
    found: dict[str, Found] = {}
    with triton_under_test() as (triton, folder):
        for number, case in enumerate(cases, 1):
            progress(f"{number} of {len(cases)}: {case.how}, {case.cameras} cameras")
            triton.load(case.model)
            found[case.cause] = provoke(case, triton, folder / case.cause, options.seconds)
    rows = [["brought about", "by", "cameras", "p95 ms", "good %", "cause found"]]
    rows += [row(case, found[case.cause]) for case in cases]
    say(aligned(rows))
    for case in cases:
        say(f"\n{case.cause}: {found[case.cause].sentence}\n  {found[case.cause].evidence}")
    right = sum(found[case.cause].cause == case.cause for case in cases)
    targets = [Target("causes found", float(right), float(len(cases)), True)]
    say("\n" + targets_table(targets))
    figures: dict[str, Any] = {"found": {name: asdict(one) for name, one in found.items()}}
    return finish("causes", options, figures, targets)


def provoke(case: Case, triton: Triton, folder: Path, seconds: float) -> Found:
    """Load a gateway of its own until the cause shows."""
    with Processes() as own:
        port = start_gateway(own, triton, case.model).port
        if case.network_delay_s:
            port = start_slow_network(own, port, case.network_delay_s)
        command = [
            *case.prefix,
            *(sys.executable, "-m", "loadtest", str(case.cameras), f"--host=http://{HOST}:{port}"),
            *(f"--run-dir={folder}", f"--stage-duration={seconds}", "--warmup=5"),
            *("--min-samples=0", "--baseline=10", "--recovery=0", *case.flags),
        ]
        ports = {
            "FRAMEGATE_TRITON_HTTP_PORT": str(triton.port),
            "FRAMEGATE_TRITON_METRICS_PORT": str(triton.metrics_port),
        }
        tester = own.start("loadtest", command, ports)
        while (code := tester.poll()) is None:
            time.sleep(0.2)
        if code not in JUDGED:
            raise StackError(f"the load tester ended ({code}):\n{tester.last_words()}")
    summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    return found_in(summary)


def found_in(summary: Mapping[str, Any]) -> Found:
    """What the summary of a run says of its only stage after the baseline."""
    (stage,) = (one for one in summary["stages"] if one["kind"] == "stage")
    return Found(
        cause=stage["cause"]["code"],
        sentence=stage["cause"]["sentence"],
        evidence=stage["cause"]["evidence"],
        verdict=stage["verdict"]["level"],
        p95_ms=stage["metrics"]["response"]["p95"],
        success_percent=stage["success_percent"],
    )


def start_slow_network(processes: Processes, to_port: int, delay_s: float) -> int:
    """Returns the port behind which everything takes longer."""
    port = free_port()
    command = [sys.executable, "-m", "benchmarks.slow_network"]
    command += [str(port), str(to_port), str(delay_s)]
    child = processes.start("slow-network", command, {})
    wait_answering(child, port, "/health/ready")
    return port


def row(case: Case, found: Found) -> list[str]:
    p95 = "-" if found.p95_ms is None else f"{found.p95_ms:.0f}"
    success = "-" if found.success_percent is None else f"{found.success_percent:.1f}"
    return [case.cause, case.how, str(case.cameras), p95, success, found.cause]


def main() -> int:
    options = parser().parse_args()
    return run_to_the_end(lambda: run(options))


if __name__ == "__main__":
    sys.exit(main())
