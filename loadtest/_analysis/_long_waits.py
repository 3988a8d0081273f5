"""Causes that show as waiting, where nothing is used up: the longest part of an answer."""

from loadtest._analysis import _advice as advice
from loadtest._analysis._breakdown import PART_WORDS
from loadtest._analysis._findings import Cause
from loadtest._analysis._stage_facts import Facts, cause, grown

# Half of its time: below that it cannot be the gateway's CPU that keeps an answer waiting.
GATEWAY_BUSY_RATIO = 0.5
PART_GROWN_RATIO, PART_GROWN_MS = 2.0, 5.0
# One batch in the queue is company, not a queue; half of all users in it is one.
PENDING_FEW, PENDING_USERS_RATIO = 8, 0.5
# Between what a healthy stage may refuse (0.1 %) and what fails one (5 %).
REFUSED_PERCENT = 1.0
REFUSALS = (
    "HTTP 503 overloaded",
    "HTTP 503 triton_overloaded",
    "HTTP 503 no_room_for_body",
    "HTTP 504 triton_timeout",
    "HTTP 504 deadline_exceeded",
)


def refused(facts: Facts) -> Cause | None:
    percent = facts.failed_percent(*REFUSALS)
    if percent < REFUSED_PERCENT:
        return None
    return _queue(facts, f"Frames wait for Triton until {percent:.0f} % of them are turned away.")


def pending(facts: Facts) -> Cause | None:
    peak = facts.machine.pending_peak
    users = facts.result.window.users
    if peak is None or peak <= PENDING_FEW or peak < PENDING_USERS_RATIO * users:
        return None
    return _queue(facts, f"Of {users} users up to {peak} wait in Triton at once.")


def longest_part(facts: Facts) -> Cause | None:
    if not facts.parts:
        return None
    part = max(facts.parts, key=lambda name: facts.parts[name])
    most = f"Most of an answer's time passes {PART_WORDS[part]}"
    evidence = (facts.times(), facts.triton(), facts.processors(), facts.gpus())
    if part == "before_gateway":
        return _before_gateway(facts, most)
    if part == "in_gateway":
        return _in_gateway(facts, most)
    if part == "preprocessing":
        return cause("preprocessing", f"{most}.", evidence, *advice.preprocessing(facts))
    if part == "waiting":
        return _queue(facts, f"{most}.")
    if part == "computing":
        return cause(
            "compute",
            f"{most}, although no processor is full.",
            evidence,
            *advice.compute_of_one_frame(),
        )
    return None


def _queue(facts: Facts, sentence: str) -> Cause:
    evidence = (facts.times(), facts.triton(), facts.processors(), facts.failures())
    return cause("queue", sentence, evidence, *advice.queue(facts))


def _before_gateway(facts: Facts, most: str) -> Cause:
    evidence = (facts.times(), facts.processors())
    before_ms = facts.baseline_parts.get("before_gateway")
    now_ms = facts.parts["before_gateway"]
    if before_ms is None:
        sentence = f"{most}: on the network, or waiting for a free worker."
    elif grown(now_ms, before_ms, PART_GROWN_RATIO, PART_GROWN_MS):
        sentence = f"{most}, and it was not so for a single user: requests wait for a free worker."
    else:
        sentence = f"{most}, as it does for a single user: it is the network."
        return cause("before_gateway", sentence, evidence, *advice.network())
    return cause("before_gateway", sentence, evidence, *advice.before_gateway(facts))


def _in_gateway(facts: Facts, most: str) -> Cause | None:
    evidence = (facts.times(), facts.processors())
    if facts.gateway_uses(GATEWAY_BUSY_RATIO):
        return cause("gateway_cpu", f"{most}.", evidence, *advice.gateway_cpu(facts))
    if facts.gateway_cpu is not None and facts.gateway_most_cpu is not None:
        sentence = f"{most}, whose workers are idle meanwhile: pictures arrive slowly."
        return cause("before_gateway", sentence, evidence, *advice.network())
    return None
