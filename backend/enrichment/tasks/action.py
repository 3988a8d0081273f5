"""What people do, over a window of frames."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from backend.enrichment.model_spec import ModelSpec
from backend.enrichment.tasks import pictures, tensors
from backend.enrichment.tasks.geometry import Geometry
from backend.enrichment.tasks.options import Options, prompts_for
from backend.enrichment.tasks.pictures import Pixels, Tensors
from backend.enrichment.tasks.schemas import CLASSES, COUNT, answer, record
from backend.enrichment.tasks.scores import ranked, softmax
from backend.enrichment.tasks.tensors import Outputs

SCHEMA = answer(
    "action",
    "Actions, the most likely first.",
    classes=CLASSES,
    frames=record(
        "What the model saw: fewer pictures than its window holds are repeated to fill it, and one "
        "picture shows no movement.",
        sent=COUNT,
        window=COUNT,
        repeated={"type": "boolean"},
    ),
)


def preprocess(pixels: Pixels, spec: ModelSpec, options: Options) -> tuple[Tensors, Geometry]:
    """As `preprocess_frames`, of one picture."""
    return preprocess_frames([pixels], spec, options)


def preprocess_frames(
    frames: Sequence[Pixels], spec: ModelSpec, options: Options
) -> tuple[Tensors, Geometry]:
    """The window for at least one picture, the oldest first; of more than it holds, every n-th.

    Args:
        frames: uint8 (height, width, 3) each, upright RGB, of any sizes.

    Returns:
        The window as float32 (1, frames, 3, height, width), prompts as (1, count), and how the
        last picture lies in it.
    """
    window = _window(spec)
    chosen = [index * len(frames) // window for index in range(window)]
    fitted = {index: pictures.fit(frames[index], spec.input) for index in set(chosen)}
    values = np.stack([fitted[index][0] for index in chosen])
    tensors_in = pictures.with_prompts({spec.input.name: values[np.newaxis]}, spec, options)
    return tensors_in, replace(fitted[chosen[-1]][1], frames=len(frames))


def postprocess(
    outputs: Outputs, geometry: Geometry, spec: ModelSpec, options: Options
) -> dict[str, Any]:
    """The most likely actions, of logits of shape (1, classes or prompts)."""
    prompts = prompts_for(spec, options)
    logits = tensors.read(outputs, spec.outputs[0], free_axis=len(prompts))
    return {
        "task": "action",
        "classes": ranked(prompts or spec.labels, softmax(logits), options.max_classes),
        "frames": {
            "sent": geometry.frames,
            "window": _window(spec),
            "repeated": geometry.frames < _window(spec),
        },
    }


def _window(spec: ModelSpec) -> int:
    assert spec.input.frames is not None, "the catalogue holds action models to it"
    return spec.input.frames
