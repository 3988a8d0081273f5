"""What the operator reads."""

import json
from datetime import date

from loadtest._analysis._hardware import Hardware
from scripts.tuning.plan import Findings
from scripts.tuning.points import Batching
from scripts.tuning.report import (
    HEADINGS,
    as_json,
    described,
    disturbance,
    header,
    row,
    table,
    verdict,
)
from tests.unit.scripts.tuning.measurements import ALONE, GATEWAY, START, measured, plan

HARDWARE = Hardware(cpu_model="Quick CPU", cpu_cores=2, memory_bytes=8_000_000_000)
BEST = Batching(1, 8, 0)


def findings() -> Findings:
    made = Findings()
    refused = Batching(4, 8, 0)
    made.points = {START: measured(180, 60), BEST: measured(200, 50, p50_ms=40), refused: None}
    made.finalists = [BEST, START]
    made.rounds = {
        (BEST, GATEWAY): [measured(210, 48, p50_ms=39.5)],
        (BEST, ALONE): [measured(90, 11)],
        (START, GATEWAY): [measured(175, 62)],
        (START, ALONE): [measured(88, 12)],
    }
    return made


def test_a_row_has_a_figure_under_each_heading() -> None:
    cells = row(BEST, GATEWAY, measured(200.04, 50, p50_ms=40)).split()
    assert " ".join(cells) == "1 8 0 16 over 4 200.0 40.0 50.0 4.0 2.50 100 0.0"
    assert len(row(BEST, GATEWAY, measured(1, 1))) == len(HEADINGS)


def test_failures_and_refusals_are_in_the_row() -> None:
    assert row(BEST, GATEWAY, None).endswith("Triton refused it")
    assert row(BEST, GATEWAY, measured(1, None, failed=3)).endswith("3 failed")


def test_the_table_has_every_point_fastest_first_and_the_finalists_under_each_load() -> None:
    lines = table(findings(), plan()).splitlines()
    begin = lines.index(HEADINGS) + 1
    assert [line.split()[0] for line in lines[begin : begin + 3]] == ["1", "2", "4"]
    again = lines[lines.index("Measured again, medians:") + 2 :]
    assert [(line.split()[0], line.split()[6]) for line in again] == [
        ("1", "210.0"), ("1", "90.0"), ("2", "175.0"), ("2", "88.0"),
    ]  # fmt: skip


def test_the_verdict_sets_the_winner_beside_what_is_configured() -> None:
    assert verdict(findings(), plan(), BEST, START) == (
        "Best: instances 1, largest batch 8, delay 0 us: 210 frames/s, p50 39.5 ms, p95 48.0 ms.\n"
        "Now:  instances 2, largest batch 8, delay 0 us: 175 frames/s, p50 - ms, p95 62.0 ms."
    )
    assert "configured now" in verdict(findings(), plan(), START, START)


def test_where_nothing_meets_the_objective_the_verdict_says_what_would() -> None:
    text = verdict(findings(), plan(objective_ms=20), None, START)
    assert text.splitlines() == [
        "Nothing has a p95 of 20 ms or less with 16 frames in flight over 4 connections.",
        f"Nearest: {described(BEST)}: 210 frames/s, p50 39.5 ms, p95 48.0 ms.",
        "It meets the objective with 1 frames in flight over 1 connections.",
        "Use more or faster cores, fewer frames (--in-flight), or another --objective-ms.",
    ]
    assert "It meets" not in verdict(findings(), plan(objective_ms=5), None, START)


def test_an_interruption_before_the_first_point_is_no_miss() -> None:
    assert verdict(Findings(), plan(), None, START) == "Nothing was measured."


def test_a_machine_that_is_not_idle_is_warned_of() -> None:
    quiet, busy = measured(1, 1, other_cores=0.05), measured(1, 1, other_cores=0.75)
    assert disturbance(Findings()) is None
    assert disturbance(Findings(points={START: quiet, BEST: None})) is None
    warning = disturbance(Findings(points={START: quiet, BEST: busy}))
    assert warning == "Other processes kept 0.4 cores busy meanwhile: measure again without them."


def test_the_header_names_machine_date_and_figures() -> None:
    lines = header(findings(), plan(), BEST, START, HARDWARE, date(2026, 11, 21))
    assert lines == [
        "Found by `make tune` on 2026-11-21 on Quick CPU, 2 cores.",
        "16 frames in flight over 4 connections, objective p95 100 ms:",
        "210 frames/s, p50 39.5 ms, p95 48.0 ms, 2.50 ms CPU per frame, 100 MB.",
        "As config.pbtxt has it: 175 frames/s, p50 - ms, p95 62.0 ms.",
    ]
    found = findings()
    assert len(header(found, plan(), START, START, HARDWARE, date(2026, 11, 21))) == 3
    found.points[START] = measured(180, 60, other_cores=1.5)
    assert "Other processes" in header(found, plan(), START, START, HARDWARE, date.max)[3]


def test_the_json_has_all_figures_and_none_for_what_is_unknown() -> None:
    found = json.loads(json.dumps(as_json(findings(), plan(), BEST, HARDWARE)))
    assert found["machine"]["cpu_cores"] == 2
    assert found["plan"]["load"] == {"connections": 4, "frames": 16}
    assert found["points"][2] == {
        "instances": 4,
        "max_batch_size": 8,
        "max_queue_delay_us": 0,
        "measured": None,
    }
    assert found["finals"][0]["measured"]["frames_per_s"] == 210
    assert found["finals"][0]["measured"]["mean_batch"] == 4
    assert found["winner"] == {"instances": 1, "max_batch_size": 8, "max_queue_delay_us": 0}
    assert as_json(Findings(), plan(), None, HARDWARE)["winner"] is None
