"""The command line of scripts.clip."""

import argparse
import math
import os
import urllib.parse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from scripts._stack import PROJECT
from scripts.clips.errors import UsageError

CLIPS = PROJECT / "var/clips"
KEY_VARIABLE = "FRAMEGATE_API_KEY"
PICTURES = {
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".png": "image/png",
    ".webp": "image/webp",
}
BEST, ALL = "best", "all"

_DESCRIPTION = """\
Send a video (MP4, WebM, Motion-JPEG) or a burst of pictures (JPEG, PNG, WebP) to the gateway,
have its frames decoded and scored, and save the best ones as JPEGs. The gateway keeps the frames
in memory; they are deleted at the end.
"""
_EPILOG = f"""\
examples:
  python -m scripts.clip door.mp4
  python -m scripts.clip door.mp4 --fps 4 --top 5 --face --out best/
  python -m scripts.clip burst/*.jpg --face
  python -m scripts.clip door.mp4 --infer vit-age-classifier --detector yolo11-face
  python -m scripts.clip door.mp4 --json | jq .best_shot.shots

Progress goes to standard error, what was found to standard output. An API key is read from
--key-file, else from {KEY_VARIABLE}.

exit codes: 0 done, 1 the gateway or a file says no, 2 wrong flags,
130 stopped by Ctrl-C: the job is cancelled and the clip deleted.
"""


@dataclass(frozen=True)
class Options:
    """What is asked for.

    Attributes:
        files: one video, or pictures in their order.
        sampling: the query of the upload.
        infer_frames: BEST, ALL, or numbers and ranges.
        infer_options: of the model, by name.
        url: of the gateway, without a slash at its end.
        ca: certificates to trust instead of the system's.
        out: the folder for the best frames.
    """

    files: tuple[Path, ...]
    sampling: Mapping[str, str]
    top: int
    distance_s: float
    face: bool
    infer: str | None
    detector: str | None
    infer_frames: str
    infer_options: Mapping[str, str]
    url: str
    key: str | None = field(repr=False)
    ca: Path | None
    out: Path
    as_json: bool
    keep: bool


def read(arguments: Sequence[str] | None, environment: Mapping[str, str] = os.environ) -> Options:
    """
    Raises:
        UsageError: flags or files that do not go together.
        SystemExit: as argparse has it.
    """
    given = _parser().parse_args(arguments)
    files = tuple(given.files)
    _check_files(files)
    if given.frames is not None and is_picture(files[0]):
        raise UsageError("--frames is for a video: of a burst all pictures are kept.")
    if given.infer is None and (given.detector or given.infer_frames or given.option):
        raise UsageError("--detector, --infer-frames and --option are for --infer.")
    if given.ca is not None and not given.ca.is_file():
        raise UsageError(f"There is no file {given.ca}.")
    sampling = {"frames": given.frames, "fps": given.fps}
    return Options(
        files=files,
        sampling={name: f"{value:.12g}" for name, value in sampling.items() if value is not None},
        top=given.top,
        distance_s=given.distance_s,
        face=given.face,
        infer=given.infer,
        detector=given.detector,
        infer_frames=given.infer_frames or ALL,
        infer_options=dict(given.option or ()),
        url=_address(given.url),
        key=_key(given.key_file, environment),
        ca=given.ca,
        out=given.out or CLIPS / files[0].stem,
        as_json=given.json,
        keep=given.keep,
    )


def is_picture(file: Path) -> bool:
    """By its name: a Motion-JPEG video begins as a JPEG does."""
    return file.suffix.lower() in PICTURES


def _check_files(files: Sequence[Path]) -> None:
    for file in files:
        try:
            with file.open("rb") as opened:
                empty = not opened.read(1)
        except OSError as error:
            raise UsageError(f"{file} cannot be read: {error.strerror}.") from None
        if empty:
            raise UsageError(f"{file} is empty.")
    if len(files) > 1 and not all(is_picture(file) for file in files):
        raise UsageError("Name one video, or pictures alone: .jpg, .jpeg, .png or .webp.")


def _key(file: Path | None, environment: Mapping[str, str]) -> str | None:
    try:
        key = file.read_text().strip() if file else environment.get(KEY_VARIABLE, "").strip()
    except (OSError, UnicodeDecodeError):
        raise UsageError(f"The key file {file} cannot be read.") from None
    if not (key.isascii() and key.isprintable()) or " " in key or (file and not key):
        # Not shown: it may be all of a key but one character.
        raise UsageError("An API key is one line, without blanks and all ASCII.")
    return key or None


def _address(text: str) -> str:
    parts = urllib.parse.urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query:
        raise UsageError(f"--url is as in http://127.0.0.1:8000, and not {text!r}.")
    return text.rstrip("/")


def _parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="python -m scripts.clip",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument(
        "files", nargs="+", type=Path, metavar="FILE", help="one video, or pictures in their order"
    )
    rate = made.add_mutually_exclusive_group()
    rate.add_argument("--frames", type=_count, metavar="N", help="take so many, evenly (32)")
    rate.add_argument(
        "--fps", type=_rate, metavar="F", help="take so many a second; a burst: as it was shot (2)"
    )
    made.add_argument(
        "--top", type=_count, default=3, metavar="N", help="best frames (%(default)s)"
    )
    made.add_argument(
        "--distance-s",
        type=_seconds,
        default=0.5,
        metavar="S",
        help="the least time between two of them (%(default)s)",
    )
    made.add_argument(
        "--face", action="store_true", help="score each frame's largest face, and no frame without"
    )
    made.add_argument("--infer", metavar="MODEL", help="ask this model of the zoo about the frames")
    made.add_argument("--detector", metavar="D", help="and about what this model finds in them")
    made.add_argument(
        "--infer-frames", metavar="WHICH", help="best, all, or as in 0,4,8-12 (default all)"
    )
    made.add_argument(
        "--option",
        action="append",
        type=_option,
        metavar="NAME=VALUE",
        help="of the model, as POST /v1/models/MODEL/infer takes it; may be repeated",
    )
    made.add_argument("--url", default="http://127.0.0.1:8000", help="the gateway (%(default)s)")
    made.add_argument("--key-file", type=Path, metavar="F", help="a file that holds the API key")
    made.add_argument(
        "--ca", type=Path, metavar="F", help="trust these certificates, such as var/tls/cert.pem"
    )
    made.add_argument(
        "--out", type=Path, metavar="DIR", help="for the best frames (var/clips/NAME)"
    )
    made.add_argument("--json", action="store_true", help="print one JSON document")
    made.add_argument("--keep", action="store_true", help="do not delete the clip at the end")
    return made


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit()) or int(text) < 1:
        raise argparse.ArgumentTypeError(f"a whole number from 1, not {text!r}")
    return int(text)


def _rate(text: str) -> float:
    return _within(text, "a number above 0 and up to 1000", lambda rate: 0 < rate <= 1000)


def _seconds(text: str) -> float:
    return _within(text, "seconds from 0 to 3600", lambda seconds: 0 <= seconds <= 3600)


def _within(text: str, what: str, holds: Callable[[float], bool]) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not holds(number):
        raise argparse.ArgumentTypeError(f"{what}, not {text!r}")
    return number


def _option(text: str) -> tuple[str, str]:
    name, is_there, value = text.partition("=")
    if not (name and is_there):
        raise argparse.ArgumentTypeError(f"as in max_classes=3, not {text!r}")
    return name, value
