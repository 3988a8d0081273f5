"""The writers of a finished run: HTML, JSON, CSV and text."""

import csv
import io
import json
import re
from collections.abc import Sequence
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from loadtest._analysis._hardware import Hardware
from loadtest._analysis._machine import MachineInStage, MachineReading, Recording
from loadtest._analysis._stages import StageResult, measure, timeline
from loadtest._analysis._verdicts import StageVerdict
from loadtest._course._plan import StageWindow
from loadtest._load._samples import Sample
from loadtest._options import Options
from loadtest._report import _console
from loadtest._report._charts import Series, line_chart, ticks
from loadtest._report._data import PayloadSet, RunReport, StageReport
from loadtest._report._html import report_html
from loadtest._report._summary import stages_csv, summary_document, to_json
from loadtest._report._words import carried_users, headline

HOSTILE = "<script>alert('x')</script>&\"quoted\""
UNKNOWN = MachineInStage(None, None, None, None, None, None, None)


def stage(index: int, users: int, level: str, rule: str, response_ms: float) -> StageReport:
    began_s = 1_000.0 + 30 * index
    window = StageWindow(index, users, began_s, began_s + 10, began_s + 30)
    samples = [
        Sample(began_s + 10 + n / 10, 0.0, response_ms, None, 0.5, 0.5, 0.4, 6.0, 7.0)
        for n in range(140)
    ] + [Sample(began_s + 11, 0.0, 5.0, HOSTILE, None, None, None, None, None)]
    verdict = StageVerdict(level, rule, "success and p95: 140 samples")  # type: ignore[arg-type]
    return StageReport(
        StageResult(window, measure(samples, 20.0), users / 2, 12.0), UNKNOWN, verdict
    )


def report(stages: Sequence[StageReport] | None = None, **changes: object) -> RunReport:
    if stages is None:
        stages = [
            stage(0, 10, "healthy", "within every limit", 20.0),
            stage(1, 25, "overloaded", HOSTILE, 1500.0),
        ]
    samples = [Sample(1_010.0 + n, 0.0, 20.0, None, 0.5, 0.5, 0.4, 6.0, 7.0) for n in range(40)]
    made = RunReport(
        started_s=1_000.0,
        finished_s=1_060.0,
        host=f"http://{HOSTILE}",
        options=Options((10, 25), 20.0, 5.0, 2.0, 130, None, 0, True),
        processes=1,
        payloads=PayloadSet(64, 2_000_000, "ab" * 32),
        models=[HOSTILE],
        hardware=Hardware(HOSTILE, 2, 2**34),
        versions={"locust": "2.47.0"},
        recording=Recording((MachineReading(1_015.0, requests=5, queue_ms=3.0),), ("GPU",), None),
        stages=stages,
        totals=measure(samples, 40.0),
        sent=40,
        sent_failed=0,
        timeline=timeline(samples, from_s=1_000.0, to_s=1_060.0),
        outcome="missed",
        exit_code=3,
    )
    return replace(made, **changes)  # type: ignore[arg-type]


class Elements(HTMLParser):
    VOID = frozenset({"meta", "br", "link", "img", "input", "hr"})

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag: str) -> None:
        assert self.open
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_report_loads_nothing_from_anywhere() -> None:
    html = report_html(report())
    page = Elements(html)
    assert page.open == []
    assert not {"script", "link", "img", "iframe", "object", "embed"} & set(page.tags)
    assert not {"src", "href", "xlink:href", "srcset"} & {name for name, _ in page.attributes}
    assert not re.search(r"url\(|@import", html)
    assert page.tags.count("svg") == 5


def test_nothing_a_server_said_becomes_markup() -> None:
    html = report_html(report())
    assert "<script" not in html
    assert "alert('x')" in Elements(html).text


def test_the_verdict_stands_first_in_words() -> None:
    good = [stage(0, 10, "healthy", "", 20.0), stage(1, 25, "degraded", "warm", 600.0)]
    html = report_html(report(good, outcome="passed", exit_code=0))
    heading = html[html.index("<h1>") : html.index("</h1>")]
    assert heading == "<h1>Passed: carries 25 users at one frame per 2 s."


def test_a_run_without_a_stage_still_has_a_report() -> None:
    empty = report([], outcome="interrupted", exit_code=130, timeline=[], recording=Recording())
    html = report_html(empty)
    assert "No stage was measured." in html
    assert "Nothing was recorded for Triton queue over time." in html
    assert "Interrupted: 0 of 2 stages measured in full." in html


@pytest.mark.parametrize(
    ("levels", "carried"),
    [
        (["healthy", "healthy"], 25),
        (["healthy", "degraded"], 25),
        (["healthy", "overloaded"], 10),
        (["overloaded", "healthy"], None),
        (["healthy", "inconclusive"], 10),
    ],
)
def test_users_are_carried_up_to_the_first_stage_that_was_not(
    levels: list[str], carried: int | None
) -> None:
    stages = [stage(n, users, levels[n], "", 20.0) for n, users in enumerate((10, 25))]
    assert carried_users(stages) == carried


def test_the_headline_names_the_rule_that_tripped() -> None:
    stages = [stage(0, 10, "healthy", "", 20.0), stage(1, 25, "overloaded", "too slow", 20.0)]
    assert headline(report(stages)) == (
        "Not passed: carries 10 users, overloaded at 25 users (too slow)."
    )
    stages = [stage(0, 10, "inconclusive", "saturated", 20.0)]
    assert headline(report(stages, outcome="inconclusive")) == (
        "Inconclusive at 10 users: saturated."
    )


def test_the_summary_is_json_with_nulls_where_nothing_is_known() -> None:
    document = json.loads(to_json(summary_document(report())))
    first, second = document["stages"]
    assert document["schema_version"] == 1
    assert document["pass"] is False
    assert document["seeds"] == {"payloads": 0, "phases": 0}
    assert document["payloads"]["sha256"] == "ab" * 32
    assert first["metrics"]["response"]["p95"] == 20.0
    assert first["metrics"]["response"]["p99"] is None
    assert set(first["metrics"]["response"]) == {
        *("unit", "avg", "min", "max", "p50", "p90", "p95", "p99", "std", "count")
    }
    assert first["machine"]["gpu_percent"] is None
    assert second["verdict"] == {
        "level": "overloaded",
        "rule": HOSTILE,
        "judged_on": "success and p95: 140 samples",
    }
    assert first["started"] == "1970-01-01T00:16:50.000+00:00"


def test_the_csv_has_a_row_for_every_stage() -> None:
    rows = list(csv.DictReader(io.StringIO(stages_csv(report()))))
    assert [(row["users"], row["verdict"], row["response_p95_ms"]) for row in rows] == [
        ("10", "healthy", "20.0"),
        ("25", "overloaded", "1500.0"),
    ]
    assert rows[0]["gpu_percent"] == ""
    assert rows[1]["rule"] == HOSTILE


def test_the_console_shows_a_dash_for_what_is_unknown_and_every_failure_by_name() -> None:
    text = _console.render(report(), "runs/x")
    (row,) = [line for line in text.splitlines() if line.endswith("  healthy")]
    assert row.split() == ["10", "141", "1", "7.0", "20.0", "20.0", "-", "-", "-", "healthy"]
    assert f"1 × {HOSTILE}" in text
    assert "Throughput: 1.0 requests/second" in text
    assert "Results: runs/x" in text


def test_a_line_breaks_where_nothing_is_known() -> None:
    chart = line_chart(
        "t",
        [Series("a", [(0, 1.0), (1, 2.0), (2, None), (3, 3.0)])],
        x_label="s",
        y_unit="ms",
        dots=False,
    )
    assert chart.count("<polyline") == 2
    assert chart.count("<circle") == 1  # A lone point would be invisible as a line.


def test_the_legend_names_only_what_is_drawn() -> None:
    chart = line_chart(
        "t",
        [Series("p50", [(10, 1.0)]), Series("p99", [(10, None)])],
        x_label="users",
        y_unit="ms",
    )
    assert '<li class="s0">p50</li>' in chart
    assert "p99" not in chart


@pytest.mark.parametrize(
    ("top", "expected"),
    [
        (10.0, [0, 2, 4, 6, 8, 10]),
        (0.9, [0, 0.2, 0.4, 0.6, 0.8]),
        (1234.0, [0, 250, 500, 750, 1000]),
        (0.0, [0]),
    ],
)
def test_axis_ticks_are_round(top: float, expected: list[float]) -> None:
    assert ticks(top) == pytest.approx(expected)
