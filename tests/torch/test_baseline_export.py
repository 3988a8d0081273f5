"""The exported file: its bytes, its answers beside PyTorch's, and the model in the repository."""

import hashlib
import re
import warnings
from pathlib import Path

import numpy as np
import onnx
import openvino
import pytest
import torch
from numpy.typing import NDArray

from scripts.baseline.evaluation import onnx_scorer
from scripts.baseline.export import quantized, to_onnx
from scripts.baseline.network import Network
from scripts.baseline.repository import MACHINES, Bands, config_text
from scripts.baseline.training import scores_of

PROJECT = Path(__file__).resolve().parent.parent.parent
SHIPPED = PROJECT / "triton_models/baseline-synthetic"


@pytest.fixture(scope="module")
def network() -> Network:
    torch.manual_seed(1)
    made = Network()
    made.eval()
    return made


@pytest.fixture(scope="module")
def pictures() -> NDArray[np.uint8]:
    rng = np.random.default_rng(2)
    noise = rng.integers(0, 256, (2, 352, 352, 3), np.uint8)
    ramp = np.broadcast_to(np.linspace(0, 255, 352)[:, None], (352, 352, 3)).astype(np.uint8)
    return np.stack([*noise, ramp, np.zeros_like(ramp), np.full_like(ramp, 255)])


def test_one_network_is_one_file(network: Network) -> None:
    assert to_onnx(network) == to_onnx(network)


def test_onnx_runtime_and_openvino_answer_what_torch_does(
    network: Network, pictures: NDArray[np.uint8]
) -> None:
    model = to_onnx(network)
    wanted = scores_of(network, pictures)
    scorer = onnx_scorer(model)
    np.testing.assert_allclose([scorer(picture) for picture in pictures], wanted, atol=1e-4)
    precision = {"INFERENCE_PRECISION_HINT": "f32"}
    core = openvino.Core()
    compiled = core.compile_model(core.read_model(model), "CPU", precision)
    np.testing.assert_allclose(compiled([pictures])[0][:, 0], wanted, atol=1e-4)


def test_the_file_suits_older_runtimes_and_is_small(network: Network) -> None:
    data = to_onnx(network)
    model = onnx.load_from_string(data)
    assert model.ir_version <= 9
    assert [(opset.domain, opset.version) for opset in model.opset_import] == [("", 17)]
    assert len(data) < 1_000_000


def test_the_int8_file_has_the_same_ports(network: Network, pictures: NDArray[np.uint8]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the quantiser's own
        int8 = quantized(to_onnx(network), list(pictures))
    assert abs(onnx_scorer(int8)(pictures[0]) - scores_of(network, pictures[:1])[0]) < 0.5
    assert any(node.op_type == "QuantizeLinear" for node in onnx.load_from_string(int8).graph.node)


@pytest.mark.skipif(not SHIPPED.exists(), reason="the model did not pass its ship gate")
def test_the_shipped_configurations_are_those_of_the_shipped_file() -> None:
    model = (SHIPPED / "1/model.onnx").read_bytes()
    config = (SHIPPED / "config.pbtxt").read_text()
    fair, good = re.findall(r"(?:fair|good)=([\d.]+)", config)
    bands = Bands(float(fair), float(good))
    assert hashlib.sha256(model).hexdigest() in config
    for name, machine in MACHINES.items():
        text = (SHIPPED / f"configs/{name}.pbtxt").read_text()
        assert text == config_text(machine, model, bands)
    assert config == (SHIPPED / "configs/cpu.pbtxt").read_text()
