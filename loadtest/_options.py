"""The load tester's flags, declared once for Locust's parser and for `python -m loadtest`."""

import argparse
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args

from loadtest._analysis._objectives import Objective, parse_all

# What a camera posts: JPEG files of one size, the same in JSON, JPEG files of several sizes, or
# what the camera page sends.
Camera = Literal["raw", "base64", "mixed", "page"]
CAMERAS: tuple[Camera, ...] = get_args(Camera)
MAX_USERS = 100_000
MIN_SAMPLES_FOR_P95 = 130


class _NotGiven(str):
    """A default, to be told from the same text given by somebody."""


DEFAULT_STAGES = _NotGiven("10,25,50,100,200")
# Where Locust's own --users is kept: it would ignore, and complain about, its usual place.
ONE_STAGE = "one_stage_users"


@dataclass(frozen=True)
class Options:
    stages: tuple[int, ...]
    stage_duration_s: float
    warmup_s: float
    think_time_s: float
    min_samples: int
    run_dir: Path | None
    seed: int
    monitor: bool
    baseline_s: float = 0.0
    recovery_s: float = 0.0
    find_breaking_point: bool = False
    burst: bool = False
    objectives: tuple[Objective, ...] = ()
    profile: str = "default"
    api_key: str | None = field(default=None, repr=False)
    camera: Camera = "raw"
    open_loop: bool = False
    ca: Path | None = None
    insecure: bool = False


@dataclass(frozen=True)
class Flag:
    name: str
    default: Any
    help: str
    parse: Callable[[str], Any] | None = None
    metavar: str | None = None
    choices: tuple[str, ...] | None = None
    # At most one of the flags that say so may be given.
    about_trust: bool = False

    @property
    def dest(self) -> str:
        return self.name.removeprefix("--").replace("-", "_")

    @property
    def env_var(self) -> str:
        return f"FRAMEGATE_LOADTEST_{self.dest.upper()}"


def parse_stages(text: str) -> tuple[int, ...]:
    """Read `10,25,50` into user counts.

    Raises:
        ValueError: with a sentence that names the part that is wrong.
    """
    users = []
    for part in text.split(","):
        word = part.strip()
        if not (word.isascii() and word.isdigit()) or not 1 <= int(word) <= MAX_USERS:
            raise ValueError(
                f"stages are whole numbers of users from 1 to {MAX_USERS}, "
                f"separated by commas, not {word!r} in {text!r}"
            )
        users.append(int(word))
    return tuple(users)


def _stages_text(text: str) -> str:
    # Locust's web form writes options back as text, so the text is kept and read when a run starts.
    try:
        parse_stages(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return text


def _objectives_text(text: str) -> str:
    try:
        read_objectives(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return text


def read_objectives(text: str) -> tuple[Objective, ...]:
    """Read `p(95)<500,success>=99`.

    Raises:
        ValueError: with a sentence that names what is wrong.
    """
    return parse_all([part for part in text.split(",") if part.strip()])


def _seconds(text: str, *, zero_allowed: bool) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 <= seconds <= 86_400 or (seconds == 0 and not zero_allowed):
        least = "0" if zero_allowed else "more than 0"
        raise argparse.ArgumentTypeError(f"seconds from {least} to 86400, not {text!r}")
    return seconds


def _positive_seconds(text: str) -> float:
    return _seconds(text, zero_allowed=False)


def _seconds_or_zero(text: str) -> float:
    return _seconds(text, zero_allowed=True)


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit()) or int(text) > 1_000_000:
        raise argparse.ArgumentTypeError(f"a whole number from 0 to 1000000, not {text!r}")
    return int(text)


def _api_key(text: str) -> str:
    if not (text.isascii() and text.isprintable()) or " " in text:
        # Not shown: it may be all of a key but one character.
        raise argparse.ArgumentTypeError("an API key has neither blanks nor other than ASCII")
    return text


def _file(text: str) -> str:
    if text and not Path(text).is_file():
        raise argparse.ArgumentTypeError(f"no such file: {text!r}")
    return text


FLAGS = (
    Flag("--stages", DEFAULT_STAGES, "users in each stage", _stages_text, "N,N,…"),
    Flag("--stage-duration", 30.0, "seconds measured per stage", _positive_seconds, "S"),
    Flag("--warmup", 5.0, "seconds discarded before a stage is measured", _seconds_or_zero, "S"),
    Flag("--think-time", 2.0, "seconds between two frames of one user", _positive_seconds, "S"),
    Flag(
        "--min-samples",
        0,
        "answers to wait for in every stage; 0: the duration alone decides",
        _count,
        "N",
    ),
    Flag(
        "--baseline",
        10.0,
        "seconds that a single user is measured before the stages; 0: not at all",
        _seconds_or_zero,
        "S",
    ),
    Flag(
        "--recovery",
        10.0,
        "seconds that the first stage's users are measured after the last; 0: not at all",
        _seconds_or_zero,
        "S",
    ),
    Flag(
        "--find-breaking-point",
        False,
        "climb until a stage fails, then search between the last that passed and the first that "
        "failed, to 5 %%",
    ),
    Flag("--burst", False, "all users of a stage at once, one request each, instead of a pace"),
    Flag(
        "--slo",
        "",
        "what every stage must keep, as 'p(95)<500,success>=99'; default: not overloaded by "
        "monitor/thresholds.toml",
        _objectives_text,
        "OBJECTIVES",
    ),
    Flag("--thresholds", "default", "section of monitor/thresholds.toml to judge by", str, "NAME"),
    Flag("--run-dir", "", "folder to make for the results; default runs/<UTC time>", str, "DIR"),
    Flag("--seed", 0, "seed of the pictures and of the users' phases", _count, "N"),
    Flag(
        "--api-key",
        "",
        "sent to the gateway; better in the variable FRAMEGATE_LOADTEST_API_KEY, since others can "
        "read the arguments of a process",
        _api_key,
        "KEY",
    ),
    Flag("--no-monitor", False, "do not record the GPU and Triton beside the run"),
    Flag(
        "--camera",
        "raw",
        "what a camera posts, unless user classes are named: raw (CameraUser): JPEG files of "
        "352 x 352 pixels; base64 (Base64User): the same in JSON; mixed (MixedSizesUser): JPEG "
        "files of 352 x 352, 640 x 480 and 1280 x 720 pixels; page (PageUser): JPEG files of "
        "1280 x 720 pixels whose face is to be found, as the camera page sends them",
        str,
        choices=CAMERAS,
    ),
    Flag(
        "--open-loop",
        False,
        "every camera sends on its timetable, whether or not its last frame has been answered",
    ),
    Flag(
        "--ca",
        "",
        "trust the certificates in this file instead of the system's, such as var/tls/cert.pem",
        _file,
        "FILE",
        about_trust=True,
    ),
    Flag("--insecure", False, "do not verify the gateway's certificate", about_trust=True),
)


def add_flags(parser: argparse.ArgumentParser, *, given_only: bool = False) -> None:
    """Add the flags to Locust's parser, or to a plain one that keeps only what was given."""
    group = parser.add_argument_group("Framegate")
    trust = group.add_mutually_exclusive_group()
    for flag in FLAGS:
        keywords: dict[str, Any] = {"help": flag.help}
        keywords["default"] = argparse.SUPPRESS if given_only else flag.default
        if flag.parse is None:
            keywords["action"] = "store_true"
        else:
            keywords |= {"type": flag.parse, "metavar": flag.metavar, "choices": flag.choices}
        if not given_only:
            keywords["env_var"] = flag.env_var
        (trust if flag.about_trust else group).add_argument(flag.name, **keywords)


def contradiction(values: Mapping[str, Any]) -> str | None:
    """What has been asked for and cannot be had together."""
    if values.get(ONE_STAGE) and not isinstance(values["stages"], _NotGiven):
        return "--users is one stage, and --stages names all of them: give one of the two"
    if values["burst"] and values["find_breaking_point"]:
        return "--burst and --find-breaking-point exclude each other"
    return None


def _stages(values: Mapping[str, Any]) -> tuple[int, ...]:
    if values.get(ONE_STAGE) and isinstance(values["stages"], _NotGiven):
        return parse_stages(str(values[ONE_STAGE]))
    return parse_stages(str(values["stages"]))


def keep_users(parser: argparse.ArgumentParser) -> None:
    """Make Locust's --users one stage, which options_from reads."""
    for action in parser._actions:
        if action.dest == "num_users":
            action.dest = ONE_STAGE
    parser.set_defaults(num_users=None, **{ONE_STAGE: None})


def options_from(values: Mapping[str, Any]) -> Options:
    """Read the parsed flags.

    Raises:
        ValueError: what the web form may have changed cannot be read.
    """
    if values["camera"] not in CAMERAS:
        raise ValueError(f"a camera is one of {', '.join(CAMERAS)}, not {values['camera']!r}")
    return Options(
        stages=_stages(values),
        stage_duration_s=float(values["stage_duration"]),
        warmup_s=float(values["warmup"]),
        think_time_s=float(values["think_time"]),
        min_samples=int(values["min_samples"]),
        run_dir=Path(values["run_dir"]) if values["run_dir"] else None,
        seed=int(values["seed"]),
        monitor=not values["no_monitor"],
        baseline_s=float(values["baseline"]),
        recovery_s=float(values["recovery"]),
        find_breaking_point=bool(values["find_breaking_point"]),
        burst=bool(values["burst"]),
        objectives=read_objectives(str(values["slo"])),
        profile=str(values["thresholds"]),
        api_key=values["api_key"] or None,
        camera=values["camera"],
        open_loop=bool(values["open_loop"]),
        ca=Path(values["ca"]) if values["ca"] else None,
        insecure=bool(values["insecure"]),
    )
