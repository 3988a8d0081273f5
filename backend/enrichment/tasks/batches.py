"""Inputs of several pictures as one, and outputs of several as each by itself."""

from collections.abc import Iterator, Sequence

import numpy as np

from backend.enrichment.tasks.pictures import Tensors
from backend.enrichment.tasks.tensors import Outputs
from backend.errors import TritonFailed


def batches(inputs: Sequence[Tensors], *, most: int) -> Iterator[Sequence[Tensors]]:
    """In order, at most so many together, and only those of equal shapes."""
    start = 0
    while start < len(inputs):
        end = start + 1
        while (
            end < len(inputs)
            and end - start < most
            and _shapes(inputs[end]) == _shapes(inputs[start])
        ):
            end += 1
        yield inputs[start:end]
        start = end


def stacked(batch: Sequence[Tensors]) -> Tensors:
    """One after the other along the batch axis; one alone is not copied."""
    if len(batch) == 1:
        return batch[0]
    return {name: np.concatenate([tensors[name] for tensors in batch]) for name in batch[0]}


def split(outputs: Outputs, count: int) -> list[Outputs]:
    """The outputs of each of so many pictures, with a batch axis of one.

    Raises:
        TritonFailed: the model has answered another number of pictures.
    """
    for name, values in outputs.items():
        if len(values) != count:
            raise TritonFailed(f"The model's {name!r} is for {len(values)} pictures of {count}.")
    return [
        {name: values[number : number + 1] for name, values in outputs.items()}
        for number in range(count)
    ]


def _shapes(tensors: Tensors) -> dict[str, tuple[int, ...]]:
    return {name: values.shape for name, values in tensors.items()}
