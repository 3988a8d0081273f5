"""The numbers of a diagnosis as sentences; what is not known is left out. Pure."""

from monitor.judgement.causes.facts import GATEWAY, TRITON, Facts, ModelFacts
from monitor.judgement.words import ms, sentence


def evidence(facts: Facts, model: ModelFacts | None = None) -> tuple[str, ...]:
    """
    Args:
        model: The one that the diagnosis is about, if it is about one.
    """
    told = (
        *([] if model is None else [_times(model), _queue(model), _instances(model)]),
        _gpu(facts),
        _gateway_times(facts),
        _refusals(facts),
        _processors(facts),
    )
    return tuple(text for text in told if text)


def unknown_readings(facts: Facts) -> list[str]:
    """What would have helped, in words."""
    asked = [model for model in facts.models if model.finished_count]
    wanting = {
        "how busy the instances are": any(model.busy_ratio is None for model in asked),
        "the GPU": facts.gpu_percent is None,
        "the gateway's times": facts.gateway is None,
        "the gateway's CPU": GATEWAY not in facts.cpu_percents,
    }
    return [what for what, is_unknown in wanting.items() if is_unknown]


def name(model: ModelFacts) -> str:
    return model.key.model


def _times(model: ModelFacts) -> str:
    queue_ms, compute_ms = model.deltas.queue_ms, model.compute_ms
    if queue_ms is None or compute_ms is None:
        return ""
    return (
        f"A request to {name(model)} waits {ms(queue_ms)} in Triton's queue and is computed in "
        f"{ms(compute_ms)}."
    )


def _queue(model: ModelFacts) -> str:
    told = []
    if model.pending_middle is not None:
        told.append(f"{_count(model.pending_middle, 'request')} pending (median)")
    if model.finished_count is not None and model.elapsed_s > 0:
        told.append(f"{model.finished_count} finished in {model.elapsed_s:.1f} s")
    if (batch := model.deltas.batch_size) is not None:
        told.append(f"a batch has {batch:.1f} on average")
    return sentence(told)


def _instances(model: ModelFacts) -> str:
    if model.busy_ratio is None:
        return ""
    return f"Its instances compute {100 * model.busy_ratio:.0f} % of the time."


def _gpu(facts: Facts) -> str:
    return "" if facts.gpu_percent is None else f"The GPU is {facts.gpu_percent:.0f} % busy."


def _gateway_times(facts: Facts) -> str:
    gateway = facts.gateway
    if gateway is None or gateway.total_ms is None:
        return ""
    told = []
    if gateway.preprocessing_ms is not None:
        told.append(f"{ms(gateway.preprocessing_ms)} decoding and resizing")
    if gateway.triton_ms is not None:
        told.append(f"{ms(gateway.triton_ms)} waiting for Triton")
    parts = f": {', '.join(told)}" if told else ""
    return f"An answer takes the gateway {ms(gateway.total_ms)}{parts}."


def _refusals(facts: Facts) -> str:
    told = []
    if rejected := max((model.rejected_count for model in facts.models), default=0):
        told.append(f"Triton turned {rejected} requests away")
    if facts.gateway is not None and facts.gateway.refused_count:
        told.append(f"the gateway turned {facts.gateway.refused_count} requests away")
    return sentence(told)


def _processors(facts: Facts) -> str:
    told = []
    if (gateway := facts.cpu_percents.get(GATEWAY)) is not None:
        workers = "" if facts.workers is None else f" with {_count(facts.workers, 'worker')}"
        told.append(f"the gateway uses {gateway:.0f} % of a core{workers}")
    if (triton := facts.cpu_percents.get(TRITON)) is not None:
        told.append(f"Triton uses {triton:.0f} % of a core")
    if facts.host_cpu_percent is not None:
        told.append(f"the machine's processors are {facts.host_cpu_percent:.0f} % busy")
    return sentence(told)


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
