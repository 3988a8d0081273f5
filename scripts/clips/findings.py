"""What was found, as files, as a table and as a document."""

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from scripts.clips.errors import CannotWrite
from scripts.zoo_models.configuration import STAND_IN

SHOT_HEADS = ("frame", "time", "score", "band", "file")
ANSWER_HEADS = ("frames", "time", "found", "answer")
_MOST_CLASSES = 3
_LONGEST_TEXT = 80


def save_shots(
    shots: Sequence[Any], fetch: Callable[[int], bytes], folder: Path
) -> tuple[Path, ...]:
    """Write the best frames, the best first by their names.

    Args:
        fetch: a frame's number → a JPEG file.

    Raises:
        CannotWrite: the folder or the disk refuses.
    """
    paths = tuple(folder / shot_name(rank, shot) for rank, shot in enumerate(shots, start=1))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path, shot in zip(paths, shots, strict=True):
            path.write_bytes(fetch(shot["frame"]))
    except OSError as error:
        raise CannotWrite(f"{folder} cannot be written: {error.strerror}.") from error
    return paths


def shot_name(rank: int, shot: Any) -> str:
    return f"{rank:02}-frame-{shot['frame']:04}-at-{shot['time_s']:.2f}s.jpg"


def shot_rows(shots: Sequence[Any], paths: Sequence[Path]) -> list[tuple[str, ...]]:
    return [
        (
            str(shot["frame"]),
            f"{shot['time_s']:.2f} s",
            f"{shot['score']:.2f}",
            shot["band"] or "-",
            str(path),
        )
        for shot, path in zip(shots, paths, strict=True)
    ]


def answer_rows(answers: Sequence[Any]) -> Iterator[tuple[str, ...]]:
    """A row per answer, and one per detection of it."""
    for answer in answers:
        frames = ranges(answer["frames"])
        first_s, last_s = answer["times_s"][0], answer["times_s"][-1]
        time = f"{first_s:.2f} s" if last_s == first_s else f"{first_s:.2f} to {last_s:.2f} s"
        yield frames, time, "", summary(answer["result"])
        for found in answer.get("detections", ()):
            what = f"{found['label']} {found['score']:.2f}"
            yield frames, time, what, summary(found["result"])


def stand_ins(infer: Any) -> list[str]:
    """Names of the models asked whose weights were drawn, and not trained."""
    asked = (infer["model"], infer["detector"])
    return [model["name"] for model in asked if model and model["weights"] == STAND_IN]


def ranges(numbers: Sequence[int]) -> str:
    """0, 1, 2 and 5 as `0-2,5`."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return ",".join(str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs)


def summary(result: Any) -> str:
    """A model's answer in a line: what is likely, what was read, or the beginning of it all."""
    if "classes" in result:
        return _likely(result["classes"][:_MOST_CLASSES])
    if "objects" in result:
        return _likely(result["objects"]) or "nothing found"
    for name in ("text", "score"):
        if name in result:
            return str(result[name])
    text = json.dumps({name: value for name, value in result.items() if name != "task"})
    return text if len(text) <= _LONGEST_TEXT else f"{text[: _LONGEST_TEXT - 1]}…"


def _likely(found: Sequence[Any]) -> str:
    return ", ".join(f"{one['label']} {one['score']:.2f}" for one in found)
