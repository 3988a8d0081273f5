"""Objects that the prompts name: the head of YOLO-World has a class for each."""

from typing import Any

from backend.enrichment.model_spec import ModelSpec
from backend.enrichment.tasks import pictures, tensors, yolo
from backend.enrichment.tasks.detection import object_list
from backend.enrichment.tasks.geometry import Geometry
from backend.enrichment.tasks.options import Options, prompts_for
from backend.enrichment.tasks.schemas import BOX, LABEL, SCORE, answer, listed, record
from backend.enrichment.tasks.tensors import Outputs

SCHEMA = answer(
    "open_vocabulary",
    "Objects, the most certain first; their labels are the prompts.",
    prompts=listed(LABEL, minItems=1),
    objects=listed(record("An object.", label=LABEL, score=SCORE, box=BOX)),
)

preprocess = pictures.prepare


def postprocess(
    outputs: Outputs, geometry: Geometry, spec: ModelSpec, options: Options
) -> dict[str, Any]:
    """The objects in the picture, of a head of shape (1, 4 + prompts, places)."""
    prompts = prompts_for(spec, options)
    head = tensors.read(outputs, spec.outputs[0], free_axis=4 + len(prompts))
    found = yolo.decode(head, len(prompts), options)
    return {
        "task": "open_vocabulary",
        "prompts": list(prompts),
        "objects": object_list(found, geometry, prompts),
    }
