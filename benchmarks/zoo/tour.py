"""Every model in turn, within a budget that holds only some of them."""

import argparse
import dataclasses
import time
from dataclasses import dataclass

from benchmarks import pictures
from benchmarks.figures import Target
from benchmarks.rounds import progress
from benchmarks.tables import aligned
from benchmarks.zoo.client import Client
from benchmarks.zoo.memory import memory_targets, sampling, summary
from benchmarks.zoo.operations import Kind, Operation
from benchmarks.zoo.part import Part
from benchmarks.zoo.system import System, Zoo

WARM_REQUESTS = 5
BUSY_TRIES = 20


@dataclass(frozen=True)
class Visit:
    """Attributes:
    status: of the last answer.
    cold_s: with the load, and the eviction of what had to go.
    warm_ms: the median once it was resident.
    memory_mb: the most its processes held.
    why: it did not answer.
    """

    name: str
    status: int | None
    weights: str | None
    cold_s: float | None
    warm_ms: float | None
    estimate_mb: int
    memory_mb: float | None = None
    why: str | None = None


def measure(zoo: Zoo, system: System, options: argparse.Namespace) -> Part:
    models = zoo.models()
    client = Client(system.doors, pictures.files())
    with sampling(system.repository, zoo.folder / "tour.jsonl") as samples:
        visits = [visit(client, model.name, model.size_mb) for model in models]
    client.close()
    memory = summary(samples, budget_mb=options.budget_mb)
    most_mb = memory.most_mb_by_model if memory else {}
    visits = [dataclasses.replace(one, memory_mb=most_mb.get(one.name)) for one in visits]
    served = sum(one.status == 200 for one in visits)
    together_mb = sum(model.size_mb for model in models)
    text = f"Tour: {len(models)} models of {together_mb} MB in {options.budget_mb} MB\n"
    targets = [
        Target("models served in turn", served, len(models), True),
        *memory_targets(memory, budget_mb=options.budget_mb),
    ]
    figures = {
        "models": [dataclasses.asdict(one) for one in visits],
        "memory": memory and dataclasses.asdict(memory),
    }
    return Part(text + table(visits), targets, figures)


def visit(client: Client, name: str, estimate_mb: int) -> Visit:
    """Ask one model until it has answered, then some times more."""
    progress(f"tour: {name}")
    operation = Operation(0, Kind.INFER, (name,))
    for _ in range(BUSY_TRIES):
        answer = client.ask(operation)
        if answer.code != "zoo_busy":
            break
        time.sleep(0.5)
    if answer.status != 200:
        why = answer.error or answer.document["detail"]
        return Visit(name, answer.status, None, None, None, estimate_mb, why=why)
    warm = [client.ask(operation) for _ in range(WARM_REQUESTS)]
    warm_s = sorted(one.latency_s for one in warm if one.status == 200)
    return Visit(
        name,
        200,
        answer.document["model"]["weights"],
        answer.latency_s,
        warm_s[len(warm_s) // 2] * 1000 if warm_s else None,
        estimate_mb,
    )


def table(visits: list[Visit]) -> str:
    def shown(value: float | None, digits: int) -> str:
        return "-" if value is None else f"{value:.{digits}f}"

    rows = [
        [
            one.name,
            str(one.status or "none"),
            shown(one.cold_s, 2),
            shown(one.warm_ms, 1),
            str(one.estimate_mb),
            shown(one.memory_mb, 0),
        ]
        for one in visits
    ]
    header = ["", "status", "cold s", "warm ms", "estimate MB", "memory MB"]
    reasons = [f"{one.name}: {one.why}" for one in visits if one.why]
    return "\n".join([aligned([header, *rows]), *reasons])
