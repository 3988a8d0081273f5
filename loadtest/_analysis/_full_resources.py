"""Causes that show as something used up: the load generator, a processor, a GPU."""

from loadtest._analysis import _advice as advice
from loadtest._analysis._breakdown import Part
from loadtest._analysis._findings import Cause
from loadtest._analysis._stage_facts import FULL_PERCENT, Facts, cause
from loadtest._analysis._verdicts import SATURATED_PERCENT

# The gateway's workers never share the load quite evenly: one is full before they all are.
GATEWAY_FULL_RATIO = 0.85
# The users' own scheduler is late by less on a machine that keeps up.
LATE_MS = 20.0
# Even a few frames that were not sent make another load of it.
NOT_SENT = "not sent: too many open files in the load generator"
NOT_SENT_PERCENT = 1.0
HEAT = ("SW thermal slowdown", "HW thermal slowdown")
POWER = ("SW power cap", "HW power brake slowdown")


def generator(facts: Facts) -> Cause | None:
    window, cpu = facts.result.window, facts.result.generator_cpu_percent
    if not window.reached_users:
        why = f"it did not reach {window.users} users"
    elif cpu is not None and cpu >= SATURATED_PERCENT:
        why = f"its busiest process uses {cpu:.0f} % of a core"
    elif facts.failed_percent(NOT_SENT) >= NOT_SENT_PERCENT:
        why = "it has too many open files"
    elif _late(facts):
        why = f"it sends frames {facts.late_ms:.0f} ms late on average"
    else:
        return None
    return cause(
        "generator",
        f"The load generator is the limit, not the system under test: {why}.",
        (facts.times(), facts.processors(), facts.failures()),
        *advice.generator(),
    )


def _late(facts: Facts) -> bool:
    """Late by itself: a slow answer delays the next frame, too, but not while answers are quick."""
    late_ms, answer_ms, interval_ms = facts.late_ms, facts.answer_ms, facts.interval_ms
    if late_ms is None or answer_ms is None or interval_ms is None:
        return False
    return late_ms >= max(LATE_MS, answer_ms) and answer_ms < interval_ms / 2


def slowed_gpu(facts: Facts) -> Cause | None:
    reasons = facts.machine.throttled_by
    if not _gpu_full(facts) or not _triton_dominates(facts):
        return None
    evidence = (f"NVML names {', '.join(reasons)}.", facts.gpus(), facts.times())
    if any(reason in HEAT for reason in reasons):
        return cause("gpu_heat", "Heat slows the GPU down.", evidence, *advice.gpu_heat())
    if any(reason in POWER for reason in reasons):
        return cause("gpu_power", "The GPU is at its power limit.", evidence, *advice.gpu_power())
    return None


def _gpu_full(facts: Facts) -> bool:
    percent = facts.machine.gpu_percent
    return percent is not None and percent >= FULL_PERCENT


def _triton_dominates(facts: Facts) -> bool:
    triton: tuple[Part, ...] = ("waiting", "computing", "triton")
    inside_ms = sum(facts.parts.get(part, 0.0) for part in triton)
    return inside_ms >= sum(facts.parts.values()) - inside_ms


def full_host(facts: Facts) -> Cause | None:
    """On a full machine whom the answers need most is the limit, whoever waits for whom."""
    gateway, triton, other = facts.gateway_cpu, facts.triton_cpu, facts.other_cpu
    for_answers = facts.gateway_cpu_for_answers
    if not facts.host_full or gateway is None or triton is None or other is None:
        return None
    ours = max(gateway, triton) >= other
    if ours and for_answers is not None and for_answers >= triton:
        return _gateway(facts, "The machine's processors are full, most of them with the gateway")
    evidence = (facts.processors(), facts.failures(), facts.times())
    if ours:
        return cause(
            "compute",
            "The machine's processors are full, and most of what answers need is Triton's "
            "computation.",
            evidence,
            *advice.compute_on_cpu(),
        )
    takes = f"{other:.0f} % of a core, more than the gateway or Triton"
    own = facts.result.generator_cpu_percent
    if own is not None and own >= other / 2:
        return cause(
            "generator",
            f"The load generator takes the processors that the system under test needs: {takes}.",
            evidence,
            *advice.generator(),
        )
    return cause(
        "unknown",
        f"Other programs take the machine's processors: {takes}.",
        evidence,
        *advice.other_programs(),
    )


def full_gateway(facts: Facts) -> Cause | None:
    if not facts.gateway_uses(GATEWAY_FULL_RATIO):
        return None
    return _gateway(facts, "The gateway's workers are busy all the time")


def _gateway(facts: Facts, sentence: str) -> Cause:
    evidence = (facts.processors(), facts.times())
    needed, used = facts.preprocessing_cpu, facts.gateway_cpu
    if needed is not None and used is not None and needed >= used / 2:
        return cause(
            "preprocessing",
            f"{sentence}, and more than half of that is decoding and resizing pictures.",
            evidence,
            *advice.preprocessing(facts),
        )
    return cause("gateway_cpu", f"{sentence}.", evidence, *advice.gateway_cpu(facts))


def full_gpu(facts: Facts) -> Cause | None:
    if not _gpu_full(facts) or not _triton_dominates(facts):
        return None
    return cause(
        "compute",
        "The GPU is busy all the time with Triton's computation.",
        (facts.gpus(), facts.triton(), facts.times()),
        *advice.compute_on_gpu(),
    )
