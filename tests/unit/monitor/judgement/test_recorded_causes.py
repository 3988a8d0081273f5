"""Recordings of a real Triton (scripts/record_causes.py), each with something that holds it up."""

from pathlib import Path

import pytest

from monitor.judgement.observer import Observer
from monitor.judgement.verdict import load_thresholds
from monitor.observation import Observation
from monitor.output.recording import read
from scripts.record_causes import CASES, FOLDER

MOST_BYTES, MOST_SAMPLES = 60_000, 20

EXPECTED = {
    "one_instance": ("instances_bound", "Requests wait for a free instance of one_instance"),
    "slow_model": ("instances_bound", "Requests wait for a free instance of slow_model."),
    "queue_delay": ("under_driven", "Requests wait for queue_delay although its instances are"),
    "few_requests": ("under_driven", "Triton has little to do and nothing waits for long in it"),
    "stalled_model": ("stalled", "stalled_model stands still: requests wait, and for "),
    "full_gateway": ("gateway_bound", "The machine's processors are full, most of them with the"),
    "large_pictures": ("preprocessing_bound", "The machine's processors are full, most of them"),
}


def observed(name: str) -> list[Observation]:
    observer = Observer(load_thresholds())
    return [observer.observe(sample) for sample in read(FOLDER / f"{name}.jsonl").samples]


@pytest.mark.parametrize("name", CASES)
def test_what_was_brought_about_is_what_is_found(name: str) -> None:
    code, beginning = EXPECTED[name]
    last = observed(name)[-1].diagnosis
    assert (last.code, last.sentence[: len(beginning)]) == (code, beginning)
    assert last.evidence


@pytest.mark.parametrize("name", CASES)
def test_no_other_cause_is_named_on_the_way(name: str) -> None:
    found = {observation.diagnosis.code for observation in observed(name)}
    assert found <= {EXPECTED[name][0], "insufficient_evidence"}


def test_a_stalled_model_is_overloaded() -> None:
    assert observed("stalled_model")[-1].verdict.level == "overloaded"


def test_few_requests_are_healthy() -> None:
    assert {one.verdict.level for one in observed("few_requests")} <= {"unknown", "healthy"}


def test_an_instance_loses_time_between_two_batches() -> None:
    sentence = observed("one_instance")[-1].diagnosis.sentence
    assert "% of its time between two batches" in sentence


@pytest.mark.parametrize("file", sorted(FOLDER.glob("*.jsonl")), ids=lambda file: file.stem)
def test_a_recording_is_small_and_names_no_place(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    assert file.stat().st_size <= MOST_BYTES
    assert len(read(file).samples) <= MOST_SAMPLES
    assert str(Path.home()) not in text


def test_each_case_has_its_recording() -> None:
    assert {file.stem for file in FOLDER.glob("*.jsonl")} == set(CASES) == set(EXPECTED)
