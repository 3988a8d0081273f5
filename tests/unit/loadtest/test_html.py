"""The report as a page: complete in itself, safe, readable by everyone."""

import re
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise

from loadtest._analysis._findings import Capacity, Cause, Grade, ObjectiveResult
from loadtest._analysis._machine import Recording
from loadtest._report._figures import breakdown_parts
from loadtest._report._html import report_html
from tests.unit.loadtest.made_reports import (
    HOSTILE,
    full_report,
    full_stage,
    report,
    stage,
)


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


def test_no_finding_becomes_markup() -> None:
    findings = full_stage()
    assert findings.cause is not None
    assert findings.law is not None
    assert findings.steadiness is not None
    hostile = replace(
        findings,
        machine=replace(findings.machine, throttled_by=[HOSTILE], cpu_percents={HOSTILE: 1.0}),
        objectives=[ObjectiveResult(HOSTILE, None, False, HOSTILE)],
        cause=Cause("queue", HOSTILE, HOSTILE, [HOSTILE]),
        law=replace(findings.law, sentence=HOSTILE),
        steadiness=replace(findings.steadiness, sentence=HOSTILE),
    )
    made = report(
        [hostile],
        capacity=Capacity(None, 1, None, HOSTILE),
        grade=Grade("poor", None, HOSTILE, [HOSTILE]),
        versions={HOSTILE: HOSTILE},
        recording=Recording((), (HOSTILE,), HOSTILE),
    )
    html = report_html(made)
    assert "<script" not in html
    assert html.count("&lt;script&gt;") >= 15


def test_the_verdict_stands_first_in_words() -> None:
    good = [stage(0, 10, "healthy", "", 20.0), stage(1, 25, "degraded", "warm", 600.0)]
    found = Capacity(25, None, None, "carries 25 cameras")
    html = report_html(report(good, outcome="passed", exit_code=0, capacity=found))
    heading = html[html.index("<h1>") : html.index("</h1>")]
    assert heading == "<h1>Passed: carries 25 cameras."


def test_a_run_without_a_stage_still_has_a_report() -> None:
    empty = report([], outcome="interrupted", exit_code=130, timeline=[], recording=Recording())
    html = report_html(empty)
    assert "No stage was measured." in html
    assert "Nothing was recorded for “Triton over time”." in html
    assert "Interrupted: 0 of 2 stages measured in full." in html


def test_everything_that_was_found_is_on_the_page() -> None:
    text = " ".join(re.sub(r"<[^>]+>", " ", report_html(full_report())).split())
    for words in (
        "Not passed: 74 cameras passed, 80 did not, p(95)&lt;500 missed",
        "100 cameras are answered in 620 ms. More workers",
        "Frames wait for Triton. 310 of 620 ms.",
        "What to do make tune second",
        "p(95)&lt;500 missed : p95 620 ms, limit 500 ms.",
        "25 users, 31 expected.",
        "The latency of its parts differs by 1.31.",
        "gateway 150 %, triton 45 % of one core; the machine has 2",
        "34 at most in Triton",
        "5 of 1, 30 of 8",
        "1800.0 J, 0.50 inferences per joule",
        "slowed by SW power cap",
        "60.0 (60 %)",
        "SHA-256 " + "ab" * 32,
    ):
        assert words in text, words


def test_the_variant_of_the_model_stands_above_the_stages() -> None:
    html = report_html(report(models=["capture_quality/1/measures-v1"]))
    assert 0 < html.index("capture_quality/1/measures-v1") < html.index('id="stages"')


def test_every_cell_has_a_header_and_every_picture_a_name() -> None:
    html = report_html(full_report())
    headers = re.findall(r"<th\b[^>]*>", html)
    assert headers
    assert all("scope=" in header for header in headers)
    assert all("aria-label=" in svg for svg in re.findall(r"<svg\b[^>]*>", html))
    for identifier in re.findall(r'aria-labelledby="([^"]+)"', html):
        assert f'id="{identifier}"' in html
    levels = [int(level) for level in re.findall(r"<h([1-6])\b", html)]
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_the_parts_of_a_breakdown_stay_whole() -> None:
    parts = breakdown_parts(full_stage())
    assert parts == (0.5, 4.5, 60.0, 20.0, 15.0)
    assert breakdown_parts(stage(0, 10, "healthy")) == (None,) * 5


def test_a_burst_is_not_on_the_curve_over_users() -> None:
    steady = report_html(report([stage(0, 10, "healthy")]))
    with_burst = report_html(report([stage(0, 10, "healthy"), full_stage(1, 200)]))
    burst = report_html(report([stage(0, 10, "healthy"), stage(1, 200, "healthy", kind="burst")]))
    dot = "p50: 20 at "
    assert (steady.count(dot), burst.count(dot)) == (1, 1)
    assert with_burst.count("at 200</title>") > 0
