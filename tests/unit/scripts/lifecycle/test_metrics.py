"""From cycles to the figures of a model."""

import dataclasses

import pytest

from scripts.lifecycle.metrics import percentage
from tests.unit.scripts.lifecycle.scripted import lifecycle


def test_the_first_cycle_is_the_cold_one_and_in_no_median() -> None:
    one = lifecycle(load_ms=(9000, 300, 500), back=(10, 96, 98))
    assert one.cold_load_ms == 9000
    assert one.warm_load_ms == 400
    assert one.cold_inference_ms == 900
    assert one.first_inference_ms == 40
    assert one.reclamation_percentage == 97
    assert one.untrimmed_percentage == 48.5


def test_growth_counts_from_the_end_of_the_first_cycle() -> None:
    one = lifecycle(left_mb=(440, 460, 481))
    assert one.leak_mb == 41
    assert one.above_baseline_mb == 81
    assert one.runtime_mb == 400


def test_the_footprint_is_the_most_that_was_held_after_the_first_cycle() -> None:
    one = lifecycle(held_mb=100)
    assert one.memory_mb == 90
    assert one.footprint_mb == 100
    larger = dataclasses.replace(one.loads[1], memory_increase_mb=130.0)
    assert dataclasses.replace(one, loads=(one.loads[0], larger)).footprint_mb == 130
    assert dataclasses.replace(one, loads=(larger, one.loads[0])).footprint_mb == 100
    assert one.base_mb == 400


def test_one_cycle_says_nothing_of_warm_loads_or_growth() -> None:
    one = lifecycle(load_ms=(900,), back=(60,), left_mb=(440,))
    assert one.warm_load_ms is None
    assert one.reclamation_percentage is None
    assert one.leak_mb is None
    assert one.above_baseline_mb == 40


def test_an_error_of_any_cycle_is_the_model_s() -> None:
    one = lifecycle()
    assert one.error is None
    broken = dataclasses.replace(one.unloads[1], error="It hung.")
    assert dataclasses.replace(one, unloads=(one.unloads[0], broken)).error == "It hung."


@pytest.mark.parametrize(
    ("part", "whole", "is_"),
    [(50, 200, 25), (None, 200, None), (5, None, None), (5, 0, None), (5, -1, None)],
)
def test_a_part_of_nothing_is_not_known(
    part: float | None, whole: float | None, is_: float | None
) -> None:
    assert percentage(part, whole) == is_
