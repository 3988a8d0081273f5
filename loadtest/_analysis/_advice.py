"""What to do about a cause, most promising first, in terms of this project's settings."""

from loadtest._analysis._stage_facts import Facts

_SMALLER_PICTURES = (
    "Send smaller pictures: one of 352 × 352 pixels needs no resizing and decodes soonest."
)
_TUNE = "Let `make tune` find instances, batch size and delay for this machine."
_MORE_TRITONS = "Spread the frames over several Tritons with FRAMEGATE_TRITON_URLS."
_GENERATOR_ELSEWHERE = "Run the load generator on another machine than the gateway and Triton."

_BY_HAND = (
    "By hand, in triton_models/*/configs/: a larger count in instance_group while processors or "
    "GPU have room, a larger max_batch_size, a shorter max_queue_delay_microseconds."
)
_CONNECTIONS = (
    "Raise FRAMEGATE_TRITON_CONNECTIONS: frames wait in the gateway, not in Triton's own queue."
)
_IN_FLIGHT = (
    "A larger FRAMEGATE_MAX_IN_FLIGHT refuses fewer frames and lets them wait longer; it makes "
    "nothing faster."
)

_MONITOR = (
    "Run with the monitor, and let it reach Triton's metrics (FRAMEGATE_TRITON_HOST, "
    "FRAMEGATE_TRITON_METRICS_PORT): they tell waiting from computing."
)
_PROCESSES = (
    "Run the load tester where the gateway and Triton run, as a user who may see their processes: "
    "their CPU is not known."
)
_FAILURES = "Look at the failures first: the gateway's log names their reasons."
_BASELINE = "Measure a single user first: without that nothing shows what has grown."


def generator() -> tuple[str, ...]:
    return ("Give the load generator more processes with --processes.", _GENERATOR_ELSEWHERE)


def rate_limit() -> tuple[str, ...]:
    return ("Leave FRAMEGATE_RATE_LIMIT empty while load is tested: all users are one caller.",)


def failures() -> tuple[str, ...]:
    return (_FAILURES,)


def other_programs() -> tuple[str, ...]:
    return ("End the other programs on this machine and measure again.", _GENERATOR_ELSEWHERE)


def gpu_heat() -> tuple[str, ...]:
    return (
        "Cool the GPU better: air flow, fans, dust.",
        "A lower power limit (nvidia-smi --power-limit) keeps it cooler and its clocks steady.",
        _MORE_TRITONS,
    )


def gpu_power() -> tuple[str, ...]:
    return (
        "Raise the GPU's power limit (nvidia-smi --power-limit) if supply and cooling allow it.",
        _TUNE,
        _MORE_TRITONS,
    )


def before_gateway(facts: Facts) -> tuple[str, ...]:
    return (*_more_workers(facts), *network())


def network() -> tuple[str, ...]:
    return ("Look at the network between the cameras and the gateway.", _SMALLER_PICTURES)


def gateway_cpu(facts: Facts) -> tuple[str, ...]:
    return (*_more_workers(facts), _SMALLER_PICTURES)


def preprocessing(facts: Facts) -> tuple[str, ...]:
    return (_SMALLER_PICTURES, *_more_workers(facts))


def _more_workers(facts: Facts) -> tuple[str, ...]:
    elsewhere = (
        "Give the gateway more cores, or a machine apart from Triton (FRAMEGATE_TRITON_URLS) and "
        "from the load generator."
    )
    if facts.host_full:
        return (elsewhere,)
    now = "" if facts.workers is None else f" from {facts.workers}"
    host = facts.machine.host_cpu_percent
    room = "" if host is None else f": the machine is {100 - host:.0f} % idle"
    return (f"Raise FRAMEGATE_WORKERS{now}{room}.", elsewhere)


def queue(facts: Facts) -> tuple[str, ...]:
    waiting_ms, queue_ms = facts.parts.get("waiting"), facts.machine.queue_ms
    # Twice: the way there and back is part of the waiting, too.
    outside = waiting_ms is not None and queue_ms is not None and waiting_ms > 2 * queue_ms
    return (_TUNE, _BY_HAND, *((_CONNECTIONS,) if outside else ()), _MORE_TRITONS, _IN_FLIGHT)


def compute_on_cpu() -> tuple[str, ...]:
    return (
        "Give Triton more cores, or a machine of its own: FRAMEGATE_TRITON_URLS.",
        _GENERATOR_ELSEWHERE,
        _TUNE,
    )


def compute_on_gpu() -> tuple[str, ...]:
    return (_TUNE, _MORE_TRITONS, "Serve the model in a lower precision, or a smaller model.")


def compute_of_one_frame() -> tuple[str, ...]:
    return (
        "Serve the model in a lower precision, or a smaller model: one inference takes this long.",
        _TUNE,
        "A smaller max_batch_size, where large batches take long.",
    )


def unknown(facts: Facts) -> tuple[str, ...]:
    """What has to be known to say more."""
    machine, measured = facts.machine, facts.result.measured
    wanted = (
        (not measured.successful, _FAILURES),
        (machine.infer_ms is None, _MONITOR),
        (facts.gateway_cpu is None or facts.triton_cpu is None, _PROCESSES),
        (facts.baseline is None, _BASELINE),
    )
    return tuple(text for missing, text in wanted if missing)
