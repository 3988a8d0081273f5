"""Which prompts a model is asked with."""

import pytest

from backend.enrichment.tasks.options import LONGEST_PROMPT, MOST_PROMPTS, Options, prompts_for
from backend.errors import MalformedRequest
from tests.unit.backend.enrichment.catalogue import DEFAULTS, MODELS


def test_without_a_prompt_the_catalogues_are_asked() -> None:
    spec = MODELS["fashion-clip"]
    assert prompts_for(spec, DEFAULTS) == spec.prompts != ()
    assert prompts_for(MODELS["yolo11-face"], DEFAULTS) == ()


def test_a_callers_prompts_take_their_place() -> None:
    assert prompts_for(MODELS["yolo-world-s"], Options(prompts=("fox",))) == ("fox",)


@pytest.mark.parametrize(
    ("name", "prompts", "why"),
    [
        ("yolo11-face", ("fox",), "takes no prompt"),
        ("fashion-clip", ("a hat",), "give at least two"),
        ("yolo-world-s", tuple(map(str, range(MOST_PROMPTS + 1))), "the limit is 32"),
        ("yolo-world-s", ("x" * (LONGEST_PROMPT + 1),), "1 to 80 characters"),
        ("yolo-world-s", (" ",), "1 to 80 characters"),
        ("yolo-world-s", ("fox", "fox"), "once"),
    ],
)
def test_prompts_that_cannot_be_asked_are_refused(
    name: str, prompts: tuple[str, ...], why: str
) -> None:
    with pytest.raises(MalformedRequest, match=why):
        prompts_for(MODELS[name], Options(prompts=prompts))
