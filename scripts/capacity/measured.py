"""What a run measured at the largest number of cameras that it carried."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from scripts.capacity.documents import Stage, Summary
from scripts.capacity.errors import CannotSay

Resource = Literal["processors", "gateway_workers", "gpus", "triton_servers"]
GATEWAY, TRITON = "gateway", "triton"
# As the load tester has it: what leaves less than a tenth of its time free is full.
FULL_PERCENT = 90.0
# Of all cores: more than a monitor takes.
OTHERS_RATIO = 0.1


@dataclass(frozen=True)
class Point:
    """One number of cameras, and the processors' time that a frame took there.

    Attributes:
        generator_cpu_s: None where it was not seen.
        processors_ratio: of all cores, by all programs.
    """

    cameras: int
    frames_per_s: float
    gateway_cpu_s: float
    triton_cpu_s: float
    generator_cpu_s: float | None
    processors_ratio: float


@dataclass(frozen=True)
class Measurement:
    """A run, reduced to its last good stage.

    Attributes:
        points: all stages that were carried, fewest cameras first; the last one is the knee.
        broke_at: cameras that were too many; None: no number was, so the knee is a lower bound.
        full: what was used up there; None without a breaking point.
        other_cores: what neither gateway, Triton nor generator used, as a number of cores.
        gpu_s: busy time of the GPUs per frame; of several the busiest counts for all. None: no GPU.
        gpu_w: of one GPU on average; None: not measured.
        frame_bytes: of a picture as it was sent.
        notes: sentences on what weakens it.
    """

    source: str
    models: tuple[str, ...]
    payloads_sha256: str
    camera: str
    interval_s: float
    cpu_model: str | None
    cores: int
    workers: int
    gpus: int
    points: tuple[Point, ...]
    broke_at: int | None
    full: Resource | None
    other_cores: float
    gpu_s: float | None
    gpu_w: float | None
    frame_bytes: float
    notes: tuple[str, ...]

    @property
    def knee(self) -> Point:
        return self.points[-1]


def measure(source: str, run: Summary) -> Measurement:
    """
    Args:
        source: what to call the run.

    Raises:
        CannotSay: with why.
    """
    if run.configuration.burst:
        raise CannotSay(f"{source} is a burst: it has no rate to plan by.")
    if run.capacity is None or run.capacity.cameras is None:
        raise CannotSay(f"{source} carried no number of cameras: there is nothing to plan by.")
    _refuse_generator(source, run)
    carried = [
        stage for stage in _loaded(run) if stage.passed and stage.users <= run.capacity.cameras
    ]
    if not carried:
        raise CannotSay(f"{source} carried its baseline alone: there is nothing to plan by.")
    points = tuple(_point(source, run, stage) for stage in sorted(carried, key=lambda s: s.users))
    knee = max(carried, key=lambda stage: stage.users)
    machine, gpus = knee.machine, len(run.hardware.gpus or ())
    if machine.host_cpu_cores is None or machine.process_counts is None:
        raise CannotSay(_no_processors(source))
    last = points[-1]
    used_cores = last.frames_per_s * (
        last.gateway_cpu_s + last.triton_cpu_s + (last.generator_cpu_s or 0.0)
    )
    other_cores = max(0.0, last.processors_ratio * machine.host_cpu_cores - used_cores)
    busy = None if machine.gpu_percent is None or not gpus else machine.gpu_percent / 100
    return Measurement(
        source=source,
        models=tuple(run.models),
        payloads_sha256=run.payloads.sha256,
        camera=run.configuration.camera,
        interval_s=run.configuration.think_time_s,
        cpu_model=run.hardware.cpu_model,
        cores=machine.host_cpu_cores,
        # All but gunicorn's parent, which does no work.
        workers=max(1, machine.process_counts.get(GATEWAY, 1) - 1),
        gpus=gpus,
        points=points,
        broke_at=run.capacity.fails_at,
        full=_full(source, run),
        other_cores=other_cores,
        gpu_s=None if busy is None else busy * gpus / last.frames_per_s,
        gpu_w=None if machine.power_w is None or not gpus else machine.power_w / gpus,
        frame_bytes=_frame_bytes(run),
        notes=_notes(run, knee, other_cores / machine.host_cpu_cores),
    )


def _loaded(run: Summary) -> list[Stage]:
    """Neither the baseline before the load nor the recovery after it."""
    return [stage for stage in run.stages if stage.kind in ("stage", "search")]


def _refuse_generator(source: str, run: Summary) -> None:
    for stage in _loaded(run):
        if _code(stage) == "generator":
            raise CannotSay(
                f"In {source} the load generator was the limit at {stage.users} cameras, so that "
                "nothing is known of the system's own: send the load with more --processes, or "
                "from another machine."
            )


def _point(source: str, run: Summary, stage: Stage) -> Point:
    machine, per_s = stage.machine, stage.achieved_per_s
    used = machine.cpu_percents or {}
    if machine.host_cpu_percent is None or not {GATEWAY, TRITON} <= used.keys() or not per_s:
        raise CannotSay(_no_processors(source))
    generator = stage.generator_cpu_percent
    return Point(
        cameras=stage.users,
        frames_per_s=per_s,
        gateway_cpu_s=used[GATEWAY] / 100 / per_s,
        triton_cpu_s=used[TRITON] / 100 / per_s,
        generator_cpu_s=None
        if generator is None
        else generator / 100 * run.configuration.processes / per_s,
        processors_ratio=machine.host_cpu_percent / 100,
    )


def _no_processors(source: str) -> str:
    return (
        f"{source} does not say what gateway and Triton took of the processors: run the load test "
        "with its monitor, on the machine that they run on."
    )


def _full(source: str, run: Summary) -> Resource | None:
    """What the first number that failed used up.

    Raises:
        CannotSay: it failed for a reason that no further machine would take away.
    """
    fails_at = run.capacity.fails_at if run.capacity is not None else None
    if fails_at is None:
        return None
    failed = next(
        (one for one in _loaded(run) if one.users == fails_at and one.passed is False), None
    )
    if failed is None:
        raise CannotSay(f"{source} has no stage with the {fails_at} cameras that were too many.")
    full = _used_up(failed)
    if full is None:
        sentence = "" if failed.cause is None else failed.cause.sentence
        raise CannotSay(
            f"In {source} {fails_at} cameras were too many, but not for want of processors, GPUs "
            f"or Triton servers ({_code(failed)}): {sentence}"
        )
    return full


def _used_up(stage: Stage) -> Resource | None:
    host, gpu = stage.machine.host_cpu_percent, stage.machine.gpu_percent
    host_full = host is not None and host >= FULL_PERCENT
    gpu_full = gpu is not None and gpu >= FULL_PERCENT
    match _code(stage):
        case "gateway_cpu" | "preprocessing":
            return "processors" if host_full else "gateway_workers"
        case "compute":
            return "processors" if host_full else "gpus" if gpu_full else "triton_servers"
        case "gpu_power" | "gpu_heat":
            return "gpus"
        case "queue":
            return "triton_servers"
        case _:
            return None


def _code(stage: Stage) -> str:
    return "unknown" if stage.cause is None else stage.cause.code


def _frame_bytes(run: Summary) -> float:
    """Of one frame's body; base64 makes four characters of three bytes."""
    mean = run.payloads.total_bytes / run.payloads.count
    return mean * 4 / 3 if "base64" in run.configuration.camera else mean


def _notes(run: Summary, knee: Stage, others_ratio: float) -> tuple[str, ...]:
    notes: Sequence[str | None] = (
        None
        if run.capacity is not None and run.capacity.fails_at is not None
        else "No number of cameras was too many: the hosts are enough, and perhaps far too many.",
        "The stage that counts was not steady."
        if knee.steadiness is not None and knee.steadiness.steady is False
        else None,
        f"Other programs took {100 * others_ratio:.0f} % of the processors: repeat it without them."
        if others_ratio > OTHERS_RATIO
        else None,
    )
    return tuple(note for note in notes if note is not None)
