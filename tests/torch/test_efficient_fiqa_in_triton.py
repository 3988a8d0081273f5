"""Random weights, imported and answered by the real Triton as torch computes them."""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from scripts.efficient_fiqa import graph, importing
from scripts.efficient_fiqa.options import Options
from scripts.efficient_fiqa.pictures import extreme_pictures, made_pictures
from scripts.efficient_fiqa.variants import Precision
from scripts.efficient_fiqa.weights import network, random_weights
from tests.torch.embedded_triton import PROJECT, embedded_triton, needs_launcher, opened

SEED = 5

pytestmark = needs_launcher


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    options = Options(
        file=None,
        url=None,
        seed=SEED,
        precision=Precision.FP32,
        accept_drift=False,
        repository=folder,
    )
    importing.run(options, lambda line: None)
    # The configuration for a CPU but for batches, which it does not take.
    configs = folder / "efficient_fiqa/configs"
    alone = (configs / "cpu.pbtxt").read_text()
    assert "max_batch_size: 1\n" in alone
    batches = alone.replace("max_batch_size: 1\n", "max_batch_size: 4\n")
    (configs / "batches.pbtxt").write_text(batches)
    return folder


@pytest.fixture(scope="module", params=["cpu", "batches"])
def triton(
    request: pytest.FixtureRequest, repository: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """The address of a real server that serves the imported model."""
    config = request.param
    settings = {
        "FRAMEGATE_TRITON_REPOSITORIES": f"{PROJECT / 'triton_models'},{repository}",
        "FRAMEGATE_QUALITY_MODEL": "efficient_fiqa",
        "FRAMEGATE_TRITON_CONFIG": config,
    }
    with embedded_triton(tmp_path_factory.mktemp("triton"), settings) as address:
        yield address


def answer_of(triton: str, pictures: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The server's scores; pixels go as binary tensors of the v2 protocol."""
    tensor = {
        "name": "image",
        "shape": list(pictures.shape),
        "datatype": "UINT8",
        "parameters": {"binary_data_size": pictures.nbytes},
    }
    header = json.dumps({"inputs": [tensor]}).encode()
    request = urllib.request.Request(
        f"{triton}/v2/models/efficient_fiqa/infer",
        data=header + pictures.tobytes(),
        headers={"Inference-Header-Content-Length": str(len(header))},
    )
    (output,) = json.loads(opened(request))["outputs"]
    assert (output["name"], output["datatype"]) == ("score", "FP32")
    assert output["shape"] == [len(pictures), 1]
    scores: NDArray[np.float32] = np.array(output["data"], np.float32)
    return scores


def test_triton_answers_what_torch_computes(triton: str) -> None:
    config = json.loads(opened(f"{triton}/v2/models/efficient_fiqa/config"))
    pictures = np.concatenate([extreme_pictures(), made_pictures(8, 3)])
    expected = graph.torch_scores(network(random_weights(SEED)), pictures)
    assert expected.std() > 0.1
    for size in range(1, config["max_batch_size"] + 1):
        batches = (pictures[i : i + size] for i in range(0, len(pictures), size))
        answers = np.concatenate([answer_of(triton, batch) for batch in batches])
        np.testing.assert_allclose(answers, expected, atol=1e-4)


def test_triton_says_which_weights_these_are(triton: str, repository: Path) -> None:
    config = json.loads(opened(f"{triton}/v2/models/efficient_fiqa/config"))
    said = {key: value["string_value"] for key, value in config["parameters"].items()}
    provenance = json.loads((repository / "efficient_fiqa/1/provenance.json").read_text())
    assert said["variant"] == "edgenext-xxs-random"
    assert said["random_weights"] == "true"
    assert said["weights_sha256"] == provenance["onnx"]["sha256"]
    assert said["bands"] == "fair=0.28,good=0.51"


def test_a_batch_over_the_configured_size_is_refused(triton: str) -> None:
    pictures = np.zeros((5, 352, 352, 3), np.uint8)
    with pytest.raises(urllib.error.HTTPError) as refused:
        answer_of(triton, pictures)
    assert "batch-size must be <=" in refused.value.read().decode()
