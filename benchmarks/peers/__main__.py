"""`make bench-peers`: the gateway beside what a user might serve the same model with instead."""

import argparse
import sys
from collections.abc import Mapping

from benchmarks.answers import judge_scores
from benchmarks.candidates import Candidate
from benchmarks.comparison import compare
from benchmarks.figures import Target, difference, ratio
from benchmarks.gateway_targets import alone_p50s_ms, faults_target, rates
from benchmarks.lineup import GATEWAY, expected_scores, gateway_candidate
from benchmarks.peers.servers import TITLES, start_peer
from benchmarks.processes import Processes
from benchmarks.repository import IDLE_MODEL, MEASURING_MODEL
from benchmarks.rounds import Result, alternate
from benchmarks.session import (
    add_common_flags,
    add_round_flags,
    finish,
    run_to_the_end,
    triton_under_test,
)
from benchmarks.triton import Triton

NAMES = (GATEWAY, *TITLES)
# Those whose work the peers can do in their own processes.
MODELS = (IDLE_MODEL, MEASURING_MODEL)
OVER_PEERS = 1.0


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(prog="make bench-peers", description=__doc__)
    add_round_flags(made, candidates=NAMES, models=MODELS)
    add_common_flags(made)
    return made


def run(options: argparse.Namespace) -> int:
    with triton_under_test() as (triton, _):
        models, targets = compare(
            options.model or MODELS, lambda model: measure(options, triton, model), targets_of
        )
    return finish("peers", options, {"models": models}, targets)


def measure(options: argparse.Namespace, triton: Triton, model: str) -> dict[str, Result]:
    with Processes() as servers:
        judge = judge_scores(expected_scores(triton, model))
        candidates: list[Candidate] = []
        for name in options.only or NAMES:
            if name == GATEWAY:
                candidates.append(gateway_candidate(servers, triton, model, judge))
            else:
                candidates.append(start_peer(servers, name, model, judge))
        return alternate(candidates, rounds=options.rounds, seconds=options.seconds, label=model)


def targets_of(results: Mapping[str, Result], limits: bool) -> list[Target]:
    """The gateway against each peer; `limits` says whether speed is asked for."""
    gateway = results.get(GATEWAY)
    if gateway is None:
        return []
    targets = []
    for name, title in TITLES.items():
        if name in results:
            quotient = ratio(rates(gateway), rates(results[name]))
            limit = OVER_PEERS if limits else None
            targets.append(
                Target.over_rounds(f"requests/s, this gateway / {title}", quotient, limit, True)
            )
    if "litserve" in results:
        beyond_ms = difference(alone_p50s_ms(gateway), alone_p50s_ms(results["litserve"]))
        limit_ms = 0 if limits else None
        title = "p50 at 1 connection, this gateway - LitServe"
        targets.append(Target.over_rounds(title, beyond_ms, limit_ms, False, " ms"))
    return [*targets, faults_target(results)]


def main() -> int:
    options = parser().parse_args()
    return run_to_the_end(lambda: run(options))


if __name__ == "__main__":
    sys.exit(main())
