import pytest

from loadtest._analysis._recovery import recovery
from loadtest._course._plan import StageWindow
from loadtest._load._samples import Sample

WINDOW = StageWindow(5, 10, 100.0, 100.0, 110.0, kind="recovery")


def sample(at_s: float, response_ms: float, failure: str | None = None) -> Sample:
    return Sample(at_s, 0.0, response_ms, failure, 0.5, 1.0, 1.0, 5.0, 8.0)


CALM = [sample(at_s, 50.0) for at_s in range(20)]


def test_quick_answers_from_the_start_are_a_recovery_at_once() -> None:
    found = recovery(CALM, [sample(100.1, 60.0), sample(109.0, 50.0)], WINDOW)
    assert found is not None
    assert found.after_s == 0.0
    assert found.limit_ms == 75.0


@pytest.mark.parametrize("failure", [None, "HTTP 503 overloaded"])
def test_it_is_counted_to_the_last_slow_or_failed_request(failure: str | None) -> None:
    slow_ms = 900.0 if failure is None else 5.0
    after = [sample(100.5, 900.0), sample(103.0, slow_ms, failure), sample(104.0, 50.0)]
    found = recovery(CALM, after, WINDOW)
    assert found is not None
    assert found.after_s == 3.0
    assert found.sentence == "Recovered after 3.0 s: from then on within 75 ms."


def test_slow_to_the_end_is_no_recovery() -> None:
    found = recovery(CALM, [sample(100.5, 50.0), sample(109.0, 900.0)], WINDOW)
    assert found is not None
    assert found.after_s is None
    assert "Not recovered after 10 s" in found.sentence


def test_very_quick_systems_are_allowed_the_scheduler_s_noise() -> None:
    calm = [sample(at_s, 2.0) for at_s in range(20)]
    found = recovery(calm, [sample(100.1, 15.0), sample(101.0, 2.0)], WINDOW)
    assert found is not None
    assert found.after_s == 0.0


def test_without_anything_to_compare_nothing_is_said() -> None:
    assert recovery([], [sample(100.1, 5.0)], WINDOW) is None
    assert recovery(CALM, [], WINDOW) is None
