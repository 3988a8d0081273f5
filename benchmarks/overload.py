"""`make bench-overload`: five times more requests than the gateway can answer, for a minute."""

import argparse
import dataclasses
import sys
from typing import Any

from benchmarks.answers import judge_scores
from benchmarks.candidates import HttpCandidate
from benchmarks.figures import Target, percentile_or_none
from benchmarks.lineup import expected_scores, gateway_candidate
from benchmarks.load import open_loop
from benchmarks.overload_phases import Plan, outcome, targets_of
from benchmarks.overload_tables import describe, shares_table
from benchmarks.processes import Processes
from benchmarks.report import targets_as_json
from benchmarks.repository import DEFAULT_MODEL, SLOW_MODEL
from benchmarks.rounds import progress
from benchmarks.session import add_common_flags, finish, run_to_the_end, triton_under_test
from benchmarks.tables import targets_table
from benchmarks.triton import Triton
from benchmarks.watch import Watch, core_shares
from scripts._stack import say

FACTOR = 5.0
CAPACITY_CONNECTIONS = (4, 16, 32)
CAPACITY_S = 3.0
MOST_CONNECTIONS = 400
SETTLED_AFTER_S = 10.0


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(prog="make bench-overload", description=__doc__)
    made.add_argument("--seconds", type=float, default=60.0, help="of overload; default 60")
    made.add_argument(
        "--default-seconds",
        type=float,
        default=20.0,
        help="of overload with the default model, 0 for none; default 20",
    )
    made.add_argument(
        "--objective-ms", type=float, default=1000.0, help="for what is admitted; default 1000"
    )
    add_common_flags(made)
    return made


def run(options: argparse.Namespace) -> int:
    models: dict[str, Any] = {}
    with triton_under_test() as (triton, _):
        targets, models[SLOW_MODEL] = overload(triton, SLOW_MODEL, options.seconds, options)
        if options.default_seconds:
            _, models[DEFAULT_MODEL] = overload(
                triton, DEFAULT_MODEL, options.default_seconds, options
            )
    return finish("overload", options, {"models": models}, targets)


def overload(
    triton: Triton, model: str, seconds: float, options: argparse.Namespace
) -> tuple[list[Target], dict[str, Any]]:
    """Measure the capacity with this model, then exceed it; targets and the report's part."""
    with Processes() as servers:
        judge = judge_scores(expected_scores(triton, model))
        gateway = gateway_candidate(servers, triton, model, judge)
        plan = Plan(capacity_per_s(gateway, model), FACTOR, seconds)
        begin_s, stop_s = plan.overload
        progress(
            f"{model}: {FACTOR:g} times {plan.capacity_per_s:.0f} requests/s for {seconds:g} s"
        )
        settled_s = begin_s + min(SETTLED_AFTER_S, seconds / 2)
        with Watch(gateway.roots, (begin_s, settled_s, stop_s)) as watch:
            load = open_loop(
                gateway.port,
                gateway.requests,
                judge,
                plan.schedule(),
                most_connections=MOST_CONNECTIONS,
            )
    found = outcome(plan, load.answers)
    memory_bytes = [look.memory_bytes for look in watch.looks]
    targets = targets_of(plan, found, objective_ms=options.objective_ms, memory_bytes=memory_bytes)
    lateness_ms = percentile_or_none(sorted(load.lateness_ms), 95)
    shares = core_shares(watch.looks[0], watch.looks[-1])
    say(f"{describe(model, plan, found, lateness_ms)}\n\n{shares_table(shares)}\n")
    say(f"{targets_table(targets)}\n")
    return targets, {
        "plan": dataclasses.asdict(plan),
        "outcome": dataclasses.asdict(found),
        "lateness_p95_ms": lateness_ms,
        "memory_bytes": memory_bytes,
        "core_shares": [share._asdict() for share in shares],
        "targets": targets_as_json(targets),
    }


def capacity_per_s(gateway: HttpCandidate, model: str) -> float:
    """The most right answers per second that closed loops of several widths got."""
    progress(f"{model}: capacity")
    gateway.measure(CAPACITY_CONNECTIONS[0], CAPACITY_S / 3)
    return max(
        gateway.measure(connections, CAPACITY_S).requests_per_s
        for connections in CAPACITY_CONNECTIONS
    )


def main() -> int:
    options = parser().parse_args()
    return run_to_the_end(lambda: run(options))


if __name__ == "__main__":
    sys.exit(main())
