"""The best frames that are not neighbours."""

import math
from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from backend.enrichment.clips.best_shot import best_shots

SCORES = st.lists(st.none() | st.floats(0, 1) | st.just(math.nan), max_size=25)


def test_a_good_neighbour_of_the_best_is_passed_over() -> None:
    scores = [0.1, 0.8, 0.9, 0.85, 0.2, 0.6]
    assert best_shots(scores, range(6), top=3, distance_s=2) == (2, 5, 0)
    assert best_shots(scores, range(6), top=3, distance_s=0) == (2, 3, 1)


def test_the_distance_itself_is_far_enough() -> None:
    assert best_shots([1, 0.9, 0.8], [0, 0.4, 0.5], top=2, distance_s=0.5) == (0, 2)


def test_the_earlier_of_equals_comes_first() -> None:
    assert best_shots([0.5, 0.5, 0.5], [0, 1, 2], top=2, distance_s=1) == (0, 1)


def test_a_frame_without_a_score_is_no_shot() -> None:
    assert best_shots([None, math.nan, 0.0], [0, 5, 9], top=3, distance_s=1) == (2,)
    assert best_shots([], [], top=3, distance_s=1) == ()


def test_fewer_than_asked_for_where_there_are_no_more() -> None:
    assert best_shots([0.1, 0.2], [0, 0.1], top=5, distance_s=1) == (1,)


@given(SCORES, st.integers(0, 6), st.floats(0, 5), st.data())
def test_shots_are_apart_best_first_and_none_that_could_be_there_is_missing(
    scores: list[float | None], top: int, distance_s: float, data: st.DataObject
) -> None:
    count = len(scores)
    times_s = sorted(data.draw(st.lists(st.floats(0, 20), min_size=count, max_size=count)))
    chosen = best_shots(scores, times_s, top=top, distance_s=distance_s)
    assert len(chosen) <= top
    for one, other in combinations(chosen, 2):
        assert abs(times_s[one] - times_s[other]) >= distance_s
    values = [scores[number] for number in chosen]
    assert values == sorted(values, key=lambda value: -(value or 0))
    for number, score in enumerate(scores):
        if score is None or math.isnan(score) or number in chosen:
            continue
        better = [n for n in chosen if (scores[n] or 0) >= score]
        near = any(abs(times_s[number] - times_s[n]) < distance_s for n in better)
        assert near or len(better) == top
