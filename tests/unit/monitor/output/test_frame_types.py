from collections.abc import Mapping
from typing import Any

import pytest

from monitor.counters import Deltas, ModelKey
from monitor.output.frame_types import checked, fits
from monitor.sample import GatewayActivity, GpuReading, InstanceActivity, Sample


@pytest.mark.parametrize(
    ("value", "hint", "expected"),
    [
        (1, float, True),
        (True, float, False),
        (True, int, False),
        (1.5, int, False),
        ("1", int | None, False),
        (None, int | None, True),
        ({"a": 1}, Mapping[str, int], True),
        ({"a": "1"}, Mapping[str, int], False),
        ([1], Mapping[str, int], False),
        (["a"], tuple[str, ...], True),
        ("a", tuple[str, ...], False),
        ([1], tuple[str, ...], False),
    ],
)
def test_a_value_fits_its_type_or_not(value: object, hint: Any, expected: bool) -> None:
    assert fits(value, hint) is expected


@pytest.mark.parametrize(
    "good",
    [
        GpuReading(0, "GPU-a", missing={"energy": "not supported"}),
        Deltas(request_count=1, failure_counts={"REJECTED": 0}),
        InstanceActivity(ModelKey("m", "1"), 5, 1.0),
        GatewayActivity(1.0, stage_ms={"decode": 0.5}),
        Sample(1.0, 2.0, batch_sizes={1: 4}),
    ],
)
def test_what_the_monitor_writes_is_as_it_should_be(good: object) -> None:
    assert checked(good) is good


def test_a_wrong_field_is_named() -> None:
    with pytest.raises(ValueError, match="power_mw is 'a lot'"):
        checked(GpuReading(0, power_mw="a lot"))  # type: ignore[arg-type]
