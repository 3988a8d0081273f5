"""The command line of scripts.benchmark_video_memory."""

from pathlib import Path

import pytest

from scripts.lifecycle.errors import UsageError
from scripts.video_memory import options
from scripts.video_memory.sizes import PRESETS


def test_without_flags_it_is_the_small_preset() -> None:
    given = options.read([])
    assert given.sizes == PRESETS["small"]
    assert (given.preset, given.device, given.pinned, given.stage_log, given.out) == (
        *("small", None, False, False),
        None,
    )


def test_flags_change_the_preset_they_are_given_with() -> None:
    flags = (
        "--preset seed --clips 30 --detections 3 --frame-size 640x360 --dtype float16 "
        "--pinned --stage-log --out there"
    )
    given = options.read(flags.split())
    sizes = given.sizes
    assert (sizes.clips, sizes.detections, sizes.width, sizes.height) == (30, 3, 640, 360)
    assert sizes.dtype == "float16"
    assert (sizes.patch_size, sizes.questions) == (448, 16)
    assert given.pinned
    assert given.stage_log
    assert given.out == Path("there")


def test_fewer_clips_than_questions_are_each_asked_about_unless_questions_are_named() -> None:
    assert options.read(["--clips", "2"]).sizes.questions == 2
    with pytest.raises(UsageError, match="--questions 3 asks about more than --clips"):
        options.read(["--clips", "2", "--questions", "3"])


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        ("--clips 0", "--clips must be 1 or more"),
        ("--micro-batch -1", "--micro-batch must be 1 or more"),
        ("--detections -1", "--detections must be 0 or more"),
        ("--frame-size 0x10", "--width must be 1 or more"),
        ("--hidden 100", "no multiple of 64"),
        ("--patch-size 100", "--patch-size 100 is no multiple of --token-size 32"),
        ("--device cpu --pinned", "--pinned is for a GPU"),
    ],
)
def test_what_does_not_go_together_is_refused(flags: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        options.read(flags.split())


def test_a_frame_size_is_two_numbers(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        options.read(["--frame-size", "big"])
    assert "say WIDTHxHEIGHT" in capsys.readouterr().err
