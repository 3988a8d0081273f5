"""What limits a stage: rules from the surest to the vaguest, of which the first that holds counts.

Something that is used up comes before a long wait, since the wait follows from it.
"""

from collections.abc import Callable

from loadtest._analysis import _advice as advice
from loadtest._analysis import _full_resources, _long_waits
from loadtest._analysis._breakdown import parts_ms
from loadtest._analysis._findings import Cause
from loadtest._analysis._machine import MachineInStage
from loadtest._analysis._stage_facts import GATEWAY, Facts, cause, grown
from loadtest._analysis._stages import Measured, StageResult
from loadtest._analysis._verdicts import PASS_SUCCESS_PERCENT

# More than noise, and felt: against a single user.
SLOWED_RATIO, SLOWED_MS = 3.0, 50.0
RATE_LIMITED = "HTTP 429 rate_limited"
# Failures that are what load does to a system; any other has a reason of its own.
OF_LOAD = (
    *_long_waits.REFUSALS,
    _full_resources.NOT_SENT,
    "no answer: timed out",
    "no answer: connection reset",
)


def find_cause(
    result: StageResult,
    machine: MachineInStage,
    level: str,
    *,
    baseline: Measured | None,
) -> Cause:
    """The one thing that limits a stage, as far as the numbers say.

    Args:
        level: The stage's verdict.
        baseline: The requests of a single user before all load.
    """
    facts = Facts(
        result=result,
        machine=machine,
        level=level,
        workers=_workers(machine),
        parts=parts_ms(result.measured, machine),
        baseline=baseline,
        baseline_parts=parts_ms(baseline) if baseline is not None else {},
    )
    found = (rule(facts) for rule in RULES)
    return next((one for one in found if one is not None), None) or _unknown(facts)


def _workers(machine: MachineInStage) -> int | None:
    """All but gunicorn's parent, which does no work; a single process is its own worker."""
    count = machine.process_counts.get(GATEWAY)
    return None if count is None else max(1, count - 1)


def _nothing(facts: Facts) -> Cause | None:
    if not facts.result.measured.requests or _slowed(facts):
        return None
    calm = facts.baseline is not None and not facts.result.measured.failed
    if facts.level == "healthy" or (facts.level == "inconclusive" and calm):
        return cause("none", "Nothing limits this stage.", (facts.times(),))
    return None


def _slowed(facts: Facts) -> bool:
    before_ms = facts.baseline.response_ms.avg if facts.baseline is not None else None
    if before_ms is None or facts.answer_ms is None:
        return False
    return grown(facts.answer_ms, before_ms, SLOWED_RATIO, SLOWED_MS)


def _failed(facts: Facts) -> Cause | None:
    """Enough to fail the stage, and not by load: what the others waited for hardly matters."""
    percent = facts.failed_percent() - facts.failed_percent(*OF_LOAD)
    if percent < 100 - PASS_SUCCESS_PERCENT:
        return None
    if facts.failed_percent(RATE_LIMITED) >= percent / 2:
        return cause(
            "unknown",
            "The gateway's rate limit turned frames away before they were any load.",
            (facts.failures(),),
            *advice.rate_limit(),
        )
    return cause(
        "unknown",
        f"Frames failed for another reason than load: {percent:.0f} % of them.",
        (facts.failures(), facts.times()),
        *advice.failures(),
    )


def _unknown(facts: Facts) -> Cause:
    evidence = (facts.times(), facts.triton(), facts.processors(), facts.gpus(), facts.failures())
    if not facts.result.measured.requests:
        sentence = "No request was answered within the stage, so nothing can be said of it."
    elif not facts.result.measured.successful:
        sentence = "No request succeeded, so there are no times to compare."
    else:
        sentence = "What limits this stage cannot be said from what was measured."
    return cause("unknown", sentence, evidence, *advice.unknown(facts))


RULES: tuple[Callable[[Facts], Cause | None], ...] = (
    _full_resources.generator,
    _nothing,
    _failed,
    _full_resources.slowed_gpu,
    _full_resources.full_host,
    _full_resources.full_gateway,
    _full_resources.full_gpu,
    _long_waits.refused,
    _long_waits.pending,
    _long_waits.longest_part,
)
