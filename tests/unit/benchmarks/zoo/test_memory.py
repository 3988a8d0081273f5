"""The memory of models over time."""

import os
from pathlib import Path

import pytest

from benchmarks.zoo.memory import Sample, model_of, pss_bytes, read, sampling, summary
from tests.processes import wait_until

MB = 2**20


def test_a_summary_finds_the_most_and_how_long_it_was_over_the_budget() -> None:
    samples = [
        Sample(0.0, {"a": 60 * MB}),
        Sample(0.1, {"a": 60 * MB, "b": 50 * MB}),
        Sample(0.4, {"b": 50 * MB}),
        Sample(0.5, {"a": 90 * MB, "b": 9 * MB}),
        Sample(0.6, {}),
    ]
    found = summary(samples, budget_mb=100)
    assert found is not None
    assert (found.samples, found.most_mb) == (5, 110)
    assert found.over_budget_s == pytest.approx(0.3)
    assert found.longest_gap_s == pytest.approx(0.3)
    assert found.most_mb_by_model == {"a": 90, "b": 50}


def test_the_budget_itself_may_be_used_to_the_last_byte() -> None:
    full = [Sample(0.0, {"a": 100 * MB}), Sample(1.0, {"a": 100 * MB})]
    found = summary(full, budget_mb=100)
    assert found is not None
    assert found.over_budget_s == 0


def test_nothing_seen_is_not_known_rather_than_zero() -> None:
    assert summary([], budget_mb=100) is None


def test_a_model_is_known_by_its_process_and_by_its_repository() -> None:
    stub = b"/b/triton_python_backend_stub"
    model = b"/r/models/yolo_11.x/1/model.py"
    line = b"\0".join([stub, model, b"shm", b"1", b"yolo_11.x_0_0", b"DEFAULT"]) + b"\0"
    assert model_of(line, Path("/r/models")) == "yolo_11.x"
    assert model_of(line, Path("/r/model")) is None
    assert model_of(line.replace(stub, b"/bin/python"), Path("/r/models")) is None
    assert model_of(b"", Path("/r/models")) is None


def test_a_process_that_has_ended_holds_nothing() -> None:
    assert pss_bytes(os.getpid()) > MB
    assert pss_bytes(2**22 + 1) == 0


def test_the_sampler_writes_until_it_is_stopped(tmp_path: Path) -> None:
    file = tmp_path / "samples"
    with sampling(tmp_path, file) as samples:
        wait_until(lambda: len(read(file)) > 2)
    times_s = [sample.at_s for sample in samples]
    assert len(times_s) > 2
    assert times_s == sorted(times_s)
    assert samples[0].bytes_by_model == {}


def test_a_line_that_was_cut_off_is_left_out(tmp_path: Path) -> None:
    file = tmp_path / "samples"
    file.write_text('[1.0, {"a": 5}]\n[1.1, {"a"')
    assert read(file) == [Sample(1.0, {"a": 5})]
