"""A clip before a model: a few frames at a time, so that the device's memory does not grow."""

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Answer = TypeVar("Answer")


def in_micro_batches(
    frames: NDArray[np.uint8],
    ask: Callable[[NDArray[np.uint8]], Sequence[Answer]],
    *,
    most_in_flight: int,
) -> Iterator[Answer]:
    """An answer for each frame, in order.

    The next frames are handed over when the answers to the last ones have been taken, and only
    then; whoever stops taking answers stops the work.

    Args:
        frames: of a clip; `ask` is given parts of it, which are no copies.
        ask: answers every frame that it is given.
    """
    for start in range(0, len(frames), most_in_flight):
        batch = frames[start : start + most_in_flight]
        answers = ask(batch)
        if len(answers) != len(batch):
            raise ValueError(f"{len(answers)} answers to {len(batch)} frames")
        yield from answers
