"""The operations of a stress run."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.zoo.operations import (
    PINNED_RATIO,
    PROMPTS,
    SHARES,
    BenchModel,
    Fault,
    Kind,
    fault_points,
    operations,
)

MODELS = [
    BenchModel("small", 100),
    BenchModel("worded", 500, takes_prompts=True),
    BenchModel("medium", 800),
    BenchModel("large", 2000),
    BenchModel("free", 0),
]
SIZES_MB = {model.name: model.size_mb for model in MODELS}
seeds = st.integers(0, 10_000)


def test_the_same_seed_asks_the_same_and_another_asks_something_else() -> None:
    first, again, other = (
        operations(MODELS, count=50, budget_mb=2500, seed=seed) for seed in (1, 1, 2)
    )
    assert first == again != other


def test_every_kind_is_asked_about_as_often_as_its_share() -> None:
    assert sum(SHARES.values()) == 100
    asked = Counter(one.kind for one in operations(MODELS, count=5000, budget_mb=2500, seed=3))
    for kind, share in SHARES.items():
        assert asked[kind] == pytest.approx(50 * share, rel=0.4)


@given(seeds, st.integers(2100, 8000))
def test_what_is_ever_pinned_leaves_nearly_all_of_the_budget(seed: int, budget_mb: int) -> None:
    made = operations(MODELS, count=200, budget_mb=budget_mb, seed=seed)
    pinned = {name for one in made if one.kind is Kind.PIN for name in one.models}
    assert sum(SIZES_MB[name] for name in pinned) <= PINNED_RATIO * budget_mb


def test_where_no_model_is_small_enough_none_is_pinned() -> None:
    made = operations([BenchModel("large", 2000)], count=300, budget_mb=2500, seed=1)
    assert not {one.kind for one in made} & {Kind.PIN, Kind.UNPIN}


@given(seeds)
def test_operations_name_models_as_their_kind_asks(seed: int) -> None:
    for one in operations(MODELS, count=100, budget_mb=2500, seed=seed):
        match one.kind:
            case Kind.STATUS:
                assert one.models == ()
            case Kind.UNKNOWN_MODEL:
                assert not set(one.models) & set(SIZES_MB)
            case Kind.ENRICH:
                assert 2 <= len(set(one.models)) == len(one.models) <= 4
            case _:
                assert len(one.models) == 1


@given(seeds)
def test_prompts_go_only_where_a_model_answers_by_them(seed: int) -> None:
    for one in operations(MODELS, count=100, budget_mb=2500, seed=seed):
        assert one.prompts in {(), PROMPTS}
        assert not one.prompts or "worded" in one.models


def test_faults_come_in_turn_and_only_after_half_of_the_run() -> None:
    points = fault_points(list(Fault), 600)
    assert points == {
        360: Fault.MODEL,
        420: Fault.TRITON,
        480: Fault.WORKER,
        540: Fault.MASTER,
    }
    assert fault_points([], 600) == {}
