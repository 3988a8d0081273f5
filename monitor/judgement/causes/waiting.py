"""Whether requests wait for a model, wherever they do. Pure."""

from monitor.judgement.causes.facts import Facts, ModelFacts

# Shorter is the way through the queue and no wait.
QUEUE_LEAST_MS = 1.0
# Of the computation: what a GPU that is free would not need.
QUEUED_RATIO = 0.25
# What waits for company is one batch at most.
BACKLOG_BATCHES = 2
# Between what a healthy system may refuse (0.1 %) and what makes it overloaded (5 %).
REFUSED_RATIO = 0.01


def queued(facts: Facts, model: ModelFacts) -> bool:
    """Anything more than the way through the queue."""
    return _queue_is(model, QUEUED_RATIO) or waits(facts, model)


def waits(facts: Facts, model: ModelFacts) -> bool:
    """For longer than the computation takes, in Triton or before it.

    A request that was turned away adds no queue time: refusals and a backlog tell of the wait
    that the mean hides.
    """
    if long_queue(model) or backlog(model):
        return True
    if model.rejected_count and model.rejected_count >= REFUSED_RATIO * (model.finished_count or 0):
        return True
    return model == busiest(facts) and (_gateway_waits(facts, model) or _gateway_refuses(facts))


def backlog(model: ModelFacts) -> bool:
    """More than the next batch waits, and at no time nothing: no instance can be free.

    An instance also needs time between two batches, in which it does not compute: a Python model
    of 11 ms on a quiet machine another 4 ms, and 24 ms where the processors are full. That is why
    instances can be the limit long before they compute all the time.
    """
    per_batch = model.requests_per_batch
    if not model.pending_least or model.pending_middle is None or per_batch is None:
        return False
    return model.pending_middle >= BACKLOG_BATCHES * per_batch


def long_queue(model: ModelFacts) -> bool:
    return _queue_is(model, 1.0)


def longest_first(facts: Facts) -> list[ModelFacts]:
    """By the time in their queues; a model before an ensemble that only hands its wait on."""
    return sorted(
        facts.models,
        key=lambda model: (
            model.busy_ratio is None,
            -(model.deltas.queue_us or 0),
            model.deltas.compute_infer_us or 0,
        ),
    )


def busiest(facts: Facts) -> ModelFacts | None:
    """The model with most work; one whose instances are known before an ensemble."""
    return max(
        (model for model in facts.models if model.finished_count),
        key=lambda model: (model.busy_ratio is not None, model.deltas.compute_infer_us or 0),
        default=None,
    )


def was_asked(facts: Facts) -> bool:
    """Whether there was any request, finished or not."""
    if facts.gateway is not None and facts.gateway.request_count:
        return True
    return any(model.finished_count or model.pending_middle for model in facts.models)


def _queue_is(model: ModelFacts, ratio: float) -> bool:
    queue_ms, compute_ms = model.deltas.queue_ms, model.compute_ms
    if queue_ms is None:
        return False
    return queue_ms >= max(QUEUE_LEAST_MS, ratio * (compute_ms or 0.0))


def _gateway_waits(facts: Facts, model: ModelFacts) -> bool:
    wait_ms, compute_ms = facts.lane_wait_ms, model.compute_ms
    if wait_ms is None or compute_ms is None:
        return False
    return wait_ms >= max(QUEUE_LEAST_MS, compute_ms)


def _gateway_refuses(facts: Facts) -> bool:
    gateway = facts.gateway
    if gateway is None or not gateway.request_count or not gateway.refused_count:
        return False
    return gateway.refused_count >= REFUSED_RATIO * gateway.request_count
