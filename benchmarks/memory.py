"""`make bench-memory`: what a gateway worker weighs, and whether it grows over many requests."""

import argparse
import sys
from typing import Any

from benchmarks.answers import judge_scores
from benchmarks.candidates import HttpCandidate
from benchmarks.figures import Target
from benchmarks.lineup import expected_scores, gateway_candidate
from benchmarks.load import closed_loop
from benchmarks.processes import Processes
from benchmarks.repository import IDLE_MODEL
from benchmarks.rounds import progress
from benchmarks.session import add_common_flags, finish, run_to_the_end, triton_under_test
from benchmarks.tables import targets_table
from benchmarks.usage import pss_mb, tree
from scripts._stack import say

CONNECTIONS = 16
STEP_S = 5.0
WORKER_LIMIT_MB, GROWTH_LIMIT_MB = 150.0, 5.0


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(prog="make bench-memory", description=__doc__)
    made.add_argument("--first", type=int, default=10_000, help="first look; default 10000")
    made.add_argument("--last", type=int, default=100_000, help="last look; default 100000")
    add_common_flags(made)
    return made


def run(options: argparse.Namespace) -> int:
    with triton_under_test() as (triton, _), Processes() as servers:
        judge = judge_scores(expected_scores(triton, IDLE_MODEL))
        gateway = gateway_candidate(servers, triton, IDLE_MODEL, judge)
        sent = send_until(gateway, 0, options.first)
        first = workers_mb(gateway)
        sent = send_until(gateway, sent, options.last)
        last = workers_mb(gateway)
    growth = [after - before for before, after in zip(first, last, strict=True)]
    for number, (before, after) in enumerate(zip(first, last, strict=True), 1):
        say(f"worker {number}: {before:.1f} MB at {options.first} requests, {after:.1f} at {sent}")
    targets = [
        Target("PSS of the largest worker", max(last), WORKER_LIMIT_MB, False, " MB"),
        Target("growth of the worker that grew most", max(growth), GROWTH_LIMIT_MB, False, " MB"),
    ]
    say(targets_table(targets))
    figures: dict[str, Any] = {"requests": sent, "first_mb": first, "last_mb": last}
    return finish("memory", options, figures, targets)


def send_until(gateway: HttpCandidate, sent: int, total: int) -> int:
    """Load it in steps until `total` requests have been sent; returns how many there were."""
    while sent < total:
        load = closed_loop(
            gateway.port, gateway.requests, gateway.judge, connections=CONNECTIONS, seconds=STEP_S
        )
        sent += len(load.answers)
        progress(f"{sent} of {total} requests")
    return sent


def workers_mb(gateway: HttpCandidate) -> list[float]:
    """Proportional set size of each worker, the master left out."""
    _, *workers = tree(next(iter(gateway.roots.values())))
    return [pss_mb(worker.pid) for worker in workers]


def main() -> int:
    options = parser().parse_args()
    return run_to_the_end(lambda: run(options))


if __name__ == "__main__":
    sys.exit(main())
