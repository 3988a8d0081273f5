"""The service demand law: what a frame takes of each resource, and how full each may get.

Utilisation = frames per second × demand per frame ÷ amount. How full a resource may get before
p95 misses its objective is what queueing theory would have to be asked for; here the run was: at
the knee, the largest number of cameras that met the objectives, that share was in use.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from scripts.capacity.errors import CannotSay
from scripts.capacity.measured import Measurement, Resource

# knee: it was used up at the next larger number of cameras.
# shown: it was not, and it still met the objectives at this utilisation.
# assumed: it never was as full as what was asked for.
Origin = Literal["knee", "shown", "assumed"]


@dataclass(frozen=True)
class Limit:
    """How full a resource may get, 0 to 1, and how that is known."""

    ratio: float
    origin: Origin


@dataclass(frozen=True)
class Law:
    """Seconds of each resource that one frame takes, and the limits.

    Attributes:
        generator_cpu_s: None where it was not seen.
        gpu_s: None without a GPU.
        triton_server_s: of one Triton as it was configured; None where it was not the limit.
        lower_bound: nothing was used up, so that more might fit.
    """

    gateway_cpu_s: float
    triton_cpu_s: float
    generator_cpu_s: float | None
    gpu_s: float | None
    triton_server_s: float | None
    limits: Mapping[Resource, Limit]
    lower_bound: bool


def law(runs: Sequence[Measurement], assumed_ratio: float) -> Law:
    """Of several runs the greatest demand and the lowest limit; a breaking point beats none.

    Raises:
        CannotSay: they measured different things.
    """
    refuse_mixture(runs)
    counted = [run for run in runs if run.broke_at is not None] or list(runs)
    lower_bound = counted[0].broke_at is None
    servers = [1 / run.knee.frames_per_s for run in counted if run.full == "triton_servers"]
    floor = 0.0 if lower_bound else assumed_ratio
    return Law(
        gateway_cpu_s=max(run.knee.gateway_cpu_s for run in counted),
        triton_cpu_s=max(run.knee.triton_cpu_s for run in counted),
        generator_cpu_s=_largest([run.knee.generator_cpu_s for run in counted]),
        gpu_s=_largest([run.gpu_s for run in counted]),
        triton_server_s=max(servers, default=None),
        limits={
            "processors": _limit("processors", counted, floor),
            "gateway_workers": _limit("gateway_workers", counted, floor),
            "gpus": _limit("gpus", counted, floor),
            # Its demand already is one over what it carried.
            "triton_servers": Limit(1.0, "knee"),
        },
        lower_bound=lower_bound,
    )


def utilisation(run: Measurement, resource: Resource) -> float | None:
    """At the knee; None where it is not known."""
    match resource:
        case "processors":
            return run.knee.processors_ratio
        case "gateway_workers":
            used_cores = run.knee.frames_per_s * run.knee.gateway_cpu_s
            return used_cores / min(run.workers, run.cores)
        case "gpus":
            return None if run.gpu_s is None else run.knee.frames_per_s * run.gpu_s / run.gpus
        case "triton_servers":
            return 1.0 if run.full == "triton_servers" else None


def asked(resource: Resource, demands: Law) -> bool:
    """Whether a frame takes any of it, as far as is known."""
    match resource:
        case "gpus":
            return bool(demands.gpu_s)
        case "triton_servers":
            return demands.triton_server_s is not None
        case _:
            return True


def _limit(resource: Resource, runs: Sequence[Measurement], floor: float) -> Limit:
    known = [(run, utilisation(run, resource)) for run in runs]
    full = [ratio for run, ratio in known if ratio and run.full == resource]
    if full:
        return Limit(min(1.0, *full), "knee")
    shown = max((ratio for _, ratio in known if ratio is not None), default=0.0)
    if shown >= floor and shown > 0:
        return Limit(min(1.0, shown), "shown")
    return Limit(floor or 1.0, "assumed")


def refuse_mixture(runs: Sequence[Measurement]) -> None:
    """
    Raises:
        CannotSay: they measured different things.
    """
    for what, values in (
        ("models", {run.models for run in runs}),
        ("pictures", {(run.payloads_sha256, run.camera) for run in runs}),
        ("processors", {run.cpu_model for run in runs}),
    ):
        if len(values) > 1:
            raise CannotSay(f"The runs measured different {what}: plan by each alone.")


def _largest(values: Sequence[float | None]) -> float | None:
    return max((value for value in values if value is not None), default=None)
