"""Random weights, imported and answered by the real Triton as torch computes them."""

import json
import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from scripts.efficient_fiqa import graph, importing
from scripts.efficient_fiqa.options import Options
from scripts.efficient_fiqa.pictures import extreme_pictures, made_pictures
from scripts.efficient_fiqa.variants import Precision
from scripts.efficient_fiqa.weights import network, random_weights

PROJECT = Path(__file__).resolve().parent.parent.parent
PYTHON = PROJECT / ".venv/bin/python"
SEED = 5
READY_TIMEOUT_S = 90

pytestmark = pytest.mark.skipif(
    not PYTHON.exists(), reason="the launcher's environment is missing: make envs"
)


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
    folder = tmp_path_factory.mktemp("triton")
    http, grpc, metrics = free_ports(3)
    settings = {
        "FRAMEGATE_TRITON_HTTP_PORT": str(http),
        "FRAMEGATE_TRITON_GRPC_PORT": str(grpc),
        "FRAMEGATE_TRITON_METRICS_PORT": str(metrics),
        "FRAMEGATE_TRITON_LOG": str(folder / "triton.log"),
        "FRAMEGATE_TRITON_REPOSITORIES": f"{PROJECT / 'triton_models'},{repository}",
        "FRAMEGATE_QUALITY_MODEL": "efficient_fiqa",
        "FRAMEGATE_TRITON_CONFIG": config,
    }
    output = folder / "output.log"
    kept = {name: value for name, value in os.environ.items() if not name.startswith("FRAMEGATE_")}
    with output.open("wb") as log:
        launcher = subprocess.Popen(
            [str(PYTHON), "-m", "triton_runtime"],
            cwd=PROJECT,
            env=kept | settings,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        address = f"http://127.0.0.1:{http}"
        deadline_s = time.monotonic() + READY_TIMEOUT_S
        while not ready(f"{address}/v2/models/efficient_fiqa/ready"):
            assert launcher.poll() is None, output.read_text()
            assert time.monotonic() < deadline_s, (folder / "triton.log").read_text()[-2000:]
            time.sleep(0.1)
        yield address
    finally:
        launcher.send_signal(signal.SIGTERM)
        launcher.wait(30)


def free_ports(count: int) -> list[int]:
    with ExitStack() as held:
        probes = [held.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]


def opened(request: str | urllib.request.Request) -> bytes:
    """An answer of the server, asked without a proxy."""
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with direct.open(request, timeout=60) as answer:
        body: bytes = answer.read()
    return body


def ready(url: str) -> bool:
    try:
        opened(url)
    except OSError:
        return False
    return True


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
