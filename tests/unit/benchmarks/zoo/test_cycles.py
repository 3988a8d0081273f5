"""Growth over many loads, and the zoo beside Triton alone."""

from pathlib import Path

import pytest

from backend.enrichment import catalog
from benchmarks.zoo.cycles import SETTLED_AFTER, budget_mb, grown_mb, over
from benchmarks.zoo.resident import own_ms
from benchmarks.zoo.system import Zoo

ZOO = Zoo(Path("nowhere"), catalog.load())


def test_growth_counts_from_when_memory_has_settled() -> None:
    filling = [50.0 + number for number in range(SETTLED_AFTER)]
    assert grown_mb([*filling, 70.0, 75.5]) == 6.5
    assert grown_mb(filling) is None
    assert grown_mb([]) is None


def test_the_budget_of_the_cycles_holds_either_small_model_and_not_both() -> None:
    sizes_mb = [ZOO.catalog[name].memory_estimate_mb for name in ZOO.smallest(2)]
    assert len(sizes_mb) == 2
    assert 0 < max(sizes_mb) <= budget_mb(ZOO) < sum(sizes_mb)


def test_what_the_zoo_takes_beyond_triton_is_taken_pair_by_pair() -> None:
    found = over({"zoo": [100.0, 510.0, 300.0], "alone": [90.0, 450.0, 270.0]})
    assert found is not None
    assert (found.median, found.low, found.high) == (30, 10, 60)


def test_what_is_done_to_the_picture_can_be_left_out() -> None:
    stages = {"stage decode": [1.0], "stage preprocess": [2.0], "stage postprocess": [0.5]}
    assert own_ms({"gateway": [10.0], **stages}) == pytest.approx([6.5])
