"""Where the mean response time of a stage goes; the parts add up to it."""

from loadtest._analysis._findings import Breakdown
from loadtest._analysis._machine import MachineInStage
from loadtest._analysis._metrics import Metric
from loadtest._analysis._stages import Measured


def breakdown(measured: Measured, machine: MachineInStage) -> Breakdown | None:
    """Divide the mean response time; None where the gateway told none of its stages.

    Two clocks are joined: Triton's means are per request to it, in which the gateway may send
    several frames at once. A part is therefore never larger than what it is a part of. Answers
    out of the gateway's cache count, with no time in any stage.
    """
    total_ms = measured.response_ms.avg
    if not total_ms or not _told(measured):
        return None
    answers = measured.response_ms.count
    decode_ms = _per_answer(measured.decode_ms, answers)
    fit_ms = _per_answer(measured.preprocess_ms, answers)
    preprocessing_ms = min(decode_ms + fit_ms, total_ms)
    triton_ms = min(_per_answer(measured.triton_ms, answers), total_ms - preprocessing_ms)
    inference_ms, queue_ms = triton_ms, None
    if machine.infer_ms is not None and machine.queue_ms is not None:
        asked_ratio = measured.triton_ms.count / answers
        inference_ms = min(asked_ratio * machine.infer_ms, triton_ms)
        queue_ms = min(asked_ratio * machine.queue_ms, triton_ms - inference_ms)
    spent_ms = preprocessing_ms + inference_ms + (queue_ms or 0.0)
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


def _per_answer(metric: Metric, answers: int) -> float:
    """Mean over all answers, of which some have not been through this stage."""
    return 0.0 if metric.avg is None else metric.avg * metric.count / answers
