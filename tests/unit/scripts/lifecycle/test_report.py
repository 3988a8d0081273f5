"""What was measured, for people and for programs."""

import json
import xml.etree.ElementTree as ElementTree

import pytest

from scripts.lifecycle import report
from scripts.lifecycle.kinds import Kind
from scripts.lifecycle.metrics import Isolation, Lifecycle
from scripts.lifecycle.recommendations import recommend
from scripts.lifecycle.report import Report
from scripts.lifecycle.verdicts import TABLES
from tests.unit.scripts.lifecycle.scripted import failed, lifecycle

ABOUT = {
    "date": "2026-11-21T12:00:00+00:00",
    "commit": "abc",
    "machine": {"cpu_model": "EPYC", "cpu_cores": 2, "memory_bytes": 2**34},
    "versions": {"python": "3.11.2", "torch": "2.13.0"},
    "settings": {},
}
ALL = [
    lifecycle(kind=kind, isolation=isolation)
    for isolation in Isolation
    for kind in (Kind.EMBEDDING, Kind.VISION)
]
NOT_STARTED = failed(Kind.VISION, Isolation.TRITON, "Triton did not start.")


def made(*lifecycles: Lifecycle, gpu: str | None = None, stopped: str | None = None) -> Report:
    return Report(ABOUT, gpu, lifecycles, recommend(lifecycles, models=10), stopped)


def test_the_json_has_every_cycle_and_what_follows_from_them() -> None:
    document = json.loads(json.dumps(report.as_json(made(*ALL))))
    assert len(document["lifecycles"]) == 6
    one = document["lifecycles"][0]
    assert [load["load_time_ms"] for load in one["loads"]] == [900, 300, 500]
    assert [load["cache_hit"] for load in one["loads"]] == [False, True, True]
    assert one["warm_load_ms"] == 400
    assert one["unloads"][0]["reclamation_percentage"] == 60
    assert one["verdicts"] == {"load_time": "excellent", "reclamation": "excellent", "leak": "pass"}
    assert document["recommendations"]["memory"][0]["reserve_mb"] == 150
    assert document["machine"]["cpu_cores"] == 2


def test_the_report_has_a_table_for_each_way_and_the_tables_of_verdicts() -> None:
    text = report.markdown(made(*ALL), "chart.svg")
    for isolation in Isolation:
        assert f"## {report.title(isolation)}" in text
    assert text.count("| embedding | 900 ms | 400 ms, excellent |") == 3
    assert "| 96 %, excellent | 2.0 MB, pass |" in text
    assert "](chart.svg)" in text
    for table in TABLES:
        for row in table.rows:
            assert f"| {row.range} | {row.verdict} | {row.action} |" in text


def test_every_line_of_a_table_has_as_many_cells() -> None:
    lines = [line for line in report.markdown(made(*ALL), "c.svg").splitlines() if line[:1] == "|"]
    assert {line.count("|") for line in lines} == {len(report.HEADS) + 1, 4}


def test_random_weights_are_said_to_be_random() -> None:
    assert any("Random weights" in note and "embedding as ViT-S/16" in note
               for note in report.notes(made(*ALL)))  # fmt: skip
    real = report.notes(made(lifecycle(random_weights=False)))
    assert not any("Random weights" in note for note in real)
    assert any(note == "From the disk: vision: ViT-S/16." for note in real)


def test_where_the_figures_come_from_is_said() -> None:
    notes = " ".join(report.notes(made(*ALL)))
    assert "Nothing was measured on a GPU." in notes
    assert "The runtime differs in Triton" in notes
    assert "After garbage collection alone it was: embedding 48 %, vision 48 %" in notes
    with_gpu = " ".join(report.notes(made(lifecycle(), gpu="H200", stopped="SIGINT")))
    assert "GPU: H200." in with_gpu
    assert "Stopped by SIGINT" in with_gpu
    assert "differs in Triton" not in with_gpu


def test_what_was_not_measured_is_a_dash_with_its_reason() -> None:
    broken = Lifecycle(Kind.DETECTION, "m", Isolation.TRITON, True, (), ())
    assert report.row(broken)[1:] == ["-"] * 9
    reason = report.markdown(made(*ALL[:1], NOT_STARTED), "c.svg")
    assert "`vision` was not measured: Triton did not start." in reason


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (4120.4, "ms", "4,120 ms"),
        (9.96, "MB", "10.0 MB"),
        (-0.25, "MB", "-0.2 MB"),
        (1234.5, "MB", "1,234 MB"),
        (99.6, "%", "100 %"),
        (None, "ms", "-"),
    ],
)
def test_figures_are_as_long_as_they_are_certain(value: float | None, unit: str, text: str) -> None:
    assert report.shown(value, unit) == text


def test_columns_stand_under_one_another() -> None:
    assert report.aligned([("kind", "load"), ("a", "4 ms")]) == "kind  load\na     4 ms"


def test_bad_verdicts_are_named() -> None:
    leaking = lifecycle(left_mb=(400, 430, 460), back=(10, 40, 40))
    assert report.bad([lifecycle(), leaking]) == [
        "vision, process: reclamation poor",
        "vision, process: leak fail",
    ]


def test_the_chart_has_a_bar_for_each_model_in_each_way() -> None:
    root = ElementTree.fromstring(report.drawn([*ALL[:-1], NOT_STARTED]))  # noqa: S314
    titles = [element.text or "" for element in root.iter("{http://www.w3.org/2000/svg}title")]
    assert titles.count("embedding, In process: 400 ms") == 1
    assert titles.count("vision, In Triton: not measured") == 4
    # Four panels of two kinds in three ways, and the legend.
    assert len(titles) == 4 * 2 * 3 + 3


def test_longer_bars_are_larger_figures() -> None:
    slow = lifecycle(kind=Kind.EMBEDDING, load_ms=(0, 800, 800))
    root = ElementTree.fromstring(report.drawn([slow, lifecycle()]))  # noqa: S314
    widths = {
        (rect[0].text or ""): float(rect.attrib["width"])
        for rect in root.iter("{http://www.w3.org/2000/svg}rect")
        if len(rect)
    }
    slow_width = widths["embedding, In process: 800 ms"]
    assert slow_width == 2 * widths["vision, In process: 400 ms"]
