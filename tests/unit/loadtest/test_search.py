import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtest._course._search import MOST_GROWTH, RESOLUTION_RATIO, Search

CLIMBS = st.lists(st.integers(1, 5000), min_size=1, max_size=6)


def run(search: Search, limit: int) -> list[int]:
    """Let every number up to `limit` pass; returns what was tried."""
    tried: list[int] = []
    while (users := search.next_users()) is not None:
        assert len(tried) < 60, "the search does not end"
        tried.append(users)
        search.learn(users, users <= limit)
    return tried


@given(CLIMBS, st.integers(0, 100_000))
def test_the_breaking_point_is_found_to_its_resolution(climb: list[int], limit: int) -> None:
    search = Search(climb)
    tried = run(search, limit)
    assert len(tried) == len(set(tried))
    if search.failed is None:
        # It gave up growing, and says so by having no number that fails.
        assert search.passed <= limit
        assert 2 * search.passed > MOST_GROWTH * max(climb)
        return
    assert search.passed <= limit < search.failed
    assert search.failed - search.passed <= max(1.0, RESOLUTION_RATIO * search.failed)


@given(CLIMBS, st.integers(0, 100_000))
def test_it_climbs_the_given_numbers_first(climb: list[int], limit: int) -> None:
    tried = run(Search(climb), limit)
    steps = sorted(set(climb))
    climbed = [users for users in steps if users <= limit]
    assert tried[: len(climbed)] == climbed
    if limit < steps[-1]:
        assert tried[len(climbed)] == steps[len(climbed)]


def test_a_stage_of_which_nothing_can_be_said_ends_it() -> None:
    search = Search([10, 20])
    search.learn(10, True)
    search.learn(20, None)
    assert search.ended
    assert (search.passed, search.failed, search.stuck_at) == (10, None, 20)


@pytest.mark.parametrize(("limit", "expected"), [(0, (0, 1)), (1, (1, 2)), (3, (3, 4))])
def test_small_numbers_are_found_exactly(limit: int, expected: tuple[int, int]) -> None:
    search = Search([10, 25])
    run(search, limit)
    assert (search.passed, search.failed) == expected
