"""`make bench`: the gateway, the kind of gateway it replaces, and Triton alone, side by side."""

import argparse
import sys
from pathlib import Path

from benchmarks import decoding, perf_analyzer, pictures
from benchmarks.comparison import MODELS, compare
from benchmarks.gateway_targets import targets_of
from benchmarks.lineup import TITLES, LineUp
from benchmarks.processes import Processes
from benchmarks.rounds import Result, alternate
from benchmarks.session import (
    add_common_flags,
    add_round_flags,
    finish,
    run_to_the_end,
    triton_under_test,
)
from benchmarks.triton import Triton
from scripts._stack import say


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(prog="make bench", description=__doc__)
    add_round_flags(made, candidates=tuple(TITLES), models=MODELS)
    add_common_flags(made)
    return made


def run(options: argparse.Namespace) -> int:
    decoding_ms = decoding.measure()
    say(decoding.table(decoding_ms) + "\n")
    with triton_under_test() as (triton, folder):
        inputs = folder / "pictures.json"
        perf_analyzer.write_pictures(pictures.pixels(), inputs)
        models, targets = compare(
            options.model or MODELS,
            lambda model: measure(options, triton, model, inputs),
            targets_of,
        )
    figures = {"decoding_ms": decoding_ms, "models": models}
    return finish("gateway", options, figures, targets)


def measure(
    options: argparse.Namespace, triton: Triton, model: str, inputs: Path
) -> dict[str, Result]:
    with Processes() as servers:
        candidates = LineUp(servers, triton, model, inputs).start(options.only or TITLES)
        return alternate(candidates, rounds=options.rounds, seconds=options.seconds, label=model)


def main() -> int:
    options = parser().parse_args()
    return run_to_the_end(lambda: run(options))


if __name__ == "__main__":
    sys.exit(main())
