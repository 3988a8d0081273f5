"""The models that the benchmarks put behind the gateway, as a Triton repository.

Each has the measuring model's configuration but for what its name says, so that batching, queueing
and the number of instances are the same.
"""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from triton_runtime.models import MEASURING_MODEL as MEASURING_MODEL
from triton_runtime.settings import PROJECT, Settings

DEFAULT_MODEL = Settings().quality_model
IDLE_MODEL = "idle"
SLOW_MODEL = "slow"
SLOW_MS = 20
_BASE = PROJECT / "triton_models" / MEASURING_MODEL
_CODE = Path(__file__).parent / "triton_models"

_FP32 = (("TYPE_UINT8, dims: [ 352, 352, 3 ]", "TYPE_FP32, dims: [ 3, 352, 352 ]"),)
# What the original system's model had.
DELAYED = (
    (
        "max_queue_delay_microseconds: 0",
        "max_queue_delay_microseconds: 100000\n  preferred_batch_size: [ 4, 8 ]",
    ),
)
ONE_BY_ONE = (("max_batch_size: 8", "max_batch_size: 1"),)


@dataclass(frozen=True)
class Variant:
    """A model: its code, what its configuration changes, and its own parameters."""

    code: str
    changes: tuple[tuple[str, str], ...] = ()
    parameters: tuple[tuple[str, str], ...] = ()


VARIANTS = {
    IDLE_MODEL: Variant("idle.py"),
    "idle_fp32": Variant("fp32.py", _FP32, (("work", "idle"),)),
    "idle_fp32_delayed": Variant("fp32.py", _FP32 + DELAYED, (("work", "idle"),)),
    "capture_quality_fp32": Variant("fp32.py", _FP32, (("work", "measures"),)),
    "capture_quality_fp32_delayed": Variant("fp32.py", _FP32 + DELAYED, (("work", "measures"),)),
    SLOW_MODEL: Variant("idle.py", ONE_BY_ONE, (("sleep_ms", str(SLOW_MS)),)),
}


def write_repository(folder: Path, variants: Mapping[str, Variant] = VARIANTS) -> None:
    """Write every variant into `folder`."""
    base = (_BASE / "config.pbtxt").read_text()
    for name, variant in variants.items():
        version = folder / name / "1"
        version.mkdir(parents=True)
        (folder / name / "config.pbtxt").write_text(configure(base, variant))
        shutil.copy(_CODE / variant.code, version / "model.py")
        if variant.code == "fp32.py":
            shutil.copy(_BASE / "1/measures.py", version)


def configure(base: str, variant: Variant) -> str:
    """That configuration with a variant's changes; ValueError where one finds nothing."""
    text = base
    for old, new in variant.changes:
        if old not in text:
            raise ValueError(f"the measuring model's configuration has no {old!r}")
        text = text.replace(old, new)
    return text + "".join(
        f'parameters {{ key: "{key}", value: {{ string_value: "{value}" }} }}\n'
        for key, value in variant.parameters
    )
