"""What stand-ins answer, through the pre- and postprocessing of the real models."""

import json
from functools import lru_cache
from typing import Any

import jsonschema_rs
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from backend.enrichment.catalog import load
from backend.enrichment.model_spec import ModelSpec
from backend.enrichment.tasks.action import preprocess_frames
from backend.enrichment.tasks.options import Options
from backend.enrichment.tasks.registry import TASKS
from tests.processes import PROJECT
from tests.standin import load_network

CATALOG = {name: spec for name, spec in load().items() if name != "brisque-quality"}
PICTURES = ("astronaut", "chelsea", "coffee")
network_for = lru_cache(maxsize=None)(lambda name: load_network(CATALOG[name]))


@lru_cache
def picture(name: str) -> NDArray[np.uint8]:
    with Image.open(PROJECT / f"loadtest/pictures/{name}.jpg") as image:
        return np.asarray(image.convert("RGB"))


def sent(spec: ModelSpec, pixels: NDArray[np.uint8], options: Options) -> list[NDArray[np.generic]]:
    tensors, _ = TASKS[spec.task].preprocess(pixels, spec, options)
    return [tensors[tensor.name][0] for tensor in spec.inputs]


def result(name: str, pixels: NDArray[np.uint8], *prompts: str) -> dict[str, Any]:
    spec, options = CATALOG[name], Options(prompts=prompts)
    _, geometry = TASKS[spec.task].preprocess(pixels, spec, options)
    outputs = network_for(name).answer(*sent(spec, pixels, options))
    batch = {key: value[np.newaxis] for key, value in outputs.items()}
    return TASKS[spec.task].postprocess(batch, geometry, spec, options)


@pytest.mark.parametrize("name", CATALOG)
def test_an_answer_goes_through_the_postprocessing_and_fits_its_schema(name: str) -> None:
    for pixels in map(picture, PICTURES):
        answer = result(name, pixels)
        jsonschema_rs.validate(TASKS[CATALOG[name].task].schema, answer)


@pytest.mark.parametrize("name", CATALOG)
def test_outputs_are_finite_float32_of_the_catalogue_s_shapes(name: str) -> None:
    spec = CATALOG[name]
    outputs = network_for(name).answer(*sent(spec, picture("coffee"), Options()))
    rows = len(spec.prompts) + (4 if spec.task == "open_vocabulary" else 0)
    for tensor in spec.outputs:
        values = outputs[tensor.name]
        assert values.dtype == np.float32
        assert values.shape == tuple(rows if length == -1 else length for length in tensor.dims)
        assert np.isfinite(values).all()


@pytest.mark.parametrize("name", CATALOG)
def test_the_same_picture_has_the_same_answer_and_another_another(name: str) -> None:
    first = [json.dumps(result(name, picture(one))) for one in PICTURES]
    assert first == [json.dumps(result(name, picture(one))) for one in PICTURES]
    assert len(set(first)) == len(PICTURES)


@pytest.mark.parametrize("name", CATALOG)
def test_a_network_made_again_is_the_same_one(name: str) -> None:
    spec = CATALOG[name]
    tensors = sent(spec, picture("chelsea"), Options())
    one, other = (load_network(spec).answer(*tensors) for _ in range(2))
    for key, values in one.items():
        np.testing.assert_array_equal(values, other[key])


@pytest.mark.parametrize("name", CATALOG)
@pytest.mark.parametrize("shade", [0, 128, 255])
def test_a_picture_of_nothing_is_answered(name: str, shade: int) -> None:
    pixels = np.full((64, 48, 3), shade, np.uint8)
    jsonschema_rs.validate(TASKS[CATALOG[name].task].schema, result(name, pixels))


HEADS = [n for n, spec in CATALOG.items() if spec.outputs[0].dims[-1] == 8400]


@pytest.mark.parametrize("name", HEADS)
def test_a_head_has_a_few_objects_within_the_input(name: str) -> None:
    key = "people" if CATALOG[name].task == "pose" else "objects"
    counts = [len(result(name, picture(one))[key]) for one in PICTURES]
    assert any(counts)
    assert all(count <= 6 for count in counts), "the neighbour that sees the same is suppressed"
    outputs = network_for(name).answer(*sent(CATALOG[name], picture("coffee"), Options()))
    boxes = outputs["output0"][:4]
    assert boxes.min() > 0
    assert boxes.max() < 645


def test_a_mask_covers_part_of_its_box() -> None:
    objects = [
        each
        for one in PICTURES
        for each in result("vehicle-damage-detection", picture(one))["objects"]
    ]
    assert all(0 <= each["area_ratio"] < 0.25 for each in objects)
    assert any(each["area_ratio"] > 0 for each in objects)


def test_the_reader_reads_some_characters() -> None:
    texts = [result("paddleocr", picture(one))["text"] for one in PICTURES]
    assert all(len(text) <= 8 for text in texts)
    assert any(texts)


def test_depth_is_positive_and_larger_towards_the_floor() -> None:
    answer = result("depth-anything-v2-small", picture("coffee"))
    assert answer["minimum"] > 0
    assert np.mean(answer["grid"][-1]) > np.mean(answer["grid"][0])


def test_clothes_lie_before_a_background() -> None:
    first, *others = result("segformer-b2-clothes", picture("astronaut"))["classes"]
    assert first["label"] == "background"
    assert any(each["regions"] for each in others)


def test_a_prompt_has_its_score_whatever_stands_beside_it() -> None:
    spec = CATALOG["fashion-clip"]
    pixels = picture("astronaut")
    one = network_for(spec.name).answer(*sent(spec, pixels, Options(prompts=("hat", "Fähre"))))
    other = network_for(spec.name).answer(
        *sent(spec, pixels, Options(prompts=("coat", "Fähre", "hat")))
    )
    hat, ferry = one["logits_per_image"]
    coat, same_ferry, same_hat = other["logits_per_image"]
    assert (hat, ferry) == pytest.approx((same_hat, same_ferry))
    assert len({coat, same_ferry, same_hat}) == 3


def test_a_window_that_moves_is_no_window_that_stands_still() -> None:
    spec = CATALOG["xclip-base"]
    network = network_for(spec.name)
    still, _ = preprocess_frames([picture("coffee")], spec, Options())
    moving, _ = preprocess_frames([picture(one) for one in PICTURES], spec, Options())
    outputs = [
        network.answer(*(each[tensor.name][0] for tensor in spec.inputs))["logits_per_video"]
        for each in (still, moving)
    ]
    assert not np.allclose(*outputs)


def test_a_head_for_another_size_of_picture_is_refused() -> None:
    spec = CATALOG["yolo11-face"]
    small = spec.model_copy(update={"input": spec.input.model_copy(update={"width": 320})})
    with pytest.raises(ValueError, match="640 x 320 has 4200 places, the head 8400"):
        load_network(small)
