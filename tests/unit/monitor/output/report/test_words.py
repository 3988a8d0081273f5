import pytest

from monitor.judgement.verdict import Level
from monitor.observation import DiagnosisCode
from monitor.output.report.timeline import fold
from monitor.output.report.words import headline, missing_word, mostly, spoken
from tests.unit.monitor.output.made_observations import blind_sample, busy_sample
from tests.unit.monitor.output.report.made_recordings import judged_as, recording


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.0, "0 s"),
        (0.5, "0.5 s"),
        (2.0, "2 s"),
        (59.4, "59 s"),
        (59.6, "1 min"),
        (125.0, "2 min 5 s"),
        (3600.0, "1 h"),
        (3660.0, "1 h 1 min"),
        (90_000.0, "1 d 1 h"),
    ],
)
def test_a_duration_is_spoken_in_its_two_largest_units(seconds: float, words: str) -> None:
    assert spoken(seconds) == words


@pytest.mark.parametrize(
    ("levels", "words"),
    [
        (["healthy"], "300 requests and 18 failures in 3 s: healthy all the time"),
        (
            ["healthy", "degraded", "overloaded"],
            "300 requests and 18 failures in 3 s: overloaded for 1 s",
        ),
        (
            ["healthy", "degraded", "healthy"],
            "300 requests and 18 failures in 3 s: degraded for 1 s",
        ),
        (
            ["unknown", "healthy", "healthy"],
            "300 requests and 18 failures in 3 s: healthy for 2 s",
        ),
    ],
)
def test_the_headline_says_how_much_and_how_bad(levels: list[Level], words: str) -> None:
    samples = [busy_sample(second) for second in range(3)]
    assert headline(fold(recording(samples), judged_as(levels))) == words


def test_the_headline_of_the_blind_invents_nothing() -> None:
    blind = fold(recording([blind_sample()]), judged_as(["unknown"]))
    assert headline(blind) == "Triton's requests unknown in 1 s: nothing could be judged"
    assert headline(fold(recording([]), judged_as(["unknown"]))) == "Nothing was recorded"


def test_the_diagnosis_that_held_longest_is_named_unless_there_was_none() -> None:
    samples = [busy_sample(second) for second in range(4)]
    codes: list[DiagnosisCode] = ["insufficient_evidence", "insufficient_evidence", "stalled"]
    found = fold(recording(samples), judged_as(["healthy"], codes))
    assert mostly(found.waitings) == "Mostly stalled (50 % of the time): It is stalled."
    assert mostly(fold(recording(samples), judged_as(["healthy"])).waitings) is None


def test_what_is_missing_has_a_name() -> None:
    assert missing_word("processes.gateway") == "processes of gateway"
    assert missing_word("counters") == "Triton's counters"
    assert missing_word("GPU 1") == "GPU 1"
