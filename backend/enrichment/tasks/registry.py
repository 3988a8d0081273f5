"""The tasks by name."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from backend.enrichment.model_spec import ModelSpec, TaskName
from backend.enrichment.tasks import (
    action,
    classification,
    depth,
    detection,
    embedding,
    ocr,
    open_vocabulary,
    pose,
    quality,
    segmentation,
)
from backend.enrichment.tasks.geometry import Geometry
from backend.enrichment.tasks.options import Options
from backend.enrichment.tasks.pictures import Pixels, Tensors
from backend.enrichment.tasks.schemas import Schema
from backend.enrichment.tasks.tensors import Outputs


@dataclass(frozen=True)
class Task:
    """How a kind of model is asked and understood.

    Attributes:
        schema: JSON schema of what `postprocess` returns.
    """

    preprocess: Callable[[Pixels, ModelSpec, Options], tuple[Tensors, Geometry]]
    postprocess: Callable[[Outputs, Geometry, ModelSpec, Options], dict[str, Any]]
    schema: Schema


TASKS: Mapping[TaskName, Task] = {
    TaskName.ACTION: Task(action.preprocess, action.postprocess, action.SCHEMA),
    TaskName.CLASSIFICATION: Task(
        classification.preprocess, classification.postprocess, classification.SCHEMA
    ),
    TaskName.DEPTH: Task(depth.preprocess, depth.postprocess, depth.SCHEMA),
    TaskName.DETECTION: Task(detection.preprocess, detection.postprocess, detection.SCHEMA),
    TaskName.EMBEDDING: Task(embedding.preprocess, embedding.postprocess, embedding.SCHEMA),
    TaskName.OCR: Task(ocr.preprocess, ocr.postprocess, ocr.SCHEMA),
    TaskName.OPEN_VOCABULARY: Task(
        open_vocabulary.preprocess, open_vocabulary.postprocess, open_vocabulary.SCHEMA
    ),
    TaskName.POSE: Task(pose.preprocess, pose.postprocess, pose.SCHEMA),
    TaskName.QUALITY: Task(quality.preprocess, quality.postprocess, quality.SCHEMA),
    TaskName.SEGMENTATION: Task(
        segmentation.preprocess, segmentation.postprocess, segmentation.SCHEMA
    ),
}
