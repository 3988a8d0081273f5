"""A window of frames: filled, thinned out, and said so."""

import jsonschema_rs
import numpy as np
import pytest

from backend.enrichment.tasks.action import SCHEMA, postprocess, preprocess_frames
from backend.enrichment.tasks.options import Options
from tests.unit.backend.enrichment.catalogue import DEFAULTS, MODELS, asked, picture, row

SPEC = MODELS["xclip-base"]
ACTIONS = Options(prompts=("falling", "running"))
LOGITS = {"logits_per_video": np.log(row(0.2, 0.8))}


def test_one_picture_fills_the_window_and_the_answer_says_so() -> None:
    answer = asked(SPEC, LOGITS, picture(64, 64), ACTIONS)
    assert answer == {
        "task": "action",
        "classes": [{"label": "running", "score": 0.8}, {"label": "falling", "score": 0.2}],
        "frames": {"sent": 1, "window": 8, "repeated": True},
    }


@pytest.mark.parametrize(
    ("sent", "seen"),
    [
        (1, [0, 0, 0, 0, 0, 0, 0, 0]),
        (3, [0, 0, 0, 1, 1, 1, 2, 2]),
        (8, [0, 1, 2, 3, 4, 5, 6, 7]),
        (16, [0, 2, 4, 6, 8, 10, 12, 14]),
    ],
)
def test_the_window_keeps_the_order_and_is_spread_over_all_frames(
    sent: int, seen: list[int]
) -> None:
    frames = [picture(64, 48, 10 * index) for index in range(sent)]
    tensors, geometry = preprocess_frames(frames, SPEC, DEFAULTS)
    reds = tensors["pixel_values"][0, :, 0, 0, 0].astype(np.float64)
    shown = (reds * SPEC.input.std[0] + SPEC.input.mean[0]) * 255 / 10
    assert np.round(shown).tolist() == seen
    answer = postprocess(LOGITS, geometry, SPEC, ACTIONS)
    jsonschema_rs.Draft202012Validator(SCHEMA).validate(answer)
    assert answer["frames"] == {"sent": sent, "window": 8, "repeated": sent < 8}
