"""Several pictures in one inference."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.enrichment.tasks.batches import batches, split, stacked
from backend.enrichment.tasks.pictures import Tensors
from backend.errors import TritonFailed


def tensors(number: int, width: int = 2) -> Tensors:
    return {"image": np.full((1, 3, width), number, np.float32)}


@given(st.lists(st.integers(1, 3), max_size=20), st.integers(1, 6))
def test_batches_are_in_order_of_equal_shapes_and_not_larger_than_allowed(
    widths: list[int], most: int
) -> None:
    inputs = [tensors(number, width) for number, width in enumerate(widths)]
    found = list(batches(inputs, most=most))
    assert [one for batch in found for one in batch] == inputs
    for batch in found:
        assert len(batch) <= most
        assert len({one["image"].shape for one in batch}) == 1
    for batch, following in pairwise(found):
        assert len(batch) == most or batch[0]["image"].shape != following[0]["image"].shape


def test_what_was_stacked_is_split_again() -> None:
    batch = [tensors(1), tensors(2), tensors(3)]
    parts = split(stacked(batch), 3)
    for part, original in zip(parts, batch, strict=True):
        np.testing.assert_array_equal(part["image"], original["image"])


def test_one_alone_is_not_copied() -> None:
    alone = tensors(1)
    assert stacked([alone]) is alone


def test_an_answer_for_another_number_of_pictures_is_a_fault_of_the_model() -> None:
    with pytest.raises(TritonFailed, match="for 2 pictures of 3"):
        split({"logits": np.zeros((2, 5))}, 3)
