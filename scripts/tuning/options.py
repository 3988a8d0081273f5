"""The arguments of `make tune`, and the plan that they ask for."""

import argparse
from pathlib import Path

from loadtest._analysis._hardware import Hardware
from scripts.tuning.config_text import read_batching, read_kind
from scripts.tuning.plan import Plan
from scripts.tuning.points import Load
from scripts.tuning.search import BATCH_SIZES, DELAYS_US, Space, usual_instances


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="make tune",
        description="Find instances, max_batch_size and max_queue_delay_microseconds of a model on "
        "this machine: the most frames per second whose p95 meets the objective. The winner "
        "becomes <model>/configs/<name>.pbtxt; config.pbtxt stays as it is.",
        epilog="Exit codes: 0 found, 2 nothing meets the objective (or wrong arguments), 1 Triton "
        "did not start or died, 130 or 143 stopped by Ctrl-C or SIGTERM.",
    )
    made.add_argument("--model", default="capture_quality", help="(default %(default)s)")
    made.add_argument(
        "--repository", type=Path, metavar="DIR", help="default: FRAMEGATE_TRITON_REPOSITORIES"
    )
    made.add_argument("--name", help="of the profile (default: after the CPU, as epyc-2-cores)")
    made.add_argument("--replace", action="store_true", help="write over a profile of that name")
    made.add_argument("--dry-run", action="store_true", help="write no profile")
    made.add_argument("--json", type=Path, metavar="FILE", help="write all figures there")
    made.add_argument(
        "--objective-ms",
        type=_amount,
        default=100,
        metavar="MS",
        help="p95 of a frame (default %(default)s)",
    )
    made.add_argument(
        "--in-flight", type=_positive, default=16, metavar="FRAMES", help="(default %(default)s)"
    )
    made.add_argument("--instances", type=_counts, metavar="N,N,…", help="counts to try")
    made.add_argument(
        "--batch-sizes", type=_counts, default=BATCH_SIZES, metavar="N,N,…", help="sizes to try"
    )
    made.add_argument(
        "--delays-us", type=_delays, default=DELAYS_US, metavar="N,N,…", help="delays to try"
    )
    made.add_argument(
        "--seconds-per-point", type=_amount, default=3, metavar="SECONDS", help="(default 3)"
    )
    made.add_argument(
        "--max-points", type=_positive, default=24, metavar="N", help="(default %(default)s)"
    )
    made.add_argument(
        "--rounds",
        type=_positive,
        default=3,
        metavar="N",
        help="of the finalists (default %(default)s)",
    )
    return made


def make_plan(
    options: argparse.Namespace, config: str, hardware: Hardware, connections: int
) -> Plan:
    frames = options.in_flight
    load = Load(connections, frames)
    # Beside what decides: one camera alone, a few, and as many without a gateway between.
    alone = (Load(count, count) for count in (1, min(4, frames), frames))
    space = Space(
        instances=options.instances or usual_instances(read_kind(config), hardware.cpu_cores or 1),
        batch_sizes=tuple(options.batch_sizes),
        delays_us=tuple(options.delays_us),
    )
    return Plan(
        objective_ms=options.objective_ms,
        load=load,
        loads=tuple(dict.fromkeys((load, *alone))),
        space=space.including(read_batching(config)),
        seconds_per_point=options.seconds_per_point,
        max_points=options.max_points,
        rounds=options.rounds,
    )


def _positive(text: str) -> int:
    if (number := int(text)) < 1:
        raise argparse.ArgumentTypeError(f"{text} is less than 1")
    return number


def _amount(text: str) -> float:
    if not 0 < (number := float(text)) < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} is not above 0")
    return number


def _counts(text: str) -> tuple[int, ...]:
    return tuple(sorted({_positive(part) for part in text.split(",")}))


def _delays(text: str) -> tuple[int, ...]:
    delays_us = tuple(sorted({int(part) for part in text.split(",")}))
    if delays_us[0] < 0:
        raise argparse.ArgumentTypeError("a delay is 0 or more")
    return delays_us
