"""What a frame weighs on its way to Triton, as the models' configurations have it."""

from pathlib import Path

import pytest

from scripts.capacity.tensors import tensor_bytes
from tests.processes import PROJECT

MODELS = [PROJECT / "triton_models"]
SQUARE_BYTES = 352 * 352 * 3


def test_the_measuring_model_gets_the_square_once() -> None:
    assert tensor_bytes(["capture_quality/1/measures-v1"], MODELS) == SQUARE_BYTES


def test_with_another_model_the_measures_are_asked_for_as_well() -> None:
    assert tensor_bytes(["baseline-synthetic/1/synthetic-v1"], MODELS) == 2 * SQUARE_BYTES


@pytest.mark.parametrize("models", [[], ["nobody/1/x"], ["capture_quality/1/a", "other/1/b"]])
def test_what_is_not_here_or_not_one_model_is_unknown(models: list[str]) -> None:
    assert tensor_bytes(models, MODELS) is None


@pytest.mark.parametrize(
    ("config", "size_bytes"),
    [
        ('input [ { name: "x", data_type: TYPE_FP32, dims: [ 3, 10, 10 ] } ]', 1200),
        ('input { name: "x" data_type: TYPE_FP16 dims: 3 dims: 10 }', 60),
        ('input [ { name: "x", data_type: TYPE_UINT8, dims: [ -1 ] } ]', None),
        ('input [ { name: "x", data_type: TYPE_STRING, dims: [ 1 ] } ]', None),
        ("", None),
        ("{", None),
    ],
)
def test_a_configuration_is_read_as_triton_reads_it(
    tmp_path: Path, config: str, size_bytes: int | None
) -> None:
    (tmp_path / "m").mkdir()
    measures = '\nparameters { key: "measures", value: { string_value: "a" } }'
    (tmp_path / "m/config.pbtxt").write_text(config + measures)
    assert tensor_bytes(["m/1/v"], [tmp_path]) == size_bytes
