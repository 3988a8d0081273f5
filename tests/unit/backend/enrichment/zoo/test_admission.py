"""Who may load now, of several that are asked for."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from backend.enrichment.zoo.admission import Decision, Demand, decide
from backend.enrichment.zoo.eviction import Resident, Why
from backend.enrichment.zoo.states import Policy, Priority

POLICY = Policy(budget_bytes=1000, minimum_residence_s=0)


def resident(name: str, size_bytes: int) -> Resident:
    return Resident(name, Priority.MEDIUM, size_bytes, 0, 0)


def test_several_load_at_once_only_as_far_as_their_sum_fits() -> None:
    demands = [Demand("a", 300), Demand("b", 300), Demand("c", 300)]
    decision = decide(demands, [], 700, 0, 1, POLICY)
    assert decision.admit == ("a", "b")
    assert decision.refusals["c"].why is Why.BUSY


def test_room_made_for_one_is_not_given_to_another_that_came_later() -> None:
    demands = [Demand("first", 500), Demand("later", 100)]
    assert decide(demands, [], 0, 500, 1, POLICY).admit == ()
    assert decide(demands, [], 200, 300, 1, POLICY).admit == ()
    assert decide(demands, [], 200, 400, 1, POLICY).admit == ("later",)


def test_nobody_is_evicted_for_room_that_is_on_its_way_back() -> None:
    decision = decide([Demand("a", 400)], [resident("idle", 300)], 100, 300, 1, POLICY)
    assert decision == Decision((), (), {})


def test_a_model_on_its_way_out_keeps_its_place_and_is_not_loaded_yet() -> None:
    demands = [Demand("leaving", 300, loadable=False), Demand("later", 300)]
    assert decide(demands, [], 0, 300, 1, POLICY).admit == ()
    assert decide(demands, [], 300, 300, 1, POLICY).admit == ("later",)


def test_one_that_waits_for_a_busy_model_holds_nobody_up() -> None:
    busy = replace(resident("busy", 900), leases=1)
    decision = decide([Demand("large", 500), Demand("small", 100)], [busy], 100, 0, 1, POLICY)
    assert decision.admit == ("small",)
    assert decision.refusals["large"].why is Why.BUSY


def test_one_victim_is_not_counted_for_two() -> None:
    demands = [Demand("a", 300), Demand("b", 300)]
    residents = [resident("x", 300), resident("y", 300)]
    decision = decide(demands, residents, 0, 0, 1, POLICY)
    assert (decision.admit, sorted(decision.evict)) == ((), ["x", "y"])


def test_a_model_without_size_is_admitted_whatever_is_overdrawn() -> None:
    pinned = replace(resident("kept", 1200), pinned=True)
    decision = decide([Demand("cpu", 0)], [pinned], -200, 0, 1, POLICY)
    assert decision == Decision(("cpu",), (), {})


@given(
    st.lists(st.tuples(st.integers(0, 600), st.booleans()), max_size=6),
    st.lists(st.integers(0, 400), max_size=6),
    st.integers(0, 1000),
    st.integers(0, 500),
)
def test_what_is_admitted_always_fits(
    wanted: list[tuple[int, bool]], sizes: list[int], free_bytes: int, leaving_bytes: int
) -> None:
    demands = [Demand(f"d{n}", size, loadable) for n, (size, loadable) in enumerate(wanted)]
    residents = [resident(f"r{n}", size) for n, size in enumerate(sizes)]
    decision = decide(demands, residents, free_bytes, leaving_bytes, 1, POLICY)
    size_of = {demand.name: demand.size_bytes for demand in demands}
    assert sum(size_of[name] for name in decision.admit) <= free_bytes
    assert len(set(decision.evict)) == len(decision.evict)
    assert not set(decision.admit) & set(decision.refusals)
