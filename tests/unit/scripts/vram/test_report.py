"""The report as people and programs get it."""

import json

from scripts.vram.probe import Source
from scripts.vram.report import BenchmarkReport
from scripts.vram.result import BenchmarkResult
from scripts.vram.troubles import Trouble
from tests.processes import PROJECT

MB = 2**20
GOLDEN = PROJECT / "tests/data/vram_report.md"

RESULTS = (
    BenchmarkResult(
        name="clip-vit-l",
        category="embedding",
        estimated_bytes=800 * MB,
        baseline_bytes=412 * MB,
        weights="sha256:4433f16ebfa5c1f0aef0",
        load_s=6.1234,
        loaded_bytes=900 * MB,
        batch_1_bytes=932 * MB,
        largest_batch=8,
        largest_batch_bytes=1032 * MB,
        unload_s=0.31,
        left_bytes=64 * MB,
        trouble=Trouble.KEPT,
    ),
    BenchmarkResult(
        name="paddleocr",
        category="ocr",
        estimated_bytes=100 * MB,
        baseline_bytes=476 * MB,
        weights="stand-in",
        load_s=0.5,
        loaded_bytes=95 * MB,
        batch_1_bytes=96 * MB,
        largest_batch=4,
        largest_batch_bytes=98 * MB,
        unload_s=0.1,
        left_bytes=0,
        by_difference=True,
    ),
    BenchmarkResult(
        name="yolo-world-s",
        category="detection",
        estimated_bytes=1500 * MB,
        baseline_bytes=476 * MB,
        error="Out of memory: a | b <c>",
        trouble=Trouble.OUT_OF_MEMORY,
    ),
)
REPORT = BenchmarkReport(
    timestamp="2026-01-15T10:30:45+00:00",
    source=Source.NVIDIA_SMI,
    total_bytes=24564 * MB,
    baseline_bytes=412 * MB,
    results=RESULTS,
    wanted=4,
    notes=(Trouble.NVML_MISSING.text("Shared Library Not Found"), "Ended after 3 of 4 models."),
)


def test_the_markdown_is_as_it_was_agreed() -> None:
    assert REPORT.to_markdown() == GOLDEN.read_text()


def test_a_machine_without_a_gpu_is_told_at_the_top() -> None:
    report = BenchmarkReport("now", Source.HOST, 8000 * MB, 3000 * MB, RESULTS[1:2], 1)
    head = report.to_markdown().partition("## Model Results")[0]
    assert "**Source of the figures:** host memory of the models' processes" in head
    assert "**Host Total Memory:** 8,000 MB" in head
    assert "**Available for Models:** 5,000 MB" in head
    assert "**Stand-ins:** 1 of 1 models are networks with random weights" in head
    assert "**Not measured on a GPU:** host memory stands for its memory." in head
    assert "VRAM |" not in report.to_markdown()


def test_what_is_not_known_is_a_dash() -> None:
    report = BenchmarkReport("now", Source.NVML, None, None, RESULTS[2:], 1)
    text = report.to_markdown()
    assert "**Available for Models:** -" in text
    assert "- **Total VRAM (all models):** -" in text
    assert "- **Average load time:** -" in text


def test_each_row_says_what_its_weights_are() -> None:
    rows = [line for line in REPORT.to_markdown().splitlines() if line.startswith("| ")]
    results = {row.split("|")[1].strip(): row.split("|")[3].strip() for row in rows[1:4]}
    steps = {row.split("|")[1].strip(): row.split("|")[2].strip() for row in rows[5:8]}
    assert results == steps
    assert results == {
        "clip-vit-l": "sha256:4433f16e",
        "paddleocr": "stand-in",
        "yolo-world-s": "unknown",
    }


def test_programs_get_bytes_and_seconds() -> None:
    found = json.loads(json.dumps(REPORT.as_dict()))
    assert found["source"] == "nvidia-smi"
    assert found["available_bytes"] == (24564 - 412) * MB
    assert (found["all_models_bytes"], found["peak_bytes"]) == (1130 * MB, 1032 * MB)
    assert found["average_load_s"] == (6.1234 + 0.5) / 2
    clip, ocr, world = found["results"]
    assert (clip["success"], clip["actual_bytes"], clip["trouble"]) == (True, 1032 * MB, "kept")
    assert (ocr["weights"], ocr["trouble"], ocr["left_bytes"]) == ("stand-in", None, 0)
    assert (world["success"], world["load_s"], world["error"]) == (
        False,
        None,
        "Out of memory: a | b <c>",
    )
