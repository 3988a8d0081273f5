"""A model that answers something else than the catalogue says is named."""

import numpy as np
import pytest
from numpy.typing import NDArray

from backend.enrichment.model_spec import Tensor
from backend.enrichment.tasks.tensors import read
from backend.errors import TritonFailed

TENSOR = Tensor(name="y", dims=(-1, 2), meaning="numbers")


def test_an_output_comes_without_the_batch_axis_as_float32() -> None:
    values = read({"y": np.ones((1, 3, 2), np.float16)}, TENSOR, free_axis=3)
    assert values.shape == (3, 2)
    assert values.dtype == np.float32


@pytest.mark.parametrize(
    ("outputs", "why"),
    [
        ({}, "lacks 'y'"),
        ({"y": np.ones((1, 4, 2))}, r"shape \[1, 4, 2\], and the catalogue says \[1, 3, 2\]"),
        ({"y": np.ones((2, 3, 2))}, "shape"),
        ({"y": np.ones((3, 2))}, "shape"),
        ({"y": np.full((1, 3, 2), np.nan)}, "not a number"),
        ({"y": np.full((1, 3, 2), np.inf)}, "not a number"),
    ],
)
def test_another_output_is_the_models_failure(
    outputs: dict[str, NDArray[np.float64]], why: str
) -> None:
    with pytest.raises(TritonFailed, match=why):
        read(outputs, TENSOR, free_axis=3)
