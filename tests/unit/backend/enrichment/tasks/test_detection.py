"""A box written into a detector's output comes back as that box, in the picture."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.enrichment.tasks.geometry import fitted
from backend.enrichment.tasks.options import Options
from backend.errors import TritonFailed
from tests.unit.backend.enrichment.catalogue import MODELS, asked, picture
from tests.unit.backend.enrichment.tasks.heads import head

THREATS = MODELS["threat-detection-yolov8n"]
DAMAGE = MODELS["vehicle-damage-detection"]
PROMPTED = MODELS["yolo-world-s"]


def test_objects_come_back_where_they_are_the_most_certain_first() -> None:
    geometry = fitted(1280, 720, THREATS.input)
    output = head(
        8,
        geometry,
        ((100, 200, 60, 40), (0, 0, 0, 0.7)),
        ((101, 200, 60, 40), (0, 0, 0, 0.6)),
        ((640, 0, 640, 720), (0.9, 0, 0.3, 0)),
        ((5, 5, 50, 50), (0, 0.2, 0, 0)),
    )
    answer = asked(THREATS, {"output0": output}, picture(1280, 720))
    assert answer == {
        "task": "detection",
        "objects": [
            {
                "label": "gun",
                "score": 0.9,
                "box": {"x": 640, "y": 0, "width": 640, "height": 720},
                "area_ratio": None,
            },
            {
                "label": "knife",
                "score": 0.7,
                "box": {"x": 100, "y": 200, "width": 60, "height": 40},
                "area_ratio": None,
            },
        ],
    }


@given(
    size=st.tuples(st.integers(64, 1500), st.integers(64, 1500)),
    place=st.tuples(*[st.floats(0, 0.5)] * 2, *[st.floats(0.05, 0.5)] * 2),
)
def test_a_box_of_any_picture_survives_the_letterbox(
    size: tuple[int, int], place: tuple[float, float, float, float]
) -> None:
    width, height = size
    box = (place[0] * width, place[1] * height, place[2] * width, place[3] * height)
    output = head(8, fitted(width, height, THREATS.input), (box, (0, 0.8, 0, 0)))
    (found,) = asked(THREATS, {"output0": output}, picture(width, height))["objects"]
    assert found["label"] == "explosive"
    assert list(found["box"].values()) == pytest.approx(box, abs=0.2)


def test_a_picture_without_objects_has_an_empty_list() -> None:
    answer = asked(THREATS, {"output0": np.zeros((1, 8, 8400), np.float32)}, picture(64, 64))
    assert answer["objects"] == []


def test_threshold_and_number_are_the_callers() -> None:
    geometry = fitted(640, 640, THREATS.input)
    output = head(
        8,
        geometry,
        ((0, 0, 50, 50), (0.2, 0, 0, 0)),
        ((100, 0, 50, 50), (0.3, 0, 0, 0)),
        ((200, 0, 50, 50), (0.1, 0, 0, 0)),
    )
    options = Options(score_threshold=0.15)
    assert len(asked(THREATS, {"output0": output}, picture(640, 640), options)["objects"]) == 2
    options = Options(score_threshold=0.05, max_objects=1)
    (only,) = asked(THREATS, {"output0": output}, picture(640, 640), options)["objects"]
    assert only["score"] == 0.3


def test_a_mask_counts_within_its_box_and_the_picture() -> None:
    # In the input the picture of 1280 × 640 covers the rows 160 to 480, of 40 to 120 in the masks.
    geometry = fitted(1280, 640, DAMAGE.input)
    prototypes = np.full((1, 32, 160, 160), -1, np.float32)
    prototypes[0, 3, :, :80] = 1
    weights = np.zeros(32)
    weights[3] = 2
    dent = ((0, 0, 960, 640), (0, 0.8, 0, 0, 0, 0, *weights))
    outputs = {"output0": head(42, geometry, dent), "output1": prototypes}
    (found,) = asked(DAMAGE, outputs, picture(1280, 640))["objects"]
    # The box is three quarters of the picture; the mask is its left half, all of it in the box.
    assert (found["label"], found["area_ratio"]) == ("dent", 0.5)
    # A box that reaches into the margins has no more of a mask than is in the picture.
    beyond = ((-100, -640, 1480, 1920), dent[1])
    outputs["output0"] = head(42, geometry, beyond)
    (found,) = asked(DAMAGE, outputs, picture(1280, 640))["objects"]
    assert found["area_ratio"] == 0.5
    outputs["output0"] = head(42, geometry, dent)
    prototypes[0, 3] = 1
    (found,) = asked(DAMAGE, outputs, picture(1280, 640))["objects"]
    assert found["area_ratio"] == 0.75


def test_scores_past_their_bounds_and_boxes_turned_inside_out_are_still_an_answer() -> None:
    values = np.random.default_rng(3).normal(0, 50, (1, 8, 8400)).astype(np.float32)
    assert asked(THREATS, {"output0": values}, picture(100, 300))["objects"]


def test_an_open_vocabulary_model_names_objects_after_the_prompts() -> None:
    geometry = fitted(800, 600, PROMPTED.input)
    output = head(6, geometry, ((80, 60, 40, 30), (0.1, 0.6)))
    options = Options(prompts=("a fox", "a hen"))
    answer = asked(PROMPTED, {"output0": output}, picture(800, 600), options)
    assert answer["prompts"] == ["a fox", "a hen"]
    (found,) = answer["objects"]
    assert found["label"] == "a hen"
    assert found["box"] == {"x": 80, "y": 60, "width": 40, "height": 30}
    with pytest.raises(TritonFailed, match=r"\[1, 7, 8400\]"):
        asked(PROMPTED, {"output0": output}, picture(800, 600), Options(prompts=("a", "b", "c")))
