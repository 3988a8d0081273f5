from loadtest._analysis._capacity import Judged, capacity


def say(*stages: Judged) -> tuple[int | None, int | None, float | None, str]:
    found = capacity(stages, within="p(95)<500", interval_s=2.0)
    return found.cameras, found.fails_at, found.spare_percent, found.sentence


def test_the_largest_number_that_passed_counts() -> None:
    assert say(
        Judged(10, True, {"p(95)<500": 90.0}),
        Judged(70, True, {"p(95)<500": 26.4, "CPU": 40.0}),
        Judged(80, False, {}),
    ) == (
        70,
        80,
        26.4,
        (
            "carries 70 cameras at one frame per 2 s within p(95)<500, 26 % to spare "
            "(nearest limit: p(95)<500); 80 are too many"
        ),
    )


def test_without_a_failure_it_is_a_lower_bound() -> None:
    cameras, fails_at, spare, sentence = say(Judged(200, True, {}))
    assert (cameras, fails_at, spare) == (200, None, None)
    assert sentence == "carries at least 200 cameras at one frame per 2 s within p(95)<500"


def test_nothing_counts_above_a_failure_or_a_doubt() -> None:
    assert say(Judged(10, True, {}), Judged(20, False, {}), Judged(50, True, {}))[0] == 10
    assert say(Judged(10, True, {}), Judged(20, None, {}), Judged(50, True, {}))[0] == 10


def test_one_number_measured_twice_counts_as_its_worse_half() -> None:
    assert say(Judged(10, True, {}), Judged(20, True, {}), Judged(20, False, {}))[:2] == (10, 20)


def test_nothing_carried_is_said_so() -> None:
    assert say(Judged(10, False, {}))[3].startswith("does not carry 10 cameras")
    assert say(Judged(10, None, {}))[3].startswith("nothing can be said")


def test_what_is_over_a_limit_has_nothing_to_spare() -> None:
    assert say(Judged(10, True, {"GPU": -5.0}))[2] == 0.0
