"""The policy that picks the winner, by examples and by properties."""

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from scripts.tuning.choice import NOISE_RATIO, choose, finalists, leader, nearest
from scripts.tuning.points import Batching, Measurement
from tests.unit.scripts.tuning.measurements import START, measured

ONE, TWO, THREE = Batching(1, 8, 0), Batching(2, 8, 0), Batching(3, 8, 0)

batchings = st.builds(
    Batching, st.integers(1, 8), st.sampled_from([1, 2, 4, 8]), st.sampled_from([0, 1000])
)
measurements = st.none() | st.builds(
    measured,
    st.floats(1, 1000),
    st.none() | st.floats(1, 200),
    failed=st.sampled_from([0, 0, 0, 2]),
)
points = st.dictionaries(batchings, measurements, max_size=10)
OBJECTIVE_MS = 100


def meets(one: Measurement | None) -> bool:
    return (
        one is not None and not one.failed and one.p95_ms is not None and one.p95_ms <= OBJECTIVE_MS
    )


def test_the_most_frames_per_second_win_among_those_in_time() -> None:
    known = {ONE: measured(100, 40), TWO: measured(180, 90), THREE: measured(250, 101)}
    assert choose(known, OBJECTIVE_MS) == TWO
    assert choose(known, 101) == THREE


def test_within_the_noise_the_lower_latency_wins() -> None:
    known = {ONE: measured(200, 60), TWO: measured(198, 50), THREE: measured(150, 20)}
    assert choose(known, OBJECTIVE_MS) == TWO


def test_within_the_noise_of_both_the_fewer_instances_win() -> None:
    known = {ONE: measured(198, 51), TWO: measured(200, 50), THREE: measured(199, 50.5)}
    assert choose(known, OBJECTIVE_MS) == ONE


def test_one_that_failed_requests_or_was_refused_never_wins() -> None:
    known = {ONE: measured(100, 40), TWO: measured(900, 10, failed=1), THREE: None}
    assert choose(known, OBJECTIVE_MS) == ONE
    assert choose({TWO: known[TWO], THREE: None}, OBJECTIVE_MS) is None


def test_where_none_meets_the_objective_the_nearest_leads() -> None:
    known = {ONE: measured(100, 140), TWO: measured(200, 150)}
    assert choose(known, OBJECTIVE_MS) is None
    assert leader(known, OBJECTIVE_MS) == nearest(known) == ONE


@given(points)
def test_there_is_a_winner_exactly_where_one_meets_the_objective(
    known: dict[Batching, Measurement | None],
) -> None:
    winner = choose(known, OBJECTIVE_MS)
    assert (winner is not None) == any(meets(one) for one in known.values())
    assert winner is None or meets(known[winner])


@given(points)
def test_nothing_in_time_is_faster_than_the_winner_by_more_than_the_noise(
    known: dict[Batching, Measurement | None],
) -> None:
    winner = choose(known, OBJECTIVE_MS)
    if winner is None:
        return
    won = known[winner]
    assert won is not None
    for one in known.values():
        if one is not None and meets(one):
            assert won.frames_per_s >= one.frames_per_s * (1 - NOISE_RATIO)


@given(points, st.randoms())
def test_the_order_of_measuring_does_not_matter(
    known: dict[Batching, Measurement | None], random: Random
) -> None:
    shuffled = list(known.items())
    random.shuffle(shuffled)
    assert choose(dict(shuffled), OBJECTIVE_MS) == choose(known, OBJECTIVE_MS)
    assert nearest(dict(shuffled)) == nearest(known)


@given(points, batchings)
def test_one_that_misses_the_objective_changes_nothing(
    known: dict[Batching, Measurement | None], late: Batching
) -> None:
    without = {batching: one for batching, one in known.items() if batching != late}
    assert choose({**without, late: measured(5000, 101)}, OBJECTIVE_MS) == choose(
        without, OBJECTIVE_MS
    )


@given(points)
def test_the_leader_is_among_the_finalists(known: dict[Batching, Measurement | None]) -> None:
    chosen = finalists(known, OBJECTIVE_MS, start=START, count=len(known) or 1)
    best = leader(known, OBJECTIVE_MS)
    assert best is None or best in chosen
    assert len(set(chosen)) == len(chosen)


def test_finalists_are_the_best_few_near_the_top_and_what_is_configured() -> None:
    known: dict[Batching, Measurement | None] = {
        Batching(count, 8, 0): measured(per_s, 50)
        for count, per_s in ((1, 100), (2, 150), (3, 200), (4, 196), (6, 190), (8, 185))
    }
    chosen = finalists(known, OBJECTIVE_MS, start=Batching(1, 8, 0), count=3)
    assert [batching.instances for batching in chosen] == [3, 4, 6, 1]
    near = finalists(known, OBJECTIVE_MS, start=Batching(3, 8, 0), count=9)
    assert [batching.instances for batching in near] == [3, 4, 6, 8]


def test_without_one_in_time_the_finalists_are_the_nearest_and_what_is_configured() -> None:
    known = {ONE: measured(100, 140), TWO: measured(200, 150), THREE: measured(300, 160)}
    assert finalists(known, OBJECTIVE_MS, start=TWO, count=3) == [ONE, TWO]
