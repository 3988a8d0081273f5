"""What the system waits for: rules, of which the first that holds counts. Pure.

What stands still or is used up comes before a long wait, since the wait follows from it.
"""

from collections.abc import Callable, Sequence

from monitor.judgement.causes import of_gateway, of_triton, waiting
from monitor.judgement.causes.evidence import evidence, unknown_readings
from monitor.judgement.causes.facts import BUSY_RATIO, FULL_RATIO, Facts
from monitor.judgement.causes.gathering import gather
from monitor.observation import Diagnosis
from monitor.sample import Sample

# Long enough that a burst does not decide, short enough that what has passed is forgotten.
WINDOW_S = 8.0
# Fewer intervals are an accident; a window has them even where samples are far apart.
FEWEST_INTERVALS = 3
WINDOW_SAMPLES = FEWEST_INTERVALS + 1
# What the verdict calls overloaded.
FAILED_RATIO = 0.05


def diagnose(window: Sequence[Sample]) -> Diagnosis:
    """What the system was waiting for.

    Args:
        window: The last samples, oldest first: WINDOW_S of them, never fewer than WINDOW_SAMPLES.
    """
    facts = gather(window)
    found = (rule(facts) for rule in RULES)
    return next((one for one in found if one is not None), None) or _unclear(facts)


def _unread(facts: Facts) -> Diagnosis | None:
    if facts.interval_count >= FEWEST_INTERVALS:
        return None
    reason = facts.missing.get("triton")
    if reason is not None:
        sentence = f"Triton's counters are not known: {reason}."
    else:
        sentence = (
            f"It takes {FEWEST_INTERVALS} intervals of Triton's counters; "
            f"so far there are {facts.interval_count}."
        )
    return Diagnosis("insufficient_evidence", sentence, evidence(facts))


def _failing(facts: Facts) -> Diagnosis | None:
    """Refusals are left out: they are what load does to a system."""
    counts = [(model.failed_count, model.finished_count) for model in facts.models]
    if (gateway := facts.gateway) is not None:
        counts.append(((gateway.failure_count or 0) - gateway.refused_count, gateway.request_count))
    for failed, asked in counts:
        if asked and failed >= FAILED_RATIO * asked:
            sentence = (
                f"{failed} of {asked} requests failed for another reason than load, so what the "
                "others wait for says little."
            )
            return Diagnosis("insufficient_evidence", sentence, evidence(facts))
    return None


def _under_driven(facts: Facts) -> Diagnosis | None:
    if facts.host_full or any(waiting.waits(facts, model) for model in facts.models):
        return None
    if not waiting.was_asked(facts):
        return Diagnosis("under_driven", "No request came.", evidence(facts))
    level = _triton_use(facts)
    if level is None or level >= FULL_RATIO:
        return None
    how = "has little to do" if level < BUSY_RATIO else "keeps up"
    sentence = f"Triton {how} and nothing waits for long in it: the limit lies outside of Triton."
    return Diagnosis("under_driven", sentence, evidence(facts, waiting.busiest(facts)))


def _triton_use(facts: Facts) -> float | None:
    """Of what Triton computes with, the part that is used most; None where it is not known."""
    asked = [model for model in facts.models if model.finished_count]
    known = [model.busy_ratio for model in asked if model.busy_ratio is not None]
    if facts.gpu_percent is not None:
        known.append(facts.gpu_percent / 100)
    if known:
        return max(known)
    in_flight = [model.in_flight for model in asked if model.in_flight is not None]
    # With less than one request at a time the others' instances do not matter.
    return max(in_flight) if in_flight and sum(in_flight) < BUSY_RATIO else None


def _unclear(facts: Facts) -> Diagnosis:
    if facts.host_full:
        sentence = "The machine's processors are full; with what is not known."
    elif (_triton_use(facts) or 0.0) >= FULL_RATIO:
        sentence = "Triton is busy, yet nothing waits for long in it: more load would tell."
    else:
        unknown = unknown_readings(facts)
        told = f"; not known: {', '.join(unknown)}" if unknown else ""
        sentence = f"Nothing known is used up, and what is waited for cannot be said{told}."
    return Diagnosis("insufficient_evidence", sentence, evidence(facts, waiting.busiest(facts)))


RULES: tuple[Callable[[Facts], Diagnosis | None], ...] = (
    _unread,
    of_triton.stalled,
    of_triton.gpu,
    of_gateway.full_host,
    of_triton.input_of_triton,
    of_triton.instances,
    of_gateway.full_gateway,
    of_gateway.long_time_in_gateway,
    of_triton.idle_wait,
    _failing,
    _under_driven,
)
