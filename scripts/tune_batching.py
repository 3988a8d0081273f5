"""`make tune`: finds the batching of a model that suits this machine, and writes it as a profile.

Instances, largest batch and queue delay are searched against a latency objective, on a Triton of
its own, under the load that the gateway makes.
"""

import json
import re
import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from loadtest._analysis._hardware import Hardware, read_hardware
from scripts._settings import read_settings
from scripts._stack import Interrupted, interruptible, say
from scripts.tuning.campaign import Campaign
from scripts.tuning.choice import choose
from scripts.tuning.config_text import read_batching, read_kind, with_batching, with_header
from scripts.tuning.frames import Requests, read_inputs
from scripts.tuning.options import make_plan, parser
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
from scripts.tuning.trial import TrialServer

NOTHING_MEETS = 2


def main(arguments: Sequence[str] | None = None) -> int:
    options = parser().parse_args(arguments)
    gateway, triton = read_settings()
    hardware = read_hardware()
    try:
        model = find_model(options.model, options.repository, triton.triton_repositories)
        config = (model / "config.pbtxt").read_text()
        plan = make_plan(options, config, hardware, gateway.workers * gateway.triton_connections)
        profile = None
        if not options.dry_run:
            name = options.name or profile_name(config, hardware)
            profile = check_profile(model, name, replace=options.replace)
        return run(model, config, plan, hardware, profile=profile, figures=options.json)
    except (TuningError, OSError) as error:
        print(error, file=sys.stderr)
        return 1


def find_model(name: str, named: Path | None, configured: Sequence[Path]) -> Path:
    repositories = [named] if named else configured
    for repository in repositories:
        if (repository / name / "config.pbtxt").is_file():
            return repository / name
    searched = ", ".join(map(str, repositories))
    raise TuningError(f"There is no {name}/config.pbtxt in {searched}.")


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


def run(
    model: Path,
    config: str,
    plan: Plan,
    hardware: Hardware,
    *,
    profile: Path | None,
    figures: Path | None,
) -> int:
    """Search, say what was found, write it where asked to; returns the exit code."""
    longest_s = plan.longest_s(USUAL_SWITCH_S, points=plan.most_points, finals=plan.most_finals)
    say(f"Tuning {model.name} on {machine(hardware)}, at most {minutes(longest_s)}.\n{HEADINGS}")
    start, findings, stopped = read_batching(config), Findings(), None
    try:
        with interruptible(), TrialServer(model) as server:
            search(server, model.name, config, plan, findings)
    except Interrupted as interruption:
        say(f"\nStopped by {interruption}; no profile is written. The best so far:")
        stopped = interruption
    winner = choose(findings.under(plan.load), plan.objective_ms)
    say(f"\n{table(findings, plan)}\n\n{verdict(findings, plan, winner, start)}")
    if disturbed := disturbance(findings):
        say(disturbed)
    if figures is not None:
        figures.write_text(json.dumps(as_json(findings, plan, winner, hardware), indent=1) + "\n")
    if stopped is not None:
        return stopped.exit_code
    if winner is None:
        return NOTHING_MEETS
    if profile is not None:
        lines = header(findings, plan, winner, start, hardware, date.today())
        profile.parent.mkdir(exist_ok=True)
        profile.write_text(with_header(with_batching(config, winner), lines))
        say(f"Written to {profile}. Use it: FRAMEGATE_TRITON_CONFIG={profile.stem} make up")
    return 0


def search(server: TrialServer, model: str, config: str, plan: Plan, findings: Findings) -> None:
    """Every measurement; what wins has been served by Triton more than once."""
    campaign = Campaign(server, config, plan, findings, progress)
    inputs = read_inputs(server.metadata())
    requests = Requests(model, inputs, largest=max(plan.space.batch_sizes))
    campaign.search(requests)
    campaign.decide(requests)


def progress(batching: Batching, load: Load, measured: Measurement | None, left_s: float) -> None:
    say(f"{row(batching, load, measured)}   at most {minutes(left_s)} left")


def minutes(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"


if __name__ == "__main__":
    sys.exit(main())
