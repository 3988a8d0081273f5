"""Who must go: properties over random histories, and the cases that decide."""

from collections.abc import Sequence
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from backend.enrichment.zoo.eviction import Eviction, Refusal, Resident, Why, order, plan
from backend.enrichment.zoo.states import Policy, Priority

POLICY = Policy(budget_bytes=1000, minimum_residence_s=10)
NOW_S = 500.0


def resident(
    name: str, size_bytes: int = 100, priority: Priority = Priority.MEDIUM, idle_s: float = 50
) -> Resident:
    return Resident(name, priority, size_bytes, loaded_at_s=100, last_used_s=NOW_S - idle_s)


@st.composite
def histories(draw: st.DrawFn) -> list[Resident]:
    """Residents as a history of loads, uses, leases and pins may have left them."""
    residents = []
    for number in range(draw(st.integers(0, 8))):
        loaded_at_s = draw(st.floats(0, NOW_S))
        residents.append(
            Resident(
                f"m{number}",
                draw(st.sampled_from(Priority)),
                draw(st.integers(0, 300)),
                loaded_at_s,
                draw(st.floats(loaded_at_s, NOW_S)),
                draw(st.sampled_from([0, 0, 0, 1, 3])),
                draw(st.sampled_from([False, False, False, True])),
                draw(st.none() | st.floats(0, 60)),
            )
        )
    return residents


def total(residents: Sequence[Resident]) -> int:
    return sum(one.size_bytes for one in residents)


def evictable(residents: Sequence[Resident]) -> list[Resident]:
    return [
        one
        for one in residents
        if not one.pinned
        and not one.leases
        and NOW_S - one.loaded_at_s >= POLICY.minimum_residence_s
    ]


@given(histories(), st.integers(0, 1500), st.integers(-200, 1000))
def test_victims_are_idle_free_of_pins_old_enough_and_as_few_as_will_do(
    residents: list[Resident], needed_bytes: int, free_bytes: int
) -> None:
    outcome = plan(residents, needed_bytes, free_bytes, NOW_S, POLICY)
    if isinstance(outcome, Eviction):
        assert set(outcome.victims) <= set(evictable(residents))
        assert free_bytes + total(outcome.victims) >= needed_bytes
        for victim in outcome.victims:
            assert free_bytes + total(outcome.victims) - victim.size_bytes < needed_bytes


@given(histories(), st.integers(0, 1500), st.integers(-200, 1000))
def test_a_critical_model_goes_only_where_all_others_together_would_not_do(
    residents: list[Resident], needed_bytes: int, free_bytes: int
) -> None:
    outcome = plan(residents, needed_bytes, free_bytes, NOW_S, POLICY)
    if isinstance(outcome, Eviction) and any(
        victim.priority is Priority.CRITICAL for victim in outcome.victims
    ):
        others = [one for one in evictable(residents) if one.priority is not Priority.CRITICAL]
        assert free_bytes + total(others) < needed_bytes


@given(histories(), st.integers(0, 1500), st.integers(-200, 1000))
def test_a_refusal_is_true_and_names_its_cause(
    residents: list[Resident], needed_bytes: int, free_bytes: int
) -> None:
    outcome = plan(residents, needed_bytes, free_bytes, NOW_S, POLICY)
    pinned_bytes = total([one for one in residents if one.pinned])
    never = needed_bytes > POLICY.budget_bytes - pinned_bytes
    assert never == (isinstance(outcome, Refusal) and outcome.why is Why.NEVER)
    if isinstance(outcome, Refusal) and not never:
        assert free_bytes + total(evictable(residents)) < needed_bytes
        idle = [one for one in residents if not one.pinned and not one.leases]
        enough_but_young = free_bytes + total(idle) >= needed_bytes
        assert outcome.why is (Why.YOUNG if enough_but_young else Why.BUSY)


@given(histories(), st.integers(0, 1000), st.integers(0, 1000))
def test_a_refusal_for_youth_ends_when_it_says(
    residents: list[Resident], needed_bytes: int, free_bytes: int
) -> None:
    outcome = plan(residents, needed_bytes, free_bytes, NOW_S, POLICY)
    if isinstance(outcome, Refusal) and outcome.why is Why.YOUNG:
        later_s = NOW_S + outcome.retry_after_s
        assert isinstance(
            plan(residents, needed_bytes, free_bytes, later_s + 0.001, POLICY), Eviction
        )
        assert outcome.retry_after_s <= POLICY.minimum_residence_s


@given(histories())
def test_the_lower_priority_goes_first_whatever_else_is_true(residents: list[Resident]) -> None:
    ordered = sorted(residents, key=lambda one: order(one, NOW_S, POLICY))
    priorities = [one.priority for one in ordered]
    assert priorities == sorted(priorities, reverse=True)


def test_of_equals_the_longest_idle_goes() -> None:
    outcome = plan([resident("new", idle_s=20), resident("old", idle_s=90)], 50, 0, NOW_S, POLICY)
    assert isinstance(outcome, Eviction)
    assert outcome.names == ("old",)


def test_of_equally_idle_ones_the_larger_goes_and_of_equally_large_the_cheaper_to_reload() -> None:
    small, large = resident("a-small", 100), resident("large", 200)
    outcome = plan([small, large], 50, 0, NOW_S, POLICY)
    assert isinstance(outcome, Eviction)
    assert outcome.names == ("large",)
    dear = replace(resident("a-dear"), reload_s=30.0)
    cheap = replace(resident("cheap"), reload_s=0.5)
    outcome = plan([dear, cheap], 50, 0, NOW_S, POLICY)
    assert isinstance(outcome, Eviction)
    assert outcome.names == ("cheap",)


def test_a_small_one_is_spared_where_a_large_one_must_go_anyway() -> None:
    residents = [resident("small", 10, Priority.LOW), resident("large", 400, Priority.CRITICAL)]
    outcome = plan(residents, 400, 0, NOW_S, POLICY)
    assert isinstance(outcome, Eviction)
    assert outcome.names == ("large",)


def test_what_can_never_fit_is_told_the_sizes() -> None:
    megabytes = Policy(budget_bytes=1000 * 2**20)
    pinned = replace(resident("kept", 300 * 2**20), pinned=True)
    outcome = plan([pinned], 701 * 2**20, 0, NOW_S, megabytes)
    assert outcome == Refusal(
        Why.NEVER, "It needs 701 MB; the budget is 1,000 MB, of which 300 MB are pinned."
    )


def test_what_is_in_use_or_pinned_is_named() -> None:
    residents = [
        replace(resident("used"), leases=1),
        replace(resident("kept"), pinned=True),
        resident("idle", 10),
    ]
    outcome = plan(residents, 2**20 + 50, 50, NOW_S, Policy(2**30))
    assert isinstance(outcome, Refusal)
    assert outcome.text == "1 MB are missing; in use: used; pinned: kept."


def test_nobody_goes_where_there_is_room() -> None:
    assert plan([resident("idle")], 100, 100, NOW_S, POLICY) == Eviction(())
