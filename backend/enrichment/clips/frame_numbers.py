"""Which frames of a clip are meant: numbers and ranges by commas."""

import re

from backend.errors import FrameNotFound, MalformedRequest

_PART = re.compile(r"([0-9]{1,6})(?:-([0-9]{1,6}))?")


def read_frames(text: str | None, count: int) -> tuple[int, ...]:
    """Numbers of the frames meant, ascending, each once.

    Args:
        text: as `0,4,8-12`; None for all.
        count: of the frames that there are.

    Raises:
        MalformedRequest: the text is something else.
        FrameNotFound: there are fewer frames.
    """
    if text is None:
        return tuple(range(count))
    chosen: set[int] = set()
    for part in text.split(","):
        match = _PART.fullmatch(part.strip())
        if match is None:
            raise MalformedRequest(f"`frames` has {part[:20]!r}: send numbers, as in 0,4,8-12.")
        first, last = int(match[1]), int(match[2] or match[1])
        if last < first:
            raise MalformedRequest(f"`frames` has {part[:20]!r}, which ends before it begins.")
        need_frame(last, count)
        chosen.update(range(first, last + 1))
    return tuple(sorted(chosen))


def need_frame(number: int, count: int) -> None:
    """Raise FrameNotFound where a clip of so many frames has no such one."""
    if number >= count:
        raise FrameNotFound(f"The clip has no frame {number}: its {count} are numbered from 0.")
