"""What the decoder's process and its parent say to each other.

The parent hands over the file as standard input and a Task as the only argument. The answer is
lines of JSON on standard output: an Announcement, then for each frame a FrameHeader, after which
its pixels follow, and "done" at the end; or, at any time, what the clip is refused with.
"""

import json
import math
from dataclasses import asdict, dataclass
from typing import Any, Literal

from backend.enrichment.clips.sampling import (
    AtRate,
    Evenly,
    SampleLimits,
    Sampling,
    check_size,
)
from backend.errors import ClipRefused, ClipTooLarge, SlowClip, UndecodableClip, UnsupportedClip

Source = Literal["mp4", "webm", "mjpeg", "pictures"]
"""What a clip was made from."""

REFUSALS: dict[str, type[ClipRefused]] = {
    kind.__name__: kind for kind in (UnsupportedClip, UndecodableClip, ClipTooLarge, SlowClip)
}
_MOST_TEXT = 300


@dataclass(frozen=True)
class DecodingLimits:
    """What one video may cost.

    Attributes:
        sample: of the frames that are kept.
        most_frame_pixels: width × height.
        most_packets: frames in the file, whether they are wanted or not.
        memory_bytes: address space of the decoder's process.
        cpu_s: of its processor time; whole seconds.
        wall_s: until the last frame is there.
    """

    sample: SampleLimits
    most_file_bytes: int = 200 * 2**20
    most_frame_pixels: int = 25_000_000
    most_streams: int = 8
    most_packets: int = 100_000
    memory_bytes: int = 2**30
    cpu_s: int = 30
    wall_s: float = 60.0

    @property
    def most_line_bytes(self) -> int:
        """Of one message; a time takes up to 25."""
        return 1000 + 32 * self.sample.most_frames


@dataclass(frozen=True)
class Task:
    """What to decode, and within which limits."""

    source: Source
    sampling: Sampling
    limits: DecodingLimits

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @staticmethod
    def from_json(text: str) -> "Task":
        members: dict[str, Any] = json.loads(text)
        sampling, limits = members["sampling"], members["limits"]
        return Task(
            members["source"],
            AtRate(**sampling) if "fps" in sampling else Evenly(**sampling),
            DecodingLimits(**{**limits, "sample": SampleLimits(**limits["sample"])}),
        )


@dataclass(frozen=True)
class Announcement:
    """What there will be at most: some frames may turn out to have no picture.

    Attributes:
        width: as decoded, before a frame is turned upright; so is the height.
    """

    width: int
    height: int
    times_s: tuple[float, ...]

    @property
    def frame_bytes(self) -> int:
        return self.width * self.height * 3

    @property
    def size_bytes(self) -> int:
        return len(self.times_s) * self.frame_bytes

    def to_message(self) -> dict[str, Any]:
        return asdict(self)

    @staticmethod
    def from_message(message: dict[str, Any], limits: DecodingLimits) -> "Announcement":
        """Believe nothing.

        Raises:
            ClipTooLarge: more than the limits.
            KeyError, TypeError, ValueError, OverflowError: it is no announcement.
        """
        width, height = message["width"], message["height"]
        if not (isinstance(width, int) and isinstance(height, int) and min(width, height) > 0):
            raise ValueError("no size")
        if width * height > limits.most_frame_pixels or not message["times_s"]:
            raise ValueError("a size that the decoder refuses, or nothing")
        times_s = tuple(float(time_s) for time_s in message["times_s"])
        check_size(len(times_s), width * height, limits.sample)
        return Announcement(width, height, times_s)


@dataclass(frozen=True)
class FrameHeader:
    """Attributes:
    quarter_turns: counterclockwise, which make the frame upright.
    """

    time_s: float
    quarter_turns: int

    def to_message(self) -> dict[str, Any]:
        return asdict(self)

    @staticmethod
    def from_message(message: dict[str, Any]) -> "FrameHeader":
        """Raises KeyError, TypeError, ValueError or OverflowError where it is none."""
        time_s, quarter_turns = float(message["time_s"]), int(message["quarter_turns"])
        if not math.isfinite(time_s):
            raise ValueError("no time")
        return FrameHeader(time_s, quarter_turns % 4)


def refusal_to_message(refusal: ClipRefused) -> dict[str, Any]:
    return {"refused": type(refusal).__name__, "text": str(refusal)[:_MOST_TEXT]}


def refusal_in(message: dict[str, Any]) -> ClipRefused | None:
    """What a message refuses the clip with; None where it does not."""
    if "refused" not in message:
        return None
    return REFUSALS[message["refused"]](str(message["text"])[:_MOST_TEXT])


def megabytes(size_bytes: int) -> str:
    """For people: in units of 2**20."""
    return f"{size_bytes / 2**20:.1f} MB"
