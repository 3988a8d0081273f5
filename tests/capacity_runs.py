"""Runs to plan by: what was recorded, what it might have been, and round numbers."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from scripts.capacity.documents import Summary
from scripts.capacity.law import Law, Limit
from scripts.capacity.measured import Measurement, measure
from scripts.capacity.plan import Host, Wish
from tests.processes import PROJECT

RECORDED = PROJECT / "docs/results/2026-11-21-load-test-2-cores"
# 475 cameras were carried and 500 too many, on two full processors and without a GPU.
KNEE = RECORDED / "breaking-point"
# 200 were carried, and more were not tried.
NO_BREAK = RECORDED / "plan"

# Round numbers, with which a plan can be checked by hand.
LAW = Law(
    gateway_cpu_s=0.002,
    triton_cpu_s=0.004,
    generator_cpu_s=None,
    gpu_s=None,
    triton_server_s=None,
    limits={
        "processors": Limit(0.8, "knee"),
        "gateway_workers": Limit(0.8, "assumed"),
        "gpus": Limit(0.5, "knee"),
        "triton_servers": Limit(1.0, "knee"),
    },
    lower_bound=False,
)
WISH = Wish(
    cameras=1_000,
    interval_s=1.0,
    headroom_ratio=0.0,
    spare_hosts=0,
    layout="split",
    host=Host(cores=2, gpus=0, nic_bytes_per_s=1e12),
    assumed_ratio=0.7,
    frame_bytes=30_000,
    answer_bytes=1_000,
    tensor_bytes=370_000,
)

Change = Callable[[dict[str, Any]], None]


def document(*changes: Change, folder: Path = KNEE) -> dict[str, Any]:
    """The recorded run's summary, changed."""
    made: dict[str, Any] = copy.deepcopy(json.loads((folder / "summary.json").read_text()))
    for change in changes:
        change(made)
    return made


def measured(*changes: Change, folder: Path = KNEE, name: str = "run") -> Measurement:
    text = json.dumps(document(*changes, folder=folder))
    return measure(name, Summary.model_validate_json(text))


def stage(run: dict[str, Any], users: int) -> dict[str, Any]:
    """Of the plan or the search."""
    found: dict[str, Any] = next(
        one for one in run["stages"] if one["users"] == users and one["kind"] != "recovery"
    )
    return found


def failed_by(cause: str, *, host_percent: float = 60.0) -> Change:
    """500 cameras were too many for this cause, on a machine so full."""

    def change(run: dict[str, Any]) -> None:
        too_many = stage(run, run["capacity"]["fails_at"])
        too_many["cause"]["code"] = cause
        too_many["machine"]["host_cpu_percent"] = host_percent

    return change


def on_a_gpu(percent: float, power_w: float | None, *, count: int = 1) -> Change:
    """Triton computed on GPUs, and they were what was full."""

    def change(run: dict[str, Any]) -> None:
        run["hardware"]["gpus"] = ["a card"] * count
        for one in run["stages"]:
            one["machine"] |= {"gpu_percent": percent, "power_w": power_w, "host_cpu_percent": 60.0}
        stage(run, 500)["machine"]["gpu_percent"] = 97.0

    return change
