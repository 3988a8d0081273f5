"""What was found, for people."""

from pathlib import Path
from typing import Any

import pytest

from scripts.clips.errors import CannotWrite
from scripts.clips.findings import answer_rows, ranges, save_shots, summary

SHOT = {"frame": 12, "time_s": 6.0, "score": 0.81, "band": "good"}
CAT = {"task": "classification", "classes": [{"label": "cat", "score": 0.9}]}


@pytest.mark.parametrize(
    ("numbers", "text"), [([3], "3"), ([0, 1, 2, 5], "0-2,5"), ([1, 3, 4], "1,3-4"), ([], "")]
)
def test_frames_that_follow_one_another_are_a_range(numbers: list[int], text: str) -> None:
    assert ranges(numbers) == text


def test_an_answer_has_a_row_and_each_detection_one() -> None:
    box = {"x": 0, "y": 0, "width": 1, "height": 1}
    seen = {"label": "animal", "score": 0.7, "box": box, "result": CAT}
    one = {"frames": [4], "times_s": [2.0], "result": CAT, "detections": [seen]}
    window = {"frames": [0, 1, 2], "times_s": [0.0, 0.5, 1.0], "result": CAT}
    assert list(answer_rows([one, window])) == [
        ("4", "2.00 s", "", "cat 0.90"),
        ("4", "2.00 s", "animal 0.70", "cat 0.90"),
        ("0-2", "0.00 to 1.00 s", "", "cat 0.90"),
    ]


@pytest.mark.parametrize(
    ("result", "text"),
    [
        (CAT, "cat 0.90"),
        ({"task": "detection", "objects": []}, "nothing found"),
        ({"task": "ocr", "text": "EXIT", "score": 0.5}, "EXIT"),
        ({"task": "quality", "score": 41.2}, "41.2"),
        ({"task": "depth", "nearest": 1}, '{"nearest": 1}'),
    ],
)
def test_an_answer_is_told_in_a_line(result: dict[str, Any], text: str) -> None:
    assert summary(result) == text


def test_a_long_answer_is_cut() -> None:
    assert len(summary({"task": "embedding", "embedding": [0.5] * 512})) == 80


def test_frames_are_saved_under_names_that_sort_as_they_rank(tmp_path: Path) -> None:
    shots = [SHOT, SHOT | {"frame": 3, "time_s": 1.5}]
    paths = save_shots(shots, lambda number: b"jpeg %d" % number, tmp_path / "best")
    assert [path.name for path in paths] == [
        "01-frame-0012-at-6.00s.jpg",
        "02-frame-0003-at-1.50s.jpg",
    ]
    assert [path.read_bytes() for path in paths] == [b"jpeg 12", b"jpeg 3"]


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(CannotWrite, match="cannot be written"):
        save_shots([SHOT], lambda _number: b"", tmp_path / "file")
