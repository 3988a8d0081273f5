"""What the answers of a whole stress run come to. Pure."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.figures import Target, percentile_or_none
from benchmarks.zoo.judging import REFUSALS_IN_FAULTS, Answer, Expected, fault_of
from benchmarks.zoo.memory import MemorySummary, memory_targets
from benchmarks.zoo.operations import Fault, Kind

# How long after a kill its consequences excuse a refusal, and within which it must have healed.
HEALING_S = 20.0
# Loads of the largest models take seconds, and a restart of Triton takes the longest.
STANDSTILL_S = 10.0
PICTURE_KINDS = frozenset({Kind.INFER, Kind.ENRICH, Kind.SHORT_DEADLINE})


@dataclass(frozen=True)
class Kill:
    """Attributes:
    what: which process, for the report.
    """

    fault: Fault
    at_s: float
    what: str


@dataclass(frozen=True)
class Healing:
    """How one kill was survived.

    Attributes:
        first_good_s: from the kill to the first picture answered of those asked for after it.
        healed_s: the same after the last refusal that only a kill explains; None: it never did.
        refusals: of those, how many.
    """

    fault: Fault
    what: str
    first_good_s: float | None
    healed_s: float | None
    refusals: int


@dataclass(frozen=True)
class Verdict:
    """Attributes:
    faults: what was wrong → answers.
    outcomes: kind of operation → status or code → answers.
    standstill_s: the longest time without any answer.
    picture_p50_s, picture_p95_s: until a picture was answered, whether or not it met its model.
    """

    answers: int
    good: int
    faults: dict[str, int]
    outcomes: dict[str, dict[str, int]]
    standstill_s: float
    picture_p50_s: float | None
    picture_p95_s: float | None
    healings: list[Healing]


def disturbed(answer: Answer, kills: Iterable[Kill]) -> bool:
    return any(
        answer.began_s <= kill.at_s + HEALING_S and answer.finished_s >= kill.at_s for kill in kills
    )


def verdict(answers: Sequence[Answer], expected: Expected, kills: Sequence[Kill]) -> Verdict:
    found = Counter(
        fault
        for one in answers
        if (fault := fault_of(one, expected, disturbed=disturbed(one, kills)))
    )
    outcomes: dict[str, Counter[str]] = {}
    for one in answers:
        for outcome in outcomes_of(one):
            outcomes.setdefault(one.operation.kind, Counter())[outcome] += 1
    pictures_s = sorted(one.latency_s for one in answers if _picture(one))
    return Verdict(
        answers=len(answers),
        good=sum(one.status == 200 for one in answers),
        faults=dict(found),
        outcomes={kind: dict(counts) for kind, counts in outcomes.items()},
        standstill_s=standstill_s(answers),
        picture_p50_s=percentile_or_none(pictures_s, 50),
        picture_p95_s=percentile_or_none(pictures_s, 95),
        healings=healings(answers, kills),
    )


def outcomes_of(answer: Answer) -> list[str]:
    """A word for the answer; of one about several models, a word for each."""
    if answer.status is None:
        return ["no answer"]
    if answer.status != 200:
        return [answer.code or str(answer.status)]
    if answer.operation.kind is Kind.ENRICH:
        return [part.get("problem", {}).get("code", "200") for part in _parts(answer)]
    return ["200"]


def standstill_s(answers: Iterable[Answer]) -> float:
    """The longest time without any answer, from the first request to the last answer."""
    answers = list(answers)
    times_s = sorted(one.finished_s for one in answers)
    begun_s = min((one.began_s for one in answers), default=0.0)
    return max(
        (after - before for before, after in zip([begun_s, *times_s], times_s, strict=False)),
        default=0.0,
    )


def healings(answers: Sequence[Answer], kills: Sequence[Kill]) -> list[Healing]:
    """Of each kill, from the answers until the next one."""
    ends_s = [*(kill.at_s for kill in kills), float("inf")][1:]
    return [
        _healing(kill, [one for one in answers if kill.at_s <= one.finished_s < end_s])
        for kill, end_s in zip(kills, ends_s, strict=True)
    ]


def _healing(kill: Kill, answers: Sequence[Answer]) -> Healing:
    hurt = [one for one in answers if _hurt(one)]
    last_s = max((one.finished_s for one in hurt), default=kill.at_s)
    good = [one for one in answers if _picture(one) and one.began_s >= kill.at_s]
    return Healing(
        kill.fault,
        kill.what,
        _first_s(good, kill),
        _first_s((one for one in good if one.finished_s >= last_s and not _hurt(one)), kill),
        len(hurt),
    )


def _first_s(answers: Iterable[Answer], kill: Kill) -> float | None:
    return min((one.finished_s - kill.at_s for one in answers), default=None)


def _picture(answer: Answer) -> bool:
    """Whether at least one model answered."""
    if answer.status != 200 or answer.operation.kind not in PICTURE_KINDS:
        return False
    return answer.operation.kind is not Kind.ENRICH or "200" in outcomes_of(answer)


def _hurt(answer: Answer) -> bool:
    """Whether only a kill explains it."""
    return answer.status is None or not REFUSALS_IN_FAULTS.keys().isdisjoint(outcomes_of(answer))


def _parts(answer: Answer) -> list[dict[str, Any]]:
    models = answer.document.get("models") if isinstance(answer.document, dict) else None
    return list(models.values()) if isinstance(models, dict) else []


def unsettled(status: Any, index: dict[str, str]) -> list[str]:
    """What is not as it must be once nobody asks for anything; nothing where all is well.

    Args:
        status: the zoo's own account of all its models.
        index: model → state in Triton's words.
    """
    found = []
    for model in status["registered_models"]:
        name, state = model["name"], model["state"]
        if (state == "ready") != (index.get(name) == "READY"):
            found.append(f"{name} is {state}, and Triton says {index.get(name, 'nothing')}")
        if state not in {"ready", "absent", "failed"}:
            found.append(f"{name} is still {state}")
        for count in ("leases", "waiting", "quarantined_mb"):
            if model[count]:
                found.append(f"{name} has {model[count]} {count}")
        if model["charged_mb"] and state != "ready":
            found.append(f"{name} is charged and {state}")
    charged_mb = sum(model["charged_mb"] for model in status["registered_models"])
    if abs(charged_mb - status["vram_used_mb"]) > 1:
        found.append(f"{status['vram_used_mb']} MB are used and {charged_mb} MB charged")
    if status["pending_loads"]:
        found.append(f"still wanted: {', '.join(status['pending_loads'])}")
    if status["triton"]:
        found.append(status["triton"])
    return found


def targets_of(
    asked: int,
    found: Verdict,
    memory: MemorySummary | None,
    unsettled: Sequence[str],
    *,
    budget_mb: int,
) -> list[Target]:
    evicted = found.faults.get("evicted while leased", 0)
    return [
        Target("requests without exactly one answer", abs(asked - found.answers), 0, False),
        Target("answers wrong, late, lost or refused without cause", _all(found), 0, False),
        Target("models evicted while leased", evicted, 0, False),
        *memory_targets(memory, budget_mb=budget_mb),
        Target("longest time without an answer", found.standstill_s, STANDSTILL_S, False, " s"),
        *(
            Target(f"healed after kill -9 of {one.fault}", one.healed_s, HEALING_S, False, " s")
            for one in found.healings
        ),
        Target("not settled at the end", len(unsettled), 0, False),
    ]


def _all(found: Verdict) -> int:
    return sum(found.faults.values())
