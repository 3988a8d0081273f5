"""A model's output, checked against what the catalogue says of it."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from backend.enrichment.model_spec import Tensor
from backend.errors import TritonFailed

Outputs = Mapping[str, NDArray[np.generic]]
Values = NDArray[np.float32]


def read(outputs: Outputs, tensor: Tensor, *, free_axis: int = -1) -> Values:
    """One output for one picture, as float32 without the batch axis.

    Args:
        free_axis: how long the axis has to be that the catalogue leaves open.

    Raises:
        TritonFailed: it is missing, has another shape, or holds something that is not a number.
    """
    values = outputs.get(tensor.name)
    if values is None:
        raise TritonFailed(f"The model's answer lacks {tensor.name!r}.")
    shape = (1, *(free_axis if length == -1 else length for length in tensor.dims))
    if values.shape != shape:
        raise TritonFailed(
            f"The model's {tensor.name!r} has the shape {list(values.shape)}, "
            f"and the catalogue says {list(shape)}."
        )
    numbers: Values = values[0].astype(np.float32)
    if not np.isfinite(numbers).all():
        raise TritonFailed(f"The model's {tensor.name!r} holds something that is not a number.")
    return numbers
