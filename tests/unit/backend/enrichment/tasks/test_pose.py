"""Joints where the model put them, in the picture."""

import numpy as np
import pytest

from backend.enrichment.tasks.geometry import fitted
from tests.unit.backend.enrichment.catalogue import MODELS, asked, picture
from tests.unit.backend.enrichment.tasks.heads import head

HEAD = MODELS["yolov8n-pose"]
MAPS = MODELS["vitpose-small"]


def test_people_of_a_head_have_boxes_and_joints_in_the_picture() -> None:
    geometry = fitted(1280, 720, HEAD.input)
    joints = np.zeros((17, 3))
    joints[:, 2] = 0.1
    # The left wrist at 300, 400 of the picture: half of that in the input, 140 further down.
    joints[9] = (150, 340, 0.95)
    person = ((200, 100, 200, 500), (0.8, *joints.ravel()))
    (found,) = asked(HEAD, {"output0": head(56, geometry, person)}, picture(1280, 720))["people"]
    assert found["score"] == 0.8
    assert found["box"] == {"x": 200, "y": 100, "width": 200, "height": 500}
    assert len(found["keypoints"]) == 17
    assert found["keypoints"][9] == {"name": "left_wrist", "x": 300, "y": 400, "score": 0.95}


def test_two_boxes_of_one_person_are_one_person_and_nobody_is_nobody() -> None:
    geometry = fitted(640, 640, HEAD.input)
    joints = [0.0] * 51
    output = head(
        56,
        geometry,
        ((100, 100, 100, 300), (0.7, *joints)),
        ((104, 100, 100, 300), (0.9, *joints)),
    )
    (found,) = asked(HEAD, {"output0": output}, picture(640, 640))["people"]
    assert found["score"] == 0.9
    assert asked(HEAD, {"output0": output * 0}, picture(640, 640))["people"] == []


def test_the_peak_of_a_map_is_the_joint() -> None:
    maps = np.zeros((1, 17, 64, 48), np.float32)
    maps[0, :, 0, 0] = 0.1
    maps[0, 5] = 0
    maps[0, 5, 32, 12] = 0.9
    # A picture of the input's own size: what is in the one is there in the other.
    (person,) = asked(MAPS, {"heatmaps": maps}, picture(192, 256))["people"]
    joint = person["keypoints"][5]
    assert (joint["name"], joint["score"], person["box"]) == ("left_shoulder", 0.9, None)
    assert joint["x"] == pytest.approx(12 * 191 / 47 + 0.5, abs=0.06)
    assert joint["y"] == pytest.approx(32 * 255 / 63 + 0.5, abs=0.06)
    assert person["score"] == pytest.approx((0.9 + 16 * 0.1) / 17, abs=1e-4)


def test_a_joint_moves_a_quarter_of_a_cell_towards_the_higher_neighbour() -> None:
    maps = np.zeros((1, 17, 64, 48), np.float32)
    maps[0, :, 10, 10] = 1
    maps[0, :, 10, 11] = 0.5
    maps[0, :, 9, 10] = 0.5
    (person,) = asked(MAPS, {"heatmaps": maps}, picture(192, 256))["people"]
    joint = person["keypoints"][0]
    assert joint["x"] == pytest.approx(10.25 * 191 / 47 + 0.5, abs=0.06)
    assert joint["y"] == pytest.approx(9.75 * 255 / 63 + 0.5, abs=0.06)


def test_a_joint_of_a_letterboxed_picture_is_in_the_picture() -> None:
    # 384 × 256 pixels become 192 × 128 in the middle: 64 rows of the input are above.
    maps = np.zeros((1, 17, 64, 48), np.float32)
    maps[0, :, 0, 47] = 1
    (person,) = asked(MAPS, {"heatmaps": maps}, picture(384, 256))["people"]
    assert (person["keypoints"][0]["x"], person["keypoints"][0]["y"]) == (383, 0)
