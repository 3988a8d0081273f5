"""Which frames of a video are wanted: pure decisions about times."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from backend.errors import ClipTooLarge, MalformedRequest, UndecodableClip

# For a video that says nothing of its rate, as a bare stream of JPEGs does not.
USUAL_FPS = 25.0
HIGHEST_FPS = 1000.0


@dataclass(frozen=True)
class AtRate:
    """For every 1/fps s from the first frame on the frame that is nearest to it."""

    fps: float

    def __post_init__(self) -> None:
        if not 0 < self.fps <= HIGHEST_FPS:
            raise MalformedRequest(f"fps is over 0 and up to {HIGHEST_FPS:.0f}.")


@dataclass(frozen=True)
class Evenly:
    """So many frames, or all where there are fewer, evenly over the video's time."""

    frames: int

    def __post_init__(self) -> None:
        if self.frames < 1:
            raise MalformedRequest("frames is 1 or more.")


Sampling = AtRate | Evenly


@dataclass(frozen=True)
class SampleLimits:
    """Attributes:
    most_pixels: of all frames chosen, together.
    """

    most_frames: int
    most_pixels: int


@dataclass(frozen=True)
class Timeline:
    """When the frames of a video are shown.

    Attributes:
        times_s: ascending, none twice, from 0 on.
        stamped: they are the file's; False where its stamps make no sense and frames are counted.
        frame_s: where they are counted, how long one is shown.
        start: the stamp of the first frame.
        tick_s: what a stamp counts.
    """

    times_s: tuple[float, ...]
    stamped: bool
    frame_s: float
    start: int
    tick_s: float

    def time_s(self, stamp: int | None, count: int) -> float | None:
        """When a frame is shown; None where its stamp is missing.

        Args:
            count: of frames decoded before it.
        """
        if not self.stamped:
            return count * self.frame_s
        return None if stamp is None else (stamp - self.start) * self.tick_s


def timeline(stamps: Sequence[int | None], tick_s: float, fps: float | None) -> Timeline:
    """The times of a video, whatever its header says about them.

    Args:
        stamps: of each packet of the stream, in the order of the file, which need not be theirs.
        fps: what the file says; None where it says nothing.

    Raises:
        UndecodableClip: there are no frames.
    """
    if not stamps:
        raise UndecodableClip("The file has no frames.")
    known = sorted({stamp for stamp in stamps if stamp is not None})
    frame_s = 1 / (fps if fps is not None and 0 < fps <= HIGHEST_FPS else USUAL_FPS)
    # Some packets have no picture of their own and the stamp of another, but not most.
    if None in stamps or 2 * len(known) <= len(stamps):
        times_s = tuple(number * frame_s for number in range(len(stamps)))
        return Timeline(times_s, False, frame_s, 0, tick_s)
    times_s = tuple((stamp - known[0]) * tick_s for stamp in known)
    return Timeline(times_s, True, frame_s, known[0], tick_s)


def choose(
    times_s: Sequence[float], sampling: Sampling, frame_pixels: int, limits: SampleLimits
) -> tuple[int, ...]:
    """Numbers of the frames wanted, ascending.

    Args:
        times_s: of every frame, ascending.

    Raises:
        ClipTooLarge: more frames or pixels than allowed.
    """
    if isinstance(sampling, AtRate):
        chosen = _at_rate(times_s, sampling.fps)
    else:
        chosen = _evenly(times_s, sampling.frames)
    check_size(len(chosen), frame_pixels, limits)
    return chosen


def check_size(frames: int, frame_pixels: int, limits: SampleLimits) -> None:
    """Raise ClipTooLarge where a clip would have more frames or pixels than allowed."""
    if frames > limits.most_frames:
        raise ClipTooLarge(
            f"That would be {frames} frames and a clip may have {limits.most_frames}: "
            "ask for fewer."
        )
    if frames * frame_pixels > limits.most_pixels:
        raise ClipTooLarge(
            f"{frames} frames of {frame_pixels} pixels are more than the {limits.most_pixels} "
            "pixels that a clip may have: ask for fewer frames, or send smaller ones."
        )


def _at_rate(times_s: Sequence[float], fps: float) -> tuple[int, ...]:
    # Goes over the frames and not over the moments, of which one wrong stamp makes millions.
    moments = [(time_s - times_s[0]) * fps for time_s in times_s]
    # Half a frame beyond the last one; what comes later is after the end of the video.
    end = moments[-1] + (moments[-1] - moments[max(len(moments) - 2, 0)]) / 2
    by_nearest = groupby(range(len(moments)), key=lambda number: math.floor(moments[number] + 0.5))
    return tuple(
        min(numbers, key=lambda number: abs(moments[number] - nearest))
        for nearest, numbers in by_nearest
        if nearest <= end
    )


def _evenly(times_s: Sequence[float], frames: int) -> tuple[int, ...]:
    count = min(frames, len(times_s))
    length_s = times_s[-1] - times_s[0]
    chosen: list[int] = []
    at = 0
    for number in range(count):
        # The middle of each of `count` equal parts: the ends of a video are often black.
        wanted_s = times_s[0] + length_s * (number + 0.5) / count
        last = len(times_s) - (count - number)
        while at < last and abs(times_s[at + 1] - wanted_s) <= abs(times_s[at] - wanted_s):
            at += 1
        chosen.append(at)
        at += 1
    return tuple(chosen)
