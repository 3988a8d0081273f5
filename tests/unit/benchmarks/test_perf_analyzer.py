"""What perf_analyzer writes is read, and what it may leave is removed."""

import os
from pathlib import Path

import pytest

from benchmarks import perf_analyzer
from benchmarks.perf_analyzer import NotRun, read_table, sweep_segments

TABLE = [
    "Concurrency,Inferences/Second,Client Send,p50 latency,p90 latency,p95 latency,p99 latency",
    "16,1158.4,3880,10179,28166,33971,48856",
]


def test_microseconds_become_milliseconds() -> None:
    assert read_table(TABLE) == (1158.4, 10.179, 33.971, 48.856)


def test_only_segments_of_this_run_are_removed(tmp_path: Path) -> None:
    for name, at_s in (("image_0_1", 100), ("score", 100), ("measures", 50), ("framegate_1", 100)):
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (at_s, at_s))
    sweep_segments(99, folder=tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"measures", "framegate_1"}


def test_a_program_that_does_not_start_is_not_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(perf_analyzer, "FOLDER", tmp_path)
    (tmp_path / ".installed").touch()
    with pytest.raises(NotRun, match="does not start here: No such file"):
        perf_analyzer.install()
