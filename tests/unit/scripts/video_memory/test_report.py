"""What was measured, for people and for programs."""

import dataclasses
import json
import xml.etree.ElementTree as ElementTree

from scripts.video_memory import report, words
from scripts.video_memory.memory import DeviceMemory
from scripts.video_memory.result import Stage
from tests.unit.scripts.video_memory.doubles import CLEAN, MB, memory, result

ABOUT = {
    "date": "2026-11-22T02:00:00+00:00",
    "machine": {"cpu_model": "EPYC", "cpu_cores": 2, "memory_bytes": 2**34},
    "versions": {"python": "3.11.2"},
}
STANDS_FOR = "host memory standing for a GPU's"


def test_the_original_s_figures_stand_beside_those_measured() -> None:
    assert words.compared(result()) == [
        ["at most, frames on the device", "46 GB", "480 MB"],
        ["at most, frames in host memory", "23 GB", "240 MB"],
        ["host to device", "0.50", "0.50"],
        ["handing over, a clip", "50–100 ms", "12.0 ms (12.0–12.0)"],
        ["slower", "under 5 %", "4.0 % (3.0 to 8.0)"],
    ]


def test_memory_is_shown_by_clips_in_both_ways() -> None:
    assert words.memory_rows(result()) == [
        ["2", "320 MB", "360 MB", "200 MB", "240 MB"],
        ["4", "440 MB", "480 MB", "200 MB", "240 MB"],
    ]


def test_what_came_out_is_said() -> None:
    equality, ratio, growth, speed, errors = words.verdicts(result())
    assert equality == "All 9 answers that were compared are the same to the last bit."
    assert "is 0.50 of what it is" in ratio
    assert "not less than the original's 0.50" in ratio
    assert "grows by 60.0 MB with frames on the device" in growth
    assert "by 0.0 MB with frames in host memory" in growth
    assert (
        "4.0 % (3.0 to 8.0) slower, with the middle half of the questions on both sides of the "
        "original's 5 %."
    ) in speed
    assert "handing over is 12.0 ms" in speed
    assert "nothing is left on the device (0.0 MB more than before)" in errors


def test_processor_time_is_shown_where_it_is_known() -> None:
    worked = [
        dataclasses.replace(one, device_processor_ms=1000, host_processor_ms=1100)
        for one in result().questions
    ]
    found = result(questions=worked)
    assert words.compared(found)[-1] == ["more processor time", "-", "10.0 % (10.0 to 10.0)"]
    assert "10.0 % (10.0 to 10.0) more processor time" in words.verdicts(found)[4]
    assert "not under 5 %" in words.verdicts(found)[4]


def test_what_is_hardly_slower_is_under_the_original_s_limit() -> None:
    quick = [dataclasses.replace(one, host_ms=1010) for one in result().questions]
    speed = words.verdicts(result(questions=quick))[3]
    assert "1.0 % (1.0 to 1.0) slower, under the original's 5 %" in speed


def test_what_went_wrong_is_said() -> None:
    bad = dataclasses.replace(CLEAN, left_bytes=9 * MB, clips_in_use=2, same_answer=False)
    slow = [dataclasses.replace(one, host_ms=2 * one.device_ms) for one in result().questions]
    said = words.verdicts(result(different=3, errors=bad, questions=slow))
    assert "3 of 9 answers that were compared are not the same" in said[0]
    assert "100.0 % (100.0 to 100.0) slower, not under the original's 5 %" in said[3]
    assert "left 9.0 MB on the device and 2 clips in use" in said[4]
    assert "another one" in said[4]


def test_host_memory_is_never_called_a_gpu_s() -> None:
    here = result()
    shown = [
        report.terminal(here),
        report.markdown(here, ABOUT),
        report.drawn(here).replace("&apos;", "'"),
        report.as_json(here, ABOUT)["memory_is"],
        words.stage(here.stages[0], here.gpu),
    ]
    assert all(STANDS_FOR in text for text in shown)
    assert "Nothing was measured on a GPU" in report.markdown(here, ABOUT)
    there = result(gpu="NVIDIA Something")
    assert STANDS_FOR not in report.markdown(there, ABOUT)
    assert "GPU: NVIDIA Something" in report.markdown(there, ABOUT)
    assert "random weights" in report.markdown(there, ABOUT)


def test_the_stage_log_has_the_original_s_form() -> None:
    stage = Stage("after detector loaded", memory(512, 512))
    assert words.stage(stage, "GPU") == (
        "[VRAM after detector loaded] allocated 0.50 GB | reserved 0.50 GB"
    )
    unknown = Stage("after model loaded", DeviceMemory(None, 2**30, 2**30))
    assert words.stage(unknown, None) == (
        f"[VRAM after model loaded] allocated - | reserved 1.00 GB ({STANDS_FOR})"
    )


def test_the_json_has_every_question_and_point() -> None:
    document = json.loads(json.dumps(report.as_json(result(), ABOUT)))
    assert document["peak_bytes"] == {"device": 480 * MB, "host": 240 * MB}
    assert [one["host_ms"] for one in document["questions"]] == [1040, 1030, 1080]
    assert [(one["place"], one["clips"]) for one in document["points"]] == [
        *(("host", 2), ("host", 4)),
        *(("device", 2), ("device", 4)),
    ]
    assert document["answers"] == {"compared": 9, "different": 0}
    assert document["errors"]["clean"] is True
    assert document["original"]["peak_ratio"] == 0.5
    assert document["gpu"] is None


def test_the_chart_has_a_bar_for_each_way_and_number_of_clips() -> None:
    drawn = report.drawn(result())
    whole = ElementTree.fromstring(drawn)  # noqa: S314 - this project's own
    titles = [node.text for node in whole.iter() if node.tag.endswith("title")]
    assert "4 clips, frames on the device: 480 MB" in titles
    assert "4 clips, frames in host memory: 240 MB" in titles
    assert "2 clips, frames on the device: 160 MB" in titles  # beyond the models
