"""The load tester's flags, declared once for Locust's parser and for `python -m loadtest`."""

import argparse
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

MAX_USERS = 100_000
MIN_SAMPLES_FOR_P95 = 130


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
    api_key: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Flag:
    name: str
    default: Any
    help: str
    parse: Callable[[str], Any] | None = None
    metavar: str | None = None

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


FLAGS = (
    Flag("--stages", "10,25,50,100,200", "users in each stage", _stages_text, "N,N,…"),
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
)


def add_flags(parser: argparse.ArgumentParser, *, given_only: bool = False) -> None:
    """Add the flags to Locust's parser, or to a plain one that keeps only what was given."""
    group = parser.add_argument_group("Framegate")
    for flag in FLAGS:
        keywords: dict[str, Any] = {"help": flag.help}
        keywords["default"] = argparse.SUPPRESS if given_only else flag.default
        if flag.parse is None:
            keywords["action"] = "store_true"
        else:
            keywords |= {"type": flag.parse, "metavar": flag.metavar}
        if not given_only:
            keywords["env_var"] = flag.env_var
        group.add_argument(flag.name, **keywords)


def options_from(values: Mapping[str, Any]) -> Options:
    """Read the parsed flags.

    Raises:
        ValueError: the stages, which the web form may have changed, cannot be read.
    """
    return Options(
        stages=parse_stages(str(values["stages"])),
        stage_duration_s=float(values["stage_duration"]),
        warmup_s=float(values["warmup"]),
        think_time_s=float(values["think_time"]),
        min_samples=int(values["min_samples"]),
        run_dir=Path(values["run_dir"]) if values["run_dir"] else None,
        seed=int(values["seed"]),
        monitor=not values["no_monitor"],
        api_key=values["api_key"] or None,
    )
