"""Rules that read Triton and the GPU. Each says what is waited for, or None. Pure."""

from monitor.judgement.causes import waiting
from monitor.judgement.causes.evidence import evidence, name
from monitor.judgement.causes.facts import BUSY_RATIO, FULL_PERCENT, FULL_RATIO, HEAT, Facts
from monitor.observation import Diagnosis

# Silence of a model that takes a second for a batch is no stall.
STALL_S = 4.0
# The scrape of the gateway is itself a request in flight.
STALL_IN_FLIGHT = 2
# A GPU that is slowed down and used less than this does not hold anything up.
SLOWED_PERCENT = 50.0


def stalled(facts: Facts) -> Diagnosis | None:
    for model in facts.models:
        # A stall goes on while the queue turns away who has waited too long.
        silent = model.deltas.request_count == 0 and not model.failed_count
        if silent and model.elapsed_s >= STALL_S and model.pending_least:
            sentence = (
                f"{name(model)} stands still: requests wait, and for {model.elapsed_s:.0f} s "
                "none has been answered."
            )
            return Diagnosis("stalled", sentence, evidence(facts, model))
    gateway = facts.gateway
    if gateway is None or gateway.request_count != 0 or gateway.elapsed_s < STALL_S:
        return None
    if any(model.finished_count for model in facts.models):
        return None
    if gateway.in_flight_least is None or gateway.in_flight_least < STALL_IN_FLIGHT:
        return None
    sentence = (
        "The gateway stands still: it has requests to answer, and for "
        f"{gateway.elapsed_s:.0f} s neither it nor Triton has finished one."
    )
    return Diagnosis("stalled", sentence, evidence(facts))


def gpu(facts: Facts) -> Diagnosis | None:
    percent = facts.gpu_percent
    model = next((one for one in facts.models if waiting.queued(facts, one)), None)
    if percent is None or model is None:
        return None
    if facts.slowed_by and percent >= SLOWED_PERCENT:
        reasons = ", ".join(reason for reason, _ in facts.slowed_by)
        heat = any(kind == HEAT for _, kind in facts.slowed_by)
        why = "Heat slows the GPU down" if heat else "The GPU is at its power limit"
        sentence = f"{why} ({reasons}), and requests wait for it."
    elif percent >= FULL_PERCENT:
        sentence = "The GPU is busy all the time, and requests wait for it."
    else:
        return None
    return Diagnosis("gpu_bound", sentence, evidence(facts, model))


def input_of_triton(facts: Facts) -> Diagnosis | None:
    for model in waiting.longest_first(facts):
        input_ms, compute_ms = model.input_ms, model.compute_ms
        if input_ms is None or compute_ms is None or not waiting.waits(facts, model):
            continue
        if input_ms > compute_ms / 2:
            sentence = (
                f"Requests wait for {name(model)}, which takes more time to bring its inputs "
                "together than to infer."
            )
            return Diagnosis("preprocessing_bound", sentence, evidence(facts, model))
    return None


def instances(facts: Facts) -> Diagnosis | None:
    for model in waiting.longest_first(facts):
        busy, backlog = model.busy_ratio, waiting.backlog(model)
        full = busy is not None and busy >= FULL_RATIO
        if not (full or backlog) or not waiting.waits(facts, model):
            continue
        sentence = f"Requests wait for a free instance of {name(model)}"
        if busy is not None and not full:
            sentence += f", which loses {100 - 100 * busy:.0f} % of its time between two batches"
        if facts.host_full:
            sentence += "; the machine's processors are full, so more instances would not help"
        return Diagnosis("instances_bound", f"{sentence}.", evidence(facts, model))
    return None


def idle_wait(facts: Facts) -> Diagnosis | None:
    """Waiting that no instance explains."""
    for model in waiting.longest_first(facts):
        if not waiting.waits(facts, model):
            continue
        if model.busy_ratio is None:
            sentence = (
                f"Requests wait for {name(model)}; whether for a free instance cannot be said, "
                "as it is not known how busy its instances are."
            )
            return Diagnosis("insufficient_evidence", sentence, evidence(facts, model))
        if model.busy_ratio < BUSY_RATIO and waiting.long_queue(model):
            sentence = (
                f"Requests wait for {name(model)} although its instances are mostly idle: for the "
                "batcher's delay (max_queue_delay_microseconds), or because they come in bursts."
            )
            return Diagnosis("under_driven", sentence, evidence(facts, model))
    return None
