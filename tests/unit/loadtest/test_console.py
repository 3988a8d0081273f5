"""The end of a run on the terminal."""

import io
import re

import pytest

from loadtest._analysis._findings import Cause, Grade
from loadtest._report._console import render
from loadtest._report._terminal import colour_wanted
from tests.unit.loadtest.made_reports import HOSTILE, full_report, full_stage, report, stage

COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def test_a_dash_stands_for_what_is_unknown_and_every_failure_has_its_name() -> None:
    text = render(report(), "runs/x")
    (row,) = [line for line in text.splitlines() if line.endswith("  healthy")]
    assert row.split() == ["10", "141", "1", "7.0", "20.0", "20.0", "-", "-", "-", "healthy"]
    assert f"1 × {HOSTILE}" in text
    assert "Throughput: 1.0 requests/second" in text
    assert "Results: runs/x" in text


def test_an_unhealthy_stage_has_its_cause_and_the_first_advice() -> None:
    text = render(report([full_stage()]), "runs/x")
    assert "cause: frames wait for Triton (310 of 620 ms)\n" in text
    assert "try: make tune\n" in text
    assert "second" not in text.split("Summary:")[0]
    assert "unsteady: the latency of its parts differs by 1.31" in text
    assert "Little's law does not hold: 25 users, 31 expected" in text
    assert "p95 620 ms, limit 500 ms" in text


def test_a_healthy_stage_has_no_cause() -> None:
    nothing = Cause("none", "nothing limits this stage", "", [])
    text = render(report([stage(0, 10, "healthy", cause=nothing)]), "runs/x")
    assert "nothing limits" not in text


def test_special_rows_are_marked_in_words() -> None:
    text = render(full_report(), "runs/x")
    ends = [line.rsplit("  ", 1)[1] for line in text.splitlines() if "  degraded" in line]
    assert ends == [
        "degraded (baseline, objective missed, unsteady)",
        "degraded (objective missed, unsteady)",
        "degraded (search, objective missed, unsteady)",
        "degraded (burst, objective missed, unsteady)",
        "degraded (recovery, objective missed, unsteady)",
    ]


def test_capacity_grade_and_model_follow_the_headline() -> None:
    lines = render(full_report(), "runs/x").splitlines()
    begin = next(
        n for n, line in enumerate(lines) if line.startswith("Not passed: 74 cameras passed")
    )
    assert lines[begin + 1 :] == [
        "Recovered after 3.0 s.",
        "Grade: marginal. 100 cameras are answered in 620 ms.",
        "   - More workers",
        f"Model: {HOSTILE}",
        "Results: runs/x",
    ]


def test_a_good_grade_needs_no_advice() -> None:
    good = Grade("good", 100, "100 cameras are answered in 20 ms", ["none of it"])
    text = render(report(grade=good), "runs/x")
    assert "Grade: good. 100 cameras are answered in 20 ms." in text
    assert "none of it" not in text


def test_colour_only_repeats_the_words() -> None:
    plain = render(full_report(), "runs/x")
    coloured = render(full_report(), "runs/x", colour=True)
    assert "\x1b" not in plain
    assert "\x1b[33mdegraded\x1b[0m" in coloured
    assert COLOUR.sub("", coloured) == plain


def test_no_line_but_the_headline_is_wider_than_the_table() -> None:
    long = Cause("queue", "word " * 60, "number " * 30, ["advice " * 40])
    text = render(report([stage(0, 10, "degraded", "rule " * 40, cause=long)]), "runs/x")
    body = [line for line in text.splitlines() if not line.startswith("Not passed")]
    assert max(map(len, body)) <= 96


def test_what_a_server_said_cannot_control_the_terminal() -> None:
    said = "\x1b[2Jgone\r\n\u202e\x9b31m"
    text = render(report([stage(0, 10, "degraded", said)], host=said, models=[said]), "runs/x")
    assert not set(text) & {"\x1b", "\r", "\u202e", "\x9b"}


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_the_environment_and_the_stream_decide_about_colour(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    monkeypatch.setenv("NO_COLOR", "")
    monkeypatch.setenv("TERM", "xterm")
    assert colour_wanted(Terminal()) is True
    assert colour_wanted(io.StringIO()) is False
    monkeypatch.setenv("NO_COLOR", "1")
    assert colour_wanted(Terminal()) is False
