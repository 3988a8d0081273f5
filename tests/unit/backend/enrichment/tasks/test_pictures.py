"""Pixels in the size, order and numbers that a model takes."""

from typing import Any

import numpy as np
import pytest

from backend.enrichment.model_spec import PictureInput
from backend.enrichment.tasks.options import Options
from backend.enrichment.tasks.pictures import fit, prepare
from backend.enrichment.tasks.registry import TASKS
from tests.unit.backend.enrichment.catalogue import DEFAULTS, MODELS, picture


def target(**fields: Any) -> PictureInput:
    return PictureInput.model_validate({"name": "x", "width": 4, "height": 4} | fields)


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("size", [(33, 32), (1920, 1080), (32, 4000)])
def test_every_model_gets_the_tensors_of_its_row(name: str, size: tuple[int, int]) -> None:
    spec = MODELS[name]
    tensors, _ = TASKS[spec.task].preprocess(picture(*size), spec, DEFAULTS)
    assert set(tensors) == {tensor.name for tensor in spec.inputs}
    for tensor in spec.inputs:
        given = tensors[tensor.name]
        free = {"image": (size[1], size[0]), "prompts": (len(spec.prompts),)}.get(tensor.name, ())
        lengths = iter(free)
        assert given.shape == (1, *(next(lengths) if d == -1 else d for d in tensor.dims))
        types = {"FP32": np.float32, "UINT8": np.uint8, "BYTES": np.object_}
        assert given.dtype == types[tensor.data_type]


def test_values_are_scaled_then_normalised_per_channel() -> None:
    pixels = np.zeros((4, 4, 3), np.uint8)
    pixels[:, :] = (255, 51, 0)
    values, _ = fit(pixels, target(resize="stretch", mean=[0.5, 0.2, 0.1], std=[0.5, 0.4, 0.1]))
    assert values.shape == (3, 4, 4)
    assert np.allclose(values[:, 0, 0], [1.0, 0.0, -1.0], atol=1e-6)
    assert values.dtype == np.float32


def test_channels_are_turned_round_for_a_model_that_takes_bgr() -> None:
    pixels = np.zeros((4, 4, 3), np.uint8)
    pixels[:, :] = (255, 51, 0)
    values, _ = fit(pixels, target(resize="stretch", channels="BGR", mean=[0, 0, 1.0]))
    assert np.allclose(values[:, 0, 0], [0.0, 0.2, 0.0], atol=1e-6)


def test_a_letterbox_has_the_picture_in_the_middle_and_the_fill_around() -> None:
    values, geometry = fit(picture(8, 4, 255), target(resize="letterbox", fill=51))
    assert geometry.top == 1
    rows = np.array([0.2, 1, 1, 0.2])
    assert np.allclose(values[0], np.tile(rows[:, np.newaxis], 4), atol=1e-6)


def test_what_pads_a_line_of_text_is_nought_after_normalising() -> None:
    spec = MODELS["paddleocr"]
    values, _ = fit(picture(48, 48, 255), spec.input)
    assert np.allclose(values[:, :, :48], 1)
    assert np.allclose(values[:, :, 48:], 0, atol=1e-6)


def test_a_centre_crop_shows_the_middle() -> None:
    pixels = picture(12, 4, 0)
    pixels[:, 4:8] = 255
    values, _ = fit(pixels, target(resize="center_crop", interpolation="bicubic"))
    assert (values == 1).all()


def test_a_picture_that_is_taken_as_it_is_is_not_copied() -> None:
    pixels = picture(40, 50)
    values, _ = fit(pixels, MODELS["brisque-quality"].input)
    assert np.shares_memory(values, pixels)


def test_prompts_are_sent_as_utf_8_in_their_order() -> None:
    options = Options(prompts=("a fox", "ein Bär"))
    tensors, _ = prepare(picture(40, 40), MODELS["yolo-world-s"], options)
    assert tensors["prompts"].tolist() == [[b"a fox", "ein Bär".encode()]]


@pytest.mark.parametrize("name", ["osnet-x0-25", "paddleocr", "xclip-base", "brisque-quality"])
def test_a_fourth_channel_changes_nothing(name: str) -> None:
    spec = MODELS[name]
    three = np.random.default_rng(1).integers(0, 256, (60, 90, 3), np.uint8)
    four = np.dstack([three, np.full((60, 90), 77, np.uint8)])
    task = TASKS[spec.task]
    wanted, _ = task.preprocess(three, spec, DEFAULTS)
    found, _ = task.preprocess(four, spec, DEFAULTS)
    for tensor in wanted:
        np.testing.assert_array_equal(found[tensor], wanted[tensor])
