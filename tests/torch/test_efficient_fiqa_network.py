"""The network and its tensors."""

import io
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from scripts.efficient_fiqa.errors import WrongTensors
from scripts.efficient_fiqa.graph import torch_scores
from scripts.efficient_fiqa.network import EfficientFiqa
from scripts.efficient_fiqa.pictures import extreme_pictures
from scripts.efficient_fiqa.weights import check_tensors, network, random_weights, read_checkpoint

DATA = Path(__file__).resolve().parent.parent / "data"
MANIFEST = json.loads((DATA / "efficient_fiqa_tensors.json").read_text())
GOLDEN = json.loads((DATA / "efficient_fiqa_golden.json").read_text())
A_TENSOR = "feature_extraction.stages.1.blocks.1.xca.temperature"


@pytest.fixture(scope="module")
def weights() -> dict[str, Tensor]:
    return random_weights(0)


def saved(content: object) -> bytes:
    buffer = io.BytesIO()
    torch.save(content, buffer)
    return buffer.getvalue()


def test_the_network_has_the_published_tensors() -> None:
    shapes = {name: list(tensor.shape) for name, tensor in EfficientFiqa().state_dict().items()}
    assert shapes == MANIFEST["tensors"]
    assert len(shapes) == MANIFEST["count"] == 160
    assert sum(parameter.numel() for parameter in EfficientFiqa().parameters()) == 1_179_641


def test_scores_are_those_of_the_reference_implementation(weights: dict[str, Tensor]) -> None:
    scores = torch_scores(network(weights), extreme_pictures())
    np.testing.assert_allclose(scores, GOLDEN["scores"], atol=1e-5)


def test_every_tensor_has_a_part_in_the_score(weights: dict[str, Tensor]) -> None:
    made = network(weights)
    made(torch.from_numpy(extreme_pictures()[3:])).sum().backward()
    silent = [
        name
        for name, parameter in made.named_parameters()
        if parameter.grad is None or not parameter.grad.any()
    ]
    assert silent == []


def test_scores_do_not_depend_on_what_else_is_in_the_batch(weights: dict[str, Tensor]) -> None:
    pictures = extreme_pictures()
    with torch.inference_mode():
        together = network(weights)(torch.from_numpy(pictures))
    assert together.shape == (4, 1)
    assert together.dtype == torch.float32
    np.testing.assert_allclose(
        together[:, 0].numpy(), torch_scores(network(weights), pictures), atol=1e-5
    )


def test_random_weights_are_the_same_for_a_seed_and_others_for_another() -> None:
    one, again, other = random_weights(3), random_weights(3), random_weights(4)
    assert all(torch.equal(one[name], again[name]) for name in one)
    assert not any(torch.equal(one[name], other[name]) for name in one)


def test_a_checkpoint_of_the_right_tensors_is_read(weights: dict[str, Tensor]) -> None:
    read = read_checkpoint(saved(weights))
    assert all(torch.equal(read[name], weights[name]) for name in weights)


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [
        (lambda w: w | {"quality.2.bias": torch.zeros(1)}, r"1 are unknown \(quality\.2\.bias\)"),
        (lambda w: {k: v for k, v in w.items() if k != A_TENSOR}, r"1 are missing \(feature_"),
        (lambda w: w | {A_TENSOR: torch.ones(8, 1, 1)}, r"the shape \[8, 1, 1\].*\[4, 1, 1\]"),
        (lambda w: w | {A_TENSOR: w[A_TENSOR].half()}, r"is torch\.float16; it must be torch"),
        (lambda w: w | {A_TENSOR: w[A_TENSOR] * float("nan")}, "numbers that are not finite"),
        (lambda w: w | {A_TENSOR: [1.0]}, "is list; it must be"),
    ],
)
def test_anything_but_the_networks_tensors_is_refused(
    weights: dict[str, Tensor], wrong: object, complaint: str
) -> None:
    assert callable(wrong)
    with pytest.raises(WrongTensors, match=complaint):
        check_tensors(wrong(weights))


class Code:
    """What a checkpoint must not be able to bring along."""

    ran = False

    def __reduce__(self) -> tuple[object, ...]:
        return (setattr, (Code, "ran", True))


@pytest.mark.parametrize("data", [b"", b"\x80\x02garbage", saved(Code())], ids=repr)
def test_a_file_that_is_no_plain_checkpoint_is_refused_and_runs_nothing(data: bytes) -> None:
    with pytest.raises(WrongTensors, match="cannot be read as tensors alone"):
        read_checkpoint(data)
    assert not Code.ran


def test_a_checkpoint_of_something_else_is_refused() -> None:
    with pytest.raises(WrongTensors, match="holds a list"):
        read_checkpoint(saved([torch.zeros(1)]))
