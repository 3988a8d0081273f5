"""The benchmarks' models have one configuration but for what is changed."""

from pathlib import Path

import pytest

from benchmarks.repository import (
    IDLE_MODEL,
    SLOW_MODEL,
    VARIANTS,
    Variant,
    configure,
    write_repository,
)
from tests.processes import PROJECT

DEFAULT = (PROJECT / "triton_models/capture_quality/config.pbtxt").read_text()


def differing(name: str) -> list[str]:
    return [
        line.strip()
        for line in configure(DEFAULT, VARIANTS[name]).splitlines()
        if line not in DEFAULT.splitlines()
    ]


def test_the_model_that_does_nothing_is_configured_as_the_default_one() -> None:
    assert configure(DEFAULT, VARIANTS[IDLE_MODEL]) == DEFAULT


def test_the_slow_model_takes_one_picture_at_a_time() -> None:
    assert differing(SLOW_MODEL) == [
        "max_batch_size: 1",
        'parameters { key: "sleep_ms", value: { string_value: "20" } }',
    ]


def test_the_delayed_twin_has_what_the_original_had() -> None:
    changed = differing("idle_fp32_delayed")
    assert "max_queue_delay_microseconds: 100000" in changed
    assert "preferred_batch_size: [ 4, 8 ]" in changed
    assert 'input [ { name: "image", data_type: TYPE_FP32, dims: [ 3, 352, 352 ] } ]' in changed


def test_a_change_that_finds_nothing_is_an_error() -> None:
    with pytest.raises(ValueError, match="max_sleep"):
        configure(DEFAULT, Variant("idle.py", (("max_sleep: 1", "max_sleep: 2"),)))


def test_every_model_is_written_with_its_code(tmp_path: Path) -> None:
    write_repository(tmp_path)
    for name, variant in VARIANTS.items():
        assert (tmp_path / name / "config.pbtxt").is_file()
        assert (tmp_path / name / "1/model.py").is_file()
        assert (tmp_path / name / "1/measures.py").is_file() == (variant.code == "fp32.py")
