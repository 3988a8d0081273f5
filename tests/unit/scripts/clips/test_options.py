"""What the command line of scripts.clip understands, and what it refuses."""

from pathlib import Path

import pytest

from scripts.clips import options
from scripts.clips.errors import UsageError
from scripts.clips.options import Options, read


@pytest.fixture
def video(tmp_path: Path) -> Path:
    path = tmp_path / "door.mp4"
    path.write_bytes(b"film")
    return path


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "one.JPG"
    path.write_bytes(b"picture")
    return path


def given(*arguments: object, **environment: str) -> Options:
    return read([str(argument) for argument in arguments], environment)


def test_a_video_alone_leaves_the_sampling_to_the_gateway(video: Path) -> None:
    found = given(video)
    assert found.sampling == {}
    assert found.out == options.CLIPS / "door"
    assert (found.key, found.infer, found.top) == (None, None, 3)


def test_frames_and_rates_become_the_query(video: Path) -> None:
    assert given(video, "--frames", 64).sampling == {"frames": "64"}
    assert given(video, "--fps", 0.5).sampling == {"fps": "0.5"}


def test_the_key_is_read_from_its_file_before_the_environment(video: Path, tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text("fg_file\n")
    assert given(video, "--key-file", file, FRAMEGATE_API_KEY="fg_variable").key == "fg_file"
    found = given(video, FRAMEGATE_API_KEY="fg_variable")
    assert found.key == "fg_variable"
    assert "fg_variable" not in repr(found)


def test_a_key_that_is_none_is_not_shown(video: Path) -> None:
    with pytest.raises(UsageError) as error:
        given(video, FRAMEGATE_API_KEY="fg_half of it")
    assert "half" not in str(error.value)


@pytest.mark.parametrize(
    ("flags", "sentence"),
    [
        (["--detector", "d"], "are for --infer"),
        (["--option", "a=b"], "are for --infer"),
        (["--url", "127.0.0.1:8000"], "--url is as in"),
        (["--ca", "/no/where"], "no file /no/where"),
        (["--key-file", "/no/where"], "/no/where cannot be read"),
    ],
)
def test_flags_that_do_not_go_together_are_refused(
    video: Path, flags: list[str], sentence: str
) -> None:
    with pytest.raises(UsageError, match=sentence):
        given(video, *flags)


@pytest.mark.parametrize(
    "flags",
    [
        ["--frames", "0"],
        ["--fps", "nan"],
        ["--fps", "1001"],
        ["--frames", "3", "--fps", "3"],
        ["--option", "a"],
    ],
)
def test_numbers_out_of_bounds_are_refused(video: Path, flags: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        given(video, *flags)
    assert ended.value.code == 2


def test_files_are_one_video_or_pictures(video: Path, picture: Path, tmp_path: Path) -> None:
    assert given(picture, picture, "--fps", 4).sampling == {"fps": "4"}
    with pytest.raises(UsageError, match="one video, or pictures"):
        given(video, picture)
    with pytest.raises(UsageError, match="of a burst all pictures are kept"):
        given(picture, "--frames", 4)
    with pytest.raises(UsageError, match="No such file"):
        given(tmp_path / "gone.mp4")
    (tmp_path / "empty.mp4").touch()
    with pytest.raises(UsageError, match="is empty"):
        given(tmp_path / "empty.mp4")
