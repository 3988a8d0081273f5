"""A clip before a model: a few frames at a time, so that the device's memory does not grow."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol, TypeVar


class Sliced(Protocol):
    """A sequence, or an array along its first axis."""

    def __len__(self) -> int: ...

    def __getitem__(self, part: slice, /) -> Any: ...


Items = TypeVar("Items", bound=Sliced)
Answer = TypeVar("Answer")


def in_micro_batches(
    items: Items,
    ask: Callable[[Items], Sequence[Answer]],
    *,
    most_in_flight: int,
) -> Iterator[Answer]:
    """An answer for each item, in order.

    The next items are handed over when the answers to the last ones have been taken, and only
    then; whoever stops taking answers stops the work.

    Args:
        items: frames of a clip, or parts of them.
        ask: answers every item that it is given.
    """
    for start in range(0, len(items), most_in_flight):
        batch = items[start : start + most_in_flight]
        answers = ask(batch)
        if len(answers) != len(batch):
            raise ValueError(f"{len(answers)} answers to {len(batch)} items")
        yield from answers
