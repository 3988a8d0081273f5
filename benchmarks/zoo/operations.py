"""What the clients of a stress run ask for, drawn from a seed. Pure."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

DEADLINE_MS = 30_000
SHORT_DEADLINE_MS = 40
# Of the budget, what may be pinned: however pins and unpins overtake one another, the rest is free.
PINNED_RATIO = 0.1
DIRECT_RATIO = 0.2
PROMPTS_RATIO = 0.3
PROMPTS = ("a red car", "a person with a bag")
UNKNOWN = "no-such-model"
ENRICH_MODELS = (2, 4)
PICTURES = 3


class Kind(StrEnum):
    INFER = "infer"
    ENRICH = "enrich"
    LOAD = "load"
    UNLOAD = "unload"
    PIN = "pin"
    UNPIN = "unpin"
    PLAN = "plan"
    STATUS = "status"
    UNKNOWN_MODEL = "unknown model"
    SHORT_DEADLINE = "short deadline"
    BROKEN_PICTURE = "broken picture"


# Of a hundred operations.
SHARES: Mapping[Kind, int] = {
    Kind.INFER: 56,
    Kind.ENRICH: 12,
    Kind.LOAD: 5,
    Kind.UNLOAD: 5,
    Kind.PIN: 2,
    Kind.UNPIN: 3,
    Kind.PLAN: 4,
    Kind.STATUS: 4,
    Kind.UNKNOWN_MODEL: 2,
    Kind.SHORT_DEADLINE: 4,
    Kind.BROKEN_PICTURE: 3,
}


@dataclass(frozen=True)
class BenchModel:
    """What the generator has to know of a model.

    Attributes:
        takes_prompts: and answers by them.
    """

    name: str
    size_mb: int
    takes_prompts: bool = False


@dataclass(frozen=True)
class Operation:
    """One request.

    Attributes:
        models: as many as it names; none for the status of all.
        picture: number of the picture that is sent.
        direct: to the zoo's own port, not through the gateway.
    """

    number: int
    kind: Kind
    models: tuple[str, ...]
    picture: int = 0
    prompts: tuple[str, ...] = ()
    direct: bool = False
    deadline_ms: int = DEADLINE_MS

    @property
    def request_id(self) -> str:
        return f"bench-{self.number}"


def operations(
    models: Sequence[BenchModel], *, count: int, budget_mb: int, seed: int
) -> list[Operation]:
    """That many operations, the same for the same seed.

    Models are drawn alike whatever their size, so that with a budget for a part of them most
    requests meet a model that is not resident. Pins stay within PINNED_RATIO of the budget.
    """
    drawn = random.Random(seed)
    kinds, weights = list(SHARES), list(SHARES.values())
    pinnable = _pinnable(models, budget_mb)
    made = []
    for number in range(count):
        kind = drawn.choices(kinds, weights)[0]
        if kind in {Kind.PIN, Kind.UNPIN} and not pinnable:
            kind = Kind.PLAN
        chosen = _models_for(kind, models, pinnable, drawn)
        takes_prompts = kind in {Kind.INFER, Kind.ENRICH} and any(
            model.takes_prompts for model in chosen
        )
        made.append(
            Operation(
                number,
                kind,
                (UNKNOWN,) if kind is Kind.UNKNOWN_MODEL else tuple(model.name for model in chosen),
                picture=drawn.randrange(PICTURES),
                prompts=PROMPTS if takes_prompts and drawn.random() < PROMPTS_RATIO else (),
                direct=drawn.random() < DIRECT_RATIO,
                deadline_ms=SHORT_DEADLINE_MS if kind is Kind.SHORT_DEADLINE else DEADLINE_MS,
            )
        )
    return made


def _models_for(
    kind: Kind,
    models: Sequence[BenchModel],
    pinnable: Sequence[BenchModel],
    drawn: random.Random,
) -> list[BenchModel]:
    if kind in {Kind.STATUS, Kind.UNKNOWN_MODEL}:
        return []
    if kind in {Kind.PIN, Kind.UNPIN}:
        return [drawn.choice(pinnable)]
    if kind is Kind.ENRICH:
        least, most = ENRICH_MODELS
        return drawn.sample(models, min(len(models), drawn.randint(least, most)))
    return [drawn.choice(models)]


def _pinnable(models: Sequence[BenchModel], budget_mb: int) -> list[BenchModel]:
    """The smallest ones, as many as may be pinned at once."""
    chosen: list[BenchModel] = []
    for model in sorted(models, key=lambda one: one.size_mb):
        if sum(one.size_mb for one in [*chosen, model]) > PINNED_RATIO * budget_mb:
            break
        chosen.append(model)
    return chosen


class Fault(StrEnum):
    """What is killed outright."""

    MODEL = "a model's process"
    TRITON = "Triton"
    WORKER = "the zoo's worker"
    MASTER = "the zoo's master"


def fault_points(faults: Sequence[Fault], count: int) -> dict[int, Fault]:
    """After how many answers each fault comes: evenly over the second half.

    In the first one nothing excuses a refusal that only a kill explains.
    """
    half = count // 2
    return {
        half + half * place // (len(faults) + 1): fault
        for place, fault in enumerate(faults, start=1)
    }
