"""Where the time of a stage's mean answer goes."""

from collections.abc import Mapping
from typing import Literal

from loadtest._analysis._findings import Breakdown
from loadtest._analysis._machine import MachineInStage
from loadtest._analysis._metrics import Metric
from loadtest._analysis._stages import Measured

# "triton" is waiting and computing together, where Triton's own counters are not known;
# "in_gateway" is what the gateway does beside preprocessing and Triton.
Part = Literal["before_gateway", "in_gateway", "preprocessing", "waiting", "computing", "triton"]

PART_WORDS: Mapping[Part, str] = {
    "before_gateway": "before the gateway",
    "in_gateway": "elsewhere in the gateway",
    "preprocessing": "in decoding and resizing",
    "waiting": "waiting for Triton",
    "computing": "in Triton's computation",
    "triton": "in Triton, waiting and computing together",
}


def parts_ms(measured: Measured, machine: MachineInStage | None = None) -> dict[Part, float]:
    """The mean answer in parts; those that are unknown are left out.

    Answers out of the gateway's cache count, with no time in any of its steps. A part is cut at
    0: two clocks are joined, as Triton's means are per request to it, in which the gateway may
    send several frames at once.
    """
    answers = measured.response_ms.count
    response_ms = measured.response_ms.avg
    gateway_ms = _per_answer(measured.gateway_ms, answers)
    triton_ms = _per_answer(measured.triton_ms, answers)
    steps = (measured.decode_ms, measured.preprocess_ms)
    steps_ms = sum(_per_answer(step, answers) or 0.0 for step in steps)
    parts: dict[Part, float] = {}
    if response_ms is not None and gateway_ms is not None:
        parts["before_gateway"] = max(0.0, response_ms - gateway_ms)
    if gateway_ms is not None and triton_ms is not None:
        parts["in_gateway"] = max(0.0, gateway_ms - steps_ms - triton_ms)
    if any(step.count for step in steps):
        parts["preprocessing"] = steps_ms
    if triton_ms is not None:
        if machine is None or machine.infer_ms is None or machine.queue_ms is None:
            parts["triton"] = triton_ms
        else:
            asked_ratio = measured.triton_ms.count / answers
            parts["computing"] = min(asked_ratio * machine.infer_ms, triton_ms)
            parts["waiting"] = triton_ms - parts["computing"]
    return parts


def breakdown(measured: Measured, machine: MachineInStage) -> Breakdown | None:
    """The parts as sums that make up the mean; None where the gateway told none of its steps.

    Of the wait for Triton only Triton's own queue counts as queue; the rest is the way there.
    """
    total_ms = measured.response_ms.avg
    if not total_ms or not _told(measured):
        return None
    parts = parts_ms(measured, machine)
    preprocessing_ms = min(parts.get("preprocessing", 0.0), total_ms)
    inference_ms = min(
        parts.get("computing", parts.get("triton", 0.0)), total_ms - preprocessing_ms
    )
    spent_ms = preprocessing_ms + inference_ms
    queue_ms = None
    if machine.queue_ms is not None and "waiting" in parts:
        asked_ratio = measured.triton_ms.count / measured.response_ms.count
        queue_ms = min(asked_ratio * machine.queue_ms, parts["waiting"], total_ms - spent_ms)
        spent_ms += queue_ms
    return Breakdown(
        total_ms=total_ms,
        inference_ms=inference_ms,
        queue_ms=queue_ms,
        preprocessing_ms=preprocessing_ms,
        network_and_gateway_ms=max(0.0, total_ms - spent_ms),
    )


def _told(measured: Measured) -> bool:
    """Answers that asked Triton say how long decoding and resizing took; cached ones need not."""
    if measured.triton_ms.count:
        return measured.decode_ms.count > 0 and measured.preprocess_ms.count > 0
    return measured.gateway_ms.count > 0


def _per_answer(metric: Metric, answers: int) -> float | None:
    """Mean over all answers, of which some have not been through this step."""
    return None if metric.avg is None else metric.avg * metric.count / answers
