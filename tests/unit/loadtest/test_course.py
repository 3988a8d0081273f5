"""The forms of a run beyond the plan, each as a process."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

BRISK = ("--think-time", "0.2", "--stage-duration", "1", "--warmup", "0", "--min-samples", "0")
ROOT = Path(__file__).resolve().parents[3]
WITHIN_S = 60.0


@pytest.fixture
def finished(
    start_gateway: Callable[..., Any], loadtest_process: Callable[..., Any], tmp_path: Path
) -> Callable[..., tuple[int, dict[str, Any], str]]:
    """Runs the load tester to its end: exit code, summary, both outputs."""

    def run(*arguments: str, **settings: str) -> tuple[int, dict[str, Any], str]:
        folder = tmp_path / "run"
        process = loadtest_process(
            *("--host", start_gateway().url, "--run-dir", str(folder), *BRISK, *arguments),
            **settings,
        )
        out, err = process.communicate(timeout=WITHIN_S)
        assert "Traceback" not in err, err
        summary = folder / "summary.json"
        document = json.loads(summary.read_text()) if summary.exists() else {}
        return process.returncode, document, out + err

    return run


@pytest.mark.parametrize("processes", ["1", "2"])
def test_a_burst_is_one_frame_of_every_camera_at_once(
    finished: Callable[..., Any], processes: str
) -> None:
    code, document, output = finished(
        "--burst", "--stages=5,12", "--no-monitor", f"--processes={processes}"
    )
    assert code == 0, output
    stages = [(s["kind"], s["users"], s["requests"]) for s in document["stages"]]
    assert stages == [("burst", 5, 5), ("burst", 12, 12)]
    assert document["totals"]["sent_with_warmups"] == 17
    assert "of a burst of 12 frames 12 were answered" in output


def test_one_camera_comes_first_and_few_last(finished: Callable[..., Any]) -> None:
    code, document, output = finished(
        "--stages=4,8", "--baseline=1", "--recovery=1", "--no-monitor"
    )
    assert code == 0, output
    stages = [(stage["kind"], stage["users"]) for stage in document["stages"]]
    assert stages == [("baseline", 1), ("stage", 4), ("stage", 8), ("recovery", 4)]
    assert document["recovery"]["sentence"] in output


def test_an_objective_that_is_missed_is_exit_code_3(finished: Callable[..., Any]) -> None:
    code, document, output = finished("6", "--slo", "success>=99,med<0.001", "--no-monitor")
    assert code == 3, output
    assert [objective["met"] for objective in document["stages"][0]["objectives"]] == [True, False]
    assert "med<0.001 missed at 6 cameras" in output


def test_too_few_samples_for_an_objective_are_exit_code_4(finished: Callable[..., Any]) -> None:
    code, _, output = finished("3", "--slo", "p(99)<500", "--no-monitor")
    assert code == 4, output
    assert "insufficient samples" in output


def test_a_file_that_cannot_be_written_costs_no_other(
    start_gateway: Callable[..., Any], tmp_path: Path
) -> None:
    # No file may grow beyond 14 blocks of 1,024 bytes, as on a disk that is full.
    command = [sys.executable, "-m", "loadtest", "3", "--host", start_gateway().url]
    command += ["--run-dir", str(tmp_path / "run"), "--no-monitor", *BRISK]
    command += ["--baseline=0", "--recovery=0"]
    done = subprocess.run(
        ["bash", "-c", 'ulimit -f 14; exec "$@"', "bash", *command],
        cwd=ROOT, capture_output=True, text=True, timeout=WITHIN_S, check=False,
    )  # fmt: skip
    written = sorted(path.name for path in (tmp_path / "run").iterdir())
    assert done.returncode == 1, done.stderr
    assert "report.html (File too large)" in done.stdout
    assert written == ["stages.csv", "summary.json", "timeseries.csv"]
    assert "Total Requests:" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("-u", "5", "--stages", "6"), "--users is one stage"),
        (("--slo", "speed<5"), "none of the aggregates"),
        (("--burst", "--find-breaking-point"), "exclude each other"),
    ],
)
def test_locust_s_own_command_line_refuses_what_cannot_be(
    arguments: tuple[str, ...], words: str
) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "locust", "-f", "loadtest/", "--headless", *arguments],
        cwd=ROOT, capture_output=True, text=True, timeout=WITHIN_S, check=False,
    )  # fmt: skip
    assert done.returncode == 2, done.stderr
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_an_unknown_section_of_thresholds_is_named(finished: Callable[..., Any]) -> None:
    code, document, output = finished("2", "--thresholds=moon", "--no-monitor")
    assert (code, document) == (1, {})
    assert "has no profile [moon]" in output
