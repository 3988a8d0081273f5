"""Vectors of length 1."""

import numpy as np
import pytest

from backend.errors import TritonFailed
from tests.unit.backend.enrichment.catalogue import MODELS, asked, picture

SPEC = MODELS["osnet-x0-25"]


def test_a_vector_keeps_its_direction_and_gets_length_one() -> None:
    vector = np.zeros((1, 512), np.float32)
    vector[0, [0, 7]] = 30, -40
    answer = asked(SPEC, {"embeddings": vector}, picture(64, 128))
    assert answer["dimensions"] == 512
    assert (answer["embedding"][0], answer["embedding"][7]) == (0.6, -0.8)
    assert sum(value**2 for value in answer["embedding"]) == pytest.approx(1)


def test_a_vector_of_zeros_has_no_direction() -> None:
    with pytest.raises(TritonFailed, match="no direction"):
        asked(SPEC, {"embeddings": np.zeros((1, 512), np.float32)}, picture(64, 128))
