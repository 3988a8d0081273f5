"""Progress in words, and on a terminal that is none."""

from pathlib import Path
from typing import Any

import pytest

from scripts.clips.progress import job_words, shown, upload_words

JOB = {"state": "running", "done": 12, "of": 32, "percent": 37.5, "eta_s": 2.4}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "12 of 32, 38 %, 2 s left"),
        ({"eta_s": None}, "12 of 32, 38 %"),
        ({"eta_s": 300}, "12 of 32, 38 %, 5 min left"),
        ({"of": None, "percent": None}, "12"),
        ({"of": None, "percent": None, "done": 0}, ""),
        ({"state": "queued"}, "waiting for its turn"),
        ({"state": "failed"}, "failed"),
    ],
)
def test_a_job_in_words_says_nothing_that_nobody_knows(changes: dict[str, Any], words: str) -> None:
    assert job_words(JOB | changes) == words


def test_an_upload_in_words() -> None:
    assert upload_words(1_000_000, 4_000_000, 6.2) == "1.0 of 4.0 MB, 25 %, 6 s left"
    assert upload_words(4_000_000, 4_000_000, 0.0) == "4.0 of 4.0 MB, 100 %"


def test_without_a_terminal_each_quarter_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    with shown() as progress:
        on_bytes = progress.upload([Path("door.mp4")])
        for done in range(0, 1_000_001, 1000):
            on_bytes(done, 1_000_000)
        on_job = progress.job("Decoding")
        on_job(JOB)
        on_job(JOB | {"percent": 49.0})
    out, err = capsys.readouterr()
    assert out == ""
    assert [line.split(" MB, ")[-1] for line in err.splitlines()] == [
        *("0 %", "25 %", "50 %", "75 %", "100 %"),
        "Decoding: 12 of 32, 38 %, 2 s left",
    ]
