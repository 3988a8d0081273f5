"""Who goes: the least recently used, no more than needed, and nobody in vain."""

from hypothesis import given
from hypothesis import strategies as st

from backend.enrichment.clips.eviction import Idle, to_evict

IDLE = st.lists(
    st.builds(Idle, st.uuids().map(str), st.integers(1, 50), st.floats(0, 9)), max_size=8
)


def test_nobody_goes_where_there_is_room() -> None:
    assert to_evict([Idle("a", 5, 1)], 0) == ()
    assert to_evict([], -3) == ()


def test_nobody_goes_where_it_would_be_in_vain() -> None:
    assert to_evict([Idle("a", 5, 1), Idle("b", 5, 2)], 11) is None
    assert to_evict([], 1) is None


def test_the_one_that_nobody_used_for_longest_goes_first() -> None:
    assert to_evict([Idle("new", 5, 9), Idle("old", 5, 1)], 5) == ("old",)


@given(IDLE, st.integers(-20, 300))
def test_who_goes_is_enough_and_nobody_more(idle: list[Idle], needed_bytes: int) -> None:
    victims = to_evict(idle, needed_bytes)
    by_id = {clip.id: clip for clip in idle}
    if victims is None:
        assert sum(clip.size_bytes for clip in idle) < needed_bytes
        return
    gone = [by_id[victim] for victim in victims]
    assert sum(clip.size_bytes for clip in gone) >= needed_bytes
    if gone:
        assert sum(clip.size_bytes for clip in gone[:-1]) < needed_bytes
    stay = [clip for clip in idle if clip not in gone]
    assert all(one.used_s <= other.used_s for one in gone for other in stay)
