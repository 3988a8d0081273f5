"""`make tune`: finds the batching of a model that suits this machine, and writes it as a profile.

Instances, largest batch and queue delay are searched against a latency objective, on a Triton of
its own, under the load that the gateway makes.
"""

import argparse
import json
import re
import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from loadtest._hardware import Hardware, read_hardware
from scripts._settings import read_settings
from scripts._stack import Interrupted, interruptible, say
from scripts.tuning.campaign import Campaign
from scripts.tuning.choice import choose
from scripts.tuning.config_text import read_batching, read_kind, with_header
from scripts.tuning.frames import Requests, read_inputs
from scripts.tuning.plan import USUAL_SWITCH_S, Findings, Plan
from scripts.tuning.points import Batching, Load, Measurement, TuningError
from scripts.tuning.report import (
    HEADINGS,
    as_json,
    disturbance,
    header,
    machine,
    row,
    table,
    verdict,
)
from scripts.tuning.search import BATCH_SIZES, DELAYS_US, Space, usual_instances
from scripts.tuning.trial import TrialServer

NOTHING_MEETS = 2


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
        "--objective-ms", type=_amount, default=100, help="p95 of a frame (default %(default)s)"
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
    made.add_argument("--max-points", type=_positive, default=24, help="(default %(default)s)")
    made.add_argument(
        "--rounds", type=_positive, default=3, help="of the finalists (default %(default)s)"
    )
    return made


def main(arguments: Sequence[str] | None = None) -> int:
    options = parser().parse_args(arguments)
    gateway, triton = read_settings()
    hardware = read_hardware()
    try:
        model = find_model(options.model, options.repository, triton.triton_repositories)
        config = (model / "config.pbtxt").read_text()
        plan = make_plan(options, config, hardware, gateway.workers * gateway.triton_connections)
        name = options.name or profile_name(config, hardware)
        profile = check_profile(model, name, replace=options.replace or options.dry_run)
        return run(model, config, plan, None if options.dry_run else profile, options.json)
    except TuningError as error:
        print(error, file=sys.stderr)
        return 1
    except OSError as error:
        print(f"{error.filename}: {error.strerror}", file=sys.stderr)
        return 1


def find_model(name: str, named: Path | None, configured: Sequence[Path]) -> Path:
    repositories = [named] if named else configured
    for repository in repositories:
        if (repository / name / "config.pbtxt").is_file():
            return repository / name
    searched = ", ".join(map(str, repositories))
    raise TuningError(f"There is no {name}/config.pbtxt in {searched}.")


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


def profile_name(config: str, hardware: Hardware) -> str:
    if read_kind(config) == "KIND_GPU":
        raise TuningError("This model runs on a GPU: name the profile after it with --name.")
    words = re.sub(r"[^a-z0-9]+", "-", (hardware.cpu_model or "cpu").lower()).strip("-")
    return f"{words}-{hardware.cpu_cores}-cores"


def check_profile(model: Path, name: str, *, replace: bool) -> Path:
    if not re.fullmatch(r"[\w.-]+", name):
        raise TuningError(f"{name!r} is no name for a profile: letters, digits and ._- alone.")
    profile = model / f"configs/{name}.pbtxt"
    if profile.exists() and not replace:
        raise TuningError(f"There is a {profile}: choose another --name, or say --replace.")
    return profile


def run(model: Path, config: str, plan: Plan, profile: Path | None, json_file: Path | None) -> int:
    """Search, say what was found, write it to `profile`; returns the exit code."""
    longest_s = plan.longest_s(USUAL_SWITCH_S, points=plan.most_points, finals=plan.most_finals)
    hardware, start = read_hardware(), read_batching(config)
    say(f"Tuning {model.name} on {machine(hardware)}, at most {minutes(longest_s)}.\n{HEADINGS}")
    findings, text, exit_code = Findings(), None, 0
    try:
        with interruptible(), TrialServer(model) as server:
            campaign = Campaign(server, config, plan, findings, progress)
            inputs = read_inputs(server.metadata())
            requests = Requests(model.name, inputs, largest=max(plan.space.batch_sizes))
            campaign.search(requests)
            campaign.decide(requests)
            winner = choose(findings.under(plan.load), plan.objective_ms)
            # Once more through Triton before it goes to its place.
            text = campaign.serve(winner) if winner else None
            exit_code = 0 if winner else NOTHING_MEETS
    except Interrupted as interruption:
        say(f"\nStopped by {interruption}; no profile is written. The best so far:")
        winner, text, exit_code = (
            choose(findings.under(plan.load), plan.objective_ms),
            None,
            interruption.exit_code,
        )
    say(f"\n{table(findings, plan)}\n\n{verdict(findings, plan, winner, start)}")
    if disturbed := disturbance(findings):
        say(disturbed)
    if json_file is not None:
        json_file.write_text(json.dumps(as_json(findings, plan, winner, hardware), indent=1) + "\n")
    if text is not None and winner is not None and profile is not None:
        profile.parent.mkdir(exist_ok=True)
        lines = header(findings, plan, winner, start, hardware, date.today())
        profile.write_text(with_header(text, lines))
        say(f"Written to {profile}. Use it: FRAMEGATE_TRITON_CONFIG={profile.stem} make up")
    return exit_code


def progress(batching: Batching, load: Load, measured: Measurement | None, left_s: float) -> None:
    say(f"{row(batching, load, measured)}   at most {minutes(left_s)} left")


def minutes(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"


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


if __name__ == "__main__":
    sys.exit(main())
