"""What is told, and what is not."""

from collections.abc import Mapping, Sequence
from datetime import UTC
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.judgement.verdict import Level
from monitor.observation import Growth, Observation
from monitor.output import alerts as module
from monitor.output.alerts import FAILING, AlertFinder, Alerts, exit_code
from tests.unit.monitor.output.made_observations import busy_sample, observed

WAITING = "Requests wait for a free instance of capture_quality."
LEVELS: tuple[Level, ...] = ("healthy", "degraded", "overloaded", "unknown")


def growth(rate: float, *, alarming: bool) -> Growth:
    return Growth("gateway memory", rate, "gateway memory grows fast.", alarming)


def told(observations: Sequence[Observation]) -> list[str]:
    said: list[str] = []
    with Alerts(said.append, timezone=UTC) as alerts:
        for observation in observations:
            alerts.write(observation)
    return said


def test_a_verdict_that_changes_is_one_line_with_its_rule_and_what_is_waited_for() -> None:
    steps: list[Level] = ["healthy", "healthy", "overloaded", "overloaded", "healthy"]
    observations = [
        observed(busy_sample(second), level, "instances_bound", WAITING)
        for second, level in enumerate(steps)
    ]
    assert told(observations) == [
        f"14:32:13 overloaded: inference 63 ms > 50 ms. {WAITING}",
        "14:32:15 healthy: within every limit.",
    ]


def test_a_system_found_in_trouble_is_told_of_at_once() -> None:
    assert told([observed(busy_sample(), "degraded")]) == [
        "14:32:11 degraded: inference 23 ms > 20 ms."
    ]


def test_neither_the_beginning_nor_a_pause_is_news() -> None:
    steps: list[Level] = ["unknown", "healthy", "unknown", "healthy"]
    assert told([observed(busy_sample(), level) for level in steps]) == []


def test_a_stall_is_told_once_while_it_lasts() -> None:
    codes = ["stalled", "stalled", "under_driven", "stalled"]
    observations = [
        observed(busy_sample(), code=code, sentence="Nothing finishes.")  # type: ignore[arg-type]
        for code in codes
    ]
    assert told(observations) == ["14:32:11 stalled: Nothing finishes."] * 2


def test_a_growth_is_told_when_it_becomes_alarming_and_again_only_after_it_was_gone() -> None:
    steps = [
        (growth(30e6, alarming=False),),
        (growth(60e6, alarming=True),),
        (growth(49e6, alarming=False),),
        (growth(61e6, alarming=True),),
        (),
        (growth(62e6, alarming=True),),
    ]
    observations = [
        observed(busy_sample(second), growths=growths) for second, growths in enumerate(steps)
    ]
    assert told(observations) == [
        "14:32:12 gateway memory grows fast.",
        "14:32:16 gateway memory grows fast.",
    ]


@given(st.lists(st.sampled_from(LEVELS)))
def test_told_levels_are_the_changes_and_nothing_else(levels: list[Level]) -> None:
    finder = AlertFinder()
    found = [alert for level in levels for alert in finder.find(observed(busy_sample(), level))]
    assert all(alert.previous_level != alert.observation.verdict.level for alert in found)
    for before, after in pairwise(found):
        assert after.previous_level == before.observation.verdict.level
    known = [level for level in levels if level != "unknown"]
    if found:
        assert found[-1].observation.verdict.level == known[-1]


class Hook:
    """In the webhook's place."""

    def __init__(self, url: str, say: object) -> None:
        self.url = url
        self.documents: list[Mapping[str, Any]] = []
        self.closed = False
        hooks.append(self)

    def send(self, document: Mapping[str, Any]) -> None:
        self.documents.append(document)

    def close(self) -> None:
        self.closed = True


hooks: list[Hook] = []


def test_bell_and_webhook_get_what_the_line_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "Webhook", Hook)
    hooks.clear()
    said: list[str] = []
    rings: list[int] = []
    url = "https://hooks.example/s3cret"
    with Alerts(
        said.append, ring=lambda: rings.append(len(said)), webhook=url, timezone=UTC
    ) as alerts:
        alerts.write(observed(busy_sample(), "healthy"))
        alerts.write(observed(busy_sample(1.5), "overloaded", "instances_bound", WAITING))
    (hook,) = hooks
    assert (hook.url, hook.closed) == (url, True)
    assert rings == [1]
    assert hook.documents == [
        {
            "at": "2026-01-02T14:32:12.500+00:00",
            "event": "verdict",
            "level": "overloaded",
            "previous_level": "healthy",
            "rule": "inference 63 ms > 50 ms",
            "diagnosis": {"code": "instances_bound", "sentence": WAITING},
            "text": f"14:32:12 overloaded: inference 63 ms > 50 ms. {WAITING}",
        }
    ]
    assert said == [hook.documents[0]["text"]]
    assert alerts.levels_seen == {"healthy", "overloaded"}


@pytest.mark.parametrize(
    ("seen", "fail_on", "code"),
    [
        (set(LEVELS), None, 0),
        ({"healthy", "unknown"}, "degraded", 0),
        ({"healthy", "degraded"}, "degraded", 3),
        ({"overloaded"}, "degraded", 3),
        ({"degraded"}, "overloaded", 0),
        ({"degraded", "overloaded"}, "overloaded", 3),
        (set(), "degraded", 0),
    ],
)
def test_the_exit_code_says_whether_a_level_was_reached(
    seen: set[Level], fail_on: Level | None, code: int
) -> None:
    assert exit_code(seen, fail_on) == code


def test_only_bad_levels_can_be_failed_on() -> None:
    assert FAILING == ("degraded", "overloaded")
