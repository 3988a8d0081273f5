"""The report of a recording: complete in itself, safe, and no larger than it need be."""

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from monitor.judgement.verdict import Level
from monitor.observation import Diagnosis, Growth, Observation
from monitor.output.recording import Header, Recording
from monitor.output.report.page import report_html
from monitor.sample import ProcessReading, Sample
from tests.unit.monitor.output.made_observations import (
    HOSTILE,
    blind_sample,
    busy_sample,
    observed,
    with_model_name,
)
from tests.unit.monitor.output.report.made_recordings import judged_as, recording


class Elements(HTMLParser):
    VOID = frozenset({"meta"})

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.names: set[str] = set()
        self.open: list[str] = []
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_startendtag(tag, attrs)
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.names |= {name for name, _ in attrs}

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += f" {data}"


def words(html: str) -> str:
    return " ".join(Elements(html).text.split())


def hostile_recording() -> Recording:
    full = with_model_name(busy_sample(), HOSTILE)
    gpu = replace(full.gpus[0], missing={HOSTILE: HOSTILE})
    assert full.gateway is not None
    samples = [
        replace(
            full,
            wall_s=full.wall_s + second,
            monotonic_s=full.monotonic_s + second,
            gpus=(gpu,),
            processes=(ProcessReading(HOSTILE, 1.0, 1, 1),),
            gateway=replace(full.gateway, stage_ms={HOSTILE: 1.0}),
            missing={"triton": HOSTILE, f"processes.{HOSTILE}": HOSTILE},
        )
        for second in range(3)
    ]
    hardware = {"machine": HOSTILE, "cpu_count": HOSTILE, "gpus": [{"index": 0, "name": HOSTILE}]}
    return Recording(Header(1, hardware, 1.0, HOSTILE), tuple(samples))


def hostile_judge(sample: Sample) -> Observation:
    growth = Growth(HOSTILE, 1e6, HOSTILE, alarming=True)
    made = observed(sample, "overloaded", "instances_bound", HOSTILE, (growth,))
    return replace(made, verdict=replace(made.verdict, rule=HOSTILE))


def test_the_page_loads_nothing_from_anywhere() -> None:
    html = report_html(recording([busy_sample(0), busy_sample(1)]), judged_as(["healthy"]))
    page = Elements(html)
    assert page.open == []
    assert not {"script", "link", "img", "iframe", "object", "embed"} & set(page.tags)
    assert not {"src", "href", "xlink:href", "srcset"} & page.names
    assert not re.search(r"url\(|@import", html)
    assert page.tags.count("svg") == 13


def test_nothing_a_recording_says_becomes_markup() -> None:
    html = report_html(hostile_recording(), hostile_judge)
    assert "<script" not in html
    assert html.count("</style>") == 1
    page = Elements(html)
    assert page.open == []
    # Model, role, stage, GPU, machine, rule, diagnosis, growth, reason: each as text.
    assert page.text.count("alert('x')") >= 9
    assert not any(name.startswith("on") for name in page.names)


def test_what_no_file_can_hold_is_replaced() -> None:
    html = report_html(
        recording([with_model_name(busy_sample(), "half \ud83d")]), judged_as(["healthy"])
    )
    assert "half ?" in html
    html.encode()


def test_everything_that_was_found_is_on_the_page() -> None:
    samples = [busy_sample(0), busy_sample(1), blind_sample(2), blind_sample(3)]
    growth = Growth("gateway memory", 52e6, "gateway memory grows 52 MB/hour.", alarming=True)
    observe = judged_as(
        ["healthy", "overloaded", "unknown"], ["instances_bound"], growths=(growth,)
    )
    text = words(report_html(recording(samples, cut_off=True), observe))
    for expected in (
        "Monitor's recording, 2026-01-02 14:32:11 UTC",
        "200 requests and 12 failures in 4 s: overloaded for 1 s",
        "Mostly bound by instances (100 % of the time): It is instances_bound.",
        "The recording was cut off in its last line",
        "Mean queue 15.00 ms",
        "gateway memory grows 52 MB/hour. alarming",
        "14:32:12 overloaded 1 s inference 63 ms > 50 ms It is instances_bound.",
        "14:32:13 unknown 2 s nothing was measured",
        "bound by instances 100 % 4 s",
        "capture_quality version 1 200 12 15.00 63.00 4.0 3",
        "14:32:13 2 s GPU no driver",
        "Samples 4, one every 1 s",
        "Machine x86_64, 16 cores",
        "GPU 0: Fake RTX, 12.0 GiB",
    ):
        assert expected in text, expected


def test_unknown_numbers_are_a_dash() -> None:
    text = words(report_html(recording([blind_sample()]), judged_as(["unknown"])))
    assert "Mean queue - ms" in text
    assert "Nothing was recorded of: Triton's requests, Queue and inference, " in text


@pytest.mark.parametrize("hardware", [{}, {"gpus": [], "cpu_count": None, "machine": ""}])
def test_a_recording_of_nothing_on_an_unknown_machine_still_has_a_page(
    hardware: dict[str, object],
) -> None:
    empty = Recording(Header(1, hardware, 0.5, "2026-01-02T14:32:11.000+00:00"), ())
    text = words(report_html(empty, judged_as(["healthy"])))
    assert "Nothing was recorded" in text
    assert "Machine -, - cores GPU none" in text


def test_a_long_recording_that_wavers_makes_no_long_page() -> None:
    levels: list[Level] = ["healthy", "overloaded", "degraded", "unknown"]

    def observe(sample: Sample) -> Observation:
        level = levels[int(sample.monotonic_s) % len(levels)]
        diagnosis = Diagnosis("stalled", "Nothing finishes.")
        return replace(observed(sample, level), diagnosis=diagnosis)

    # A reading every other second leaves lone points, the dearest thing to draw.
    samples = [
        busy_sample(second) if second % 2 else blind_sample(second) for second in range(3_000)
    ]
    html = report_html(recording(samples), observe)
    assert len(html) < 2_000_000
    assert "2900 more are not listed." in html
    assert "each point is the highest of its neighbours" in html


def test_every_cell_has_a_header_and_every_picture_a_name() -> None:
    html = report_html(recording([busy_sample(0), blind_sample(1)]), judged_as(["healthy"]))
    assert all("scope=" in header for header in re.findall(r"<th\b[^>]*>", html))
    assert all("aria-label=" in svg for svg in re.findall(r"<svg\b[^>]*>", html))
    identifiers = re.findall(r'aria-labelledby="([^"]+)"', html)
    assert len(identifiers) == 4
    for identifier in identifiers:
        assert f'id="{identifier}"' in html
