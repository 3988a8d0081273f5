"""How long a process that died waits, and when it is given up."""

from scripts._revival import LONGEST_PAUSE_S, MOST_DEATHS, WITHIN_S, Revival


def test_the_first_death_costs_no_time_and_each_soon_after_it_twice_the_last() -> None:
    revival = Revival()
    pauses = [revival.died("web", float(second)) for second in range(6)]
    assert pauses == [0.0, 1.0, 2.0, 4.0, LONGEST_PAUSE_S, LONGEST_PAUSE_S]


def test_too_many_deaths_in_a_row_are_the_end() -> None:
    revival = Revival()
    pauses = [revival.died("web", float(second)) for second in range(MOST_DEATHS + 1)]
    assert None not in pauses[:-1]
    assert pauses[-1] is None


def test_deaths_of_long_ago_and_of_others_do_not_count() -> None:
    revival = Revival()
    for second in range(MOST_DEATHS):
        revival.died("web", float(second))
    assert revival.died("other", 5.0) == 0.0
    assert revival.died("web", MOST_DEATHS + WITHIN_S) == 0.0


def test_a_process_is_due_once_when_its_pause_is_over() -> None:
    revival = Revival()
    revival.died("web", 10.0)
    revival.died("web", 11.0)
    assert revival.due == {"web": 12.0}
    assert revival.take_due(11.9) == []
    assert revival.take_due(12.0) == ["web"]
    assert revival.take_due(12.0) == []
