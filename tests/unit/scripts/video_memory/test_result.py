"""What follows from the figures."""

import dataclasses

import pytest

from scripts.video_memory.result import Place, Spread
from scripts.video_memory.sizes import Sizes
from tests.unit.scripts.video_memory.doubles import CLEAN, MB, result


def test_peaks_are_those_with_all_clips() -> None:
    found = result()
    assert found.peak_bytes(Place.DEVICE) == 480 * MB
    assert found.peak_bytes(Place.HOST) == 240 * MB
    assert found.peak_ratio == 0.5
    assert found.growth_bytes(Place.DEVICE) == 60 * MB


def test_one_number_of_clips_says_nothing_of_growth() -> None:
    found = result()
    alone = dataclasses.replace(found, points=[found.points[1], found.points[3]])
    assert alone.growth_bytes(Place.DEVICE) is None


def test_how_much_slower_is_taken_question_by_question() -> None:
    slower = result().slowdown_ratio
    assert slower.median == pytest.approx(0.04)
    assert slower.least == pytest.approx(0.03)
    assert slower.greatest == pytest.approx(0.08)
    assert result().transfer_ms == Spread(12, 12, 12, 12, 12)
    assert result().question_ms(Place.HOST).median == 1040


def test_how_much_more_work_it_is_is_unknown_for_a_gpu() -> None:
    assert result().more_work_ratio is None
    worked = [
        dataclasses.replace(one, device_processor_ms=200, host_processor_ms=230)
        for one in result().questions
    ]
    more = result(questions=worked).more_work_ratio
    assert more is not None
    assert more.median == pytest.approx(0.15)


def test_no_answer_compared_is_no_equality() -> None:
    assert result().is_equal
    assert not result(compared=0).is_equal
    assert not result(different=1).is_sound


@pytest.mark.parametrize(
    "changed", [{"raised": 2}, {"left_bytes": MB}, {"clips_in_use": 1}, {"same_answer": False}]
)
def test_each_thing_that_an_error_leaves_counts(changed: dict[str, int]) -> None:
    found = result(errors=dataclasses.replace(CLEAN, **changed))  # type: ignore[arg-type]
    assert result().is_sound
    assert not found.is_sound


def test_less_than_a_micro_batch_after_all_errors_is_what_any_process_is_busy_with() -> None:
    large = Sizes()
    left = dataclasses.replace(CLEAN, left_bytes=large.in_flight_bytes - 1)
    assert left.is_clean(large)
    assert not dataclasses.replace(left, left_bytes=large.in_flight_bytes).is_clean(large)


def test_a_limit_within_the_middle_half_is_neither_kept_nor_missed() -> None:
    found = Spread.of([0.9, 0.01, 0.02, 0.04, 0.03])
    assert found == Spread(0.01, 0.02, 0.03, 0.04, 0.9)
    assert found.is_under(0.05) is True
    assert found.is_under(0.03) is None
    assert found.is_under(0.02) is False
    assert Spread.of([0.04]).is_under(0.05) is True
