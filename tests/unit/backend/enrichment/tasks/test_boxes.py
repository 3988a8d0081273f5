"""Which of several boxes stay."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.enrichment.tasks.boxes import best, from_centres, overlap_ratios

THRESHOLD = 0.45
BOXES = st.lists(
    st.tuples(*[st.integers(0, 12)] * 2, *[st.integers(1, 12)] * 2, st.integers(0, 2)), max_size=20
)


def test_centres_become_edges_and_a_negative_size_none() -> None:
    edges = from_centres(np.array([[10.0, 20, 4, 6], [5, 5, -2, 2]]))
    assert edges.tolist() == [[8, 17, 12, 23], [5, 4, 5, 6]]


def test_overlap_is_what_is_shared_of_what_both_cover() -> None:
    box = np.array([0.0, 0, 4, 4])
    others = np.array([[0.0, 0, 4, 4], [2, 0, 6, 4], [4, 0, 8, 4], [1, 1, 1, 1]])
    assert overlap_ratios(box, others) == pytest.approx([1, 8 / 24, 0, 0])
    empty = np.zeros(4)
    assert overlap_ratios(empty, empty[np.newaxis]).tolist() == [0]


def test_of_boxes_around_one_object_the_most_certain_stays() -> None:
    boxes = np.array([[0.0, 0, 10, 10], [1, 0, 11, 10], [30, 0, 40, 10]])
    scores = np.array([0.6, 0.9, 0.7])
    same_class, limit = np.zeros(3, np.intp), 10
    kept = best(boxes, scores, same_class, overlap_threshold=THRESHOLD, limit=limit)
    assert kept.tolist() == [1, 2]
    kept = best(boxes, scores, np.array([0, 1, 0]), overlap_threshold=THRESHOLD, limit=limit)
    assert kept.tolist() == [1, 2, 0]
    kept = best(boxes, scores, same_class, overlap_threshold=THRESHOLD, limit=1)
    assert kept.tolist() == [1]


@given(rows=BOXES, seed=st.integers(0, 2**16))
def test_no_two_that_stay_are_one_object_and_what_goes_had_a_better_one(
    rows: list[tuple[int, ...]], seed: int
) -> None:
    table = np.array(rows, np.float64).reshape(-1, 5)
    boxes = np.concatenate([table[:, :2], table[:, :2] + table[:, 2:4]], axis=1)
    classes = table[:, 4].astype(np.intp)
    scores = np.random.default_rng(seed).random(len(rows))
    kept = best(boxes, scores, classes, overlap_threshold=THRESHOLD, limit=1000)
    assert sorted(scores[kept], reverse=True) == scores[kept].tolist()
    for index in range(len(rows)):
        rivals = [
            other
            for other in kept
            if other != index
            and classes[other] == classes[index]
            and overlap_ratios(boxes[index], boxes[other][np.newaxis])[0] > THRESHOLD
        ]
        if index in kept:
            assert not rivals
        else:
            assert any(scores[other] >= scores[index] for other in rivals)
