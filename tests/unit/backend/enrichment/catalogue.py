"""The catalogue's models, and answers held to their schema."""

from typing import Any

import jsonschema_rs
import numpy as np
from numpy.typing import NDArray

from backend.enrichment.catalog import load
from backend.enrichment.model_spec import ModelSpec
from backend.enrichment.tasks.options import Options
from backend.enrichment.tasks.registry import TASKS

MODELS = load()
DEFAULTS = Options()


def asked(
    spec: ModelSpec,
    outputs: dict[str, NDArray[Any]],
    pixels: NDArray[np.uint8],
    options: Options = DEFAULTS,
) -> dict[str, Any]:
    """The answer to a picture for which the model gives these outputs; its schema holds."""
    task = TASKS[spec.task]
    _, geometry = task.preprocess(pixels, spec, options)
    answer = task.postprocess(outputs, geometry, spec, options)
    jsonschema_rs.Draft202012Validator(task.schema).validate(answer)
    return answer


def row(*numbers: float) -> NDArray[np.float32]:
    """An output of one axis, with the batch axis."""
    return np.array([numbers], np.float32)


def picture(width: int, height: int, value: int = 128) -> NDArray[np.uint8]:
    return np.full((height, width, 3), value, np.uint8)
