"""What the law says that another measured configuration carries, beside what it did carry."""

from collections.abc import Mapping
from dataclasses import dataclass

from scripts.capacity.errors import CannotSay
from scripts.capacity.law import Law
from scripts.capacity.measured import Measurement, Resource


@dataclass(frozen=True)
class Prediction:
    """
    Attributes:
        cameras_by: resource → how many cameras fill it up.
        measured_full: what the measured run found to be full.
        error_percent: positive where more was predicted than was carried.
    """

    cameras: float
    first: Resource
    cameras_by: Mapping[Resource, float]
    measured_cameras: int
    measured_broke_at: int | None
    measured_full: Resource | None
    error_percent: float


def predict(demands: Law, other_cores: float, run: Measurement) -> Prediction:
    """
    Args:
        demands: of another run on such a machine.
        other_cores: what was used there by neither gateway, Triton nor generator.
        run: of which nothing is used but its configuration, and its result to compare with.

    Raises:
        CannotSay: one of the two runs has no breaking point, so that there is nothing to hit.
    """
    if demands.lower_bound or run.broke_at is None:
        raise CannotSay("To compare them, both runs must have a breaking point.")
    cpu_s = demands.gateway_cpu_s + demands.triton_cpu_s + (demands.generator_cpu_s or 0.0)
    limits = {resource: limit.ratio for resource, limit in demands.limits.items()}
    per_s: dict[Resource, float] = {
        "processors": max(0.0, run.cores * limits["processors"] - other_cores) / cpu_s,
        "gateway_workers": (
            min(run.workers, run.cores) * limits["gateway_workers"] / demands.gateway_cpu_s
        ),
    }
    if demands.gpu_s and run.gpus:
        per_s["gpus"] = run.gpus * limits["gpus"] / demands.gpu_s
    if demands.triton_server_s is not None:
        per_s["triton_servers"] = 1 / demands.triton_server_s
    first = min(per_s, key=lambda resource: per_s[resource])
    cameras = per_s[first] * run.interval_s
    return Prediction(
        cameras=cameras,
        first=first,
        cameras_by={resource: rate * run.interval_s for resource, rate in per_s.items()},
        measured_cameras=run.knee.cameras,
        measured_broke_at=run.broke_at,
        measured_full=run.full,
        error_percent=100 * (cameras / run.knee.cameras - 1),
    )
