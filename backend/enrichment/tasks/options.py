"""What a caller may ask for beyond the picture."""

from dataclasses import dataclass

from backend.enrichment.model_spec import ModelSpec, TaskName
from backend.errors import MalformedRequest

MOST_PROMPTS = 32
LONGEST_PROMPT = 80


@dataclass(frozen=True)
class Options:
    """
    Attributes:
        prompts: texts for a model that takes some; none for the catalogue's.
        score_threshold: what is less certain is not answered; 0–1.
        overlap_threshold: two boxes of one class that share more of their union are one object.
        max_objects: in an answer, the most certain first.
        max_classes: in an answer, the most likely first.
    """

    prompts: tuple[str, ...] = ()
    score_threshold: float = 0.25
    overlap_threshold: float = 0.45
    max_objects: int = 100
    max_classes: int = 5


def prompts_for(spec: ModelSpec, options: Options) -> tuple[str, ...]:
    """The texts that a model is asked with; none for one that takes none.

    Raises:
        MalformedRequest: too few, too many or too long ones, or some for a model that takes none.
    """
    if not options.prompts:
        return spec.prompts
    if not spec.prompts:
        raise MalformedRequest(f"The model {spec.name} takes no prompt: leave it out.")
    if len(options.prompts) == 1 and spec.task is not TaskName.OPEN_VOCABULARY:
        raise MalformedRequest(f"The model {spec.name} chooses between prompts: give at least two.")
    if len(options.prompts) > MOST_PROMPTS:
        raise MalformedRequest(
            f"There are {len(options.prompts)} prompts and the limit is {MOST_PROMPTS}."
        )
    if any(not 0 < len(prompt.strip()) <= LONGEST_PROMPT for prompt in options.prompts):
        raise MalformedRequest(f"Each prompt needs 1 to {LONGEST_PROMPT} characters.")
    if len(set(options.prompts)) < len(options.prompts):
        raise MalformedRequest("Each prompt may be given once.")
    return options.prompts
