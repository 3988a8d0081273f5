"""`make bench`: the gateway, the kind of gateway it replaces, and Triton alone, side by side."""

import argparse
import statistics
import sys
import time
from pathlib import Path

from backend import images
from benchmarks import perf_analyzer, pictures
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

DECODES = 50
SIDE_PIXELS = 352


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(prog="make bench", description=__doc__)
    add_round_flags(made, candidates=tuple(TITLES), models=MODELS)
    add_common_flags(made)
    return made


def run(options: argparse.Namespace) -> int:
    decode_ms = time_decode()
    say(f"decode and resize of a 1280x720 JPEG: {decode_ms:.2f} ms\n")
    with triton_under_test() as (triton, folder):
        inputs = folder / "pictures.json"
        perf_analyzer.write_pictures(pictures.pixels(), inputs)
        models, targets = compare(
            options.model or MODELS,
            lambda model: measure(options, triton, model, inputs),
            targets_of,
        )
    figures = {"decode_1280x720_ms": decode_ms, "models": models}
    return finish("gateway", options, figures, targets)


def measure(
    options: argparse.Namespace, triton: Triton, model: str, inputs: Path
) -> dict[str, Result]:
    with Processes() as servers:
        candidates = LineUp(servers, triton, model, inputs).start(options.only or TITLES)
        return alternate(candidates, rounds=options.rounds, seconds=options.seconds, label=model)


def time_decode() -> float:
    """Milliseconds from the file of a large picture to the pixels that the model takes; median."""
    file = pictures.large_file()
    taken_ms = []
    for _ in range(DECODES):
        started_s = time.perf_counter()
        encoded = images.inspect(file, max_pixels=1280 * 720)
        images.fit_square(images.decode(encoded, side=SIDE_PIXELS), SIDE_PIXELS)
        taken_ms.append((time.perf_counter() - started_s) * 1000)
    return statistics.median(taken_ms)


def main() -> int:
    options = parser().parse_args()
    return run_to_the_end(lambda: run(options))


if __name__ == "__main__":
    sys.exit(main())
