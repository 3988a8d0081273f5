"""Stand-ins in the real Triton: their answers, their memory, and that it comes back."""

import contextlib
import json
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
from numpy.typing import NDArray
from PIL import Image

from backend.enrichment.catalog import load
from backend.enrichment.model_spec import ModelSpec
from backend.enrichment.tasks.options import Options
from backend.enrichment.tasks.registry import TASKS
from scripts.zoo_models import standins
from tests.processes import PROJECT, Session, Triton, wait_until
from tests.standin import load_network

pytestmark = pytest.mark.triton

CATALOG = load()
# As their rows say, but for the memory of the two that would take long to fill it.
MEMORY_MB = {"osnet-x0-25": 100, "fashion-clip": 140, "xclip-base": 150, "yolov8n-pose": 200}
SPECS = {
    name: CATALOG[name].model_copy(update={"memory_estimate_mb": memory_mb})
    for name, memory_mb in MEMORY_MB.items()
}


@pytest.fixture(scope="module")
def triton(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Triton]:
    repository = tmp_path_factory.mktemp("zoo")
    for name, spec in SPECS.items():
        standins.write(repository, name, standins.files_of(spec, "cpu"))
    repositories = f"{PROJECT / 'triton_models'},{repository}"
    folder = tmp_path_factory.mktemp("triton")
    with Triton(folder, FRAMEGATE_TRITON_REPOSITORIES=repositories) as server:
        yield server


def batch_of(spec: ModelSpec, names: tuple[str, ...], options: Options) -> list[NDArray[Any]]:
    """What the model is sent for some pictures at once, by input."""
    prepared = []
    for name in names:
        with Image.open(PROJECT / f"loadtest/pictures/{name}.jpg") as image:
            pixels = np.asarray(image.convert("RGB"))
        tensors, _ = TASKS[spec.task].preprocess(pixels, spec, options)
        prepared.append(tensors)
    return [np.concatenate([each[tensor.name] for each in prepared]) for tensor in spec.inputs]


def infer(triton: Triton, spec: ModelSpec, tensors: list[NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """One request, floats in binary and texts as texts."""
    picture, *texts = tensors
    inputs: list[dict[str, Any]] = [
        {
            "name": spec.input.name,
            "shape": picture.shape,
            "datatype": "FP32",
            "parameters": {"binary_data_size": picture.nbytes},
        }
    ]
    for prompts in texts:
        data = [prompt.decode() for prompt in prompts.ravel()]
        shown = {"name": "prompts", "shape": prompts.shape, "datatype": "BYTES", "data": data}
        inputs.append(shown)
    header = json.dumps({"inputs": inputs, "parameters": {"binary_data_output": True}}).encode()
    with Session() as session:
        answer = session.post(
            f"{triton.url}/v2/models/{spec.name}/infer",
            data=header + picture.tobytes(),
            headers={"Inference-Header-Content-Length": str(len(header))},
            timeout=30,
        )
    assert answer.status_code == 200, answer.text
    length = int(answer.headers["Inference-Header-Content-Length"])
    outputs, offset = {}, length
    for output in json.loads(answer.content[:length])["outputs"]:
        size = output["parameters"]["binary_data_size"]
        values = np.frombuffer(answer.content[offset : offset + size], np.float32)
        outputs[output["name"]] = values.reshape(output["shape"])
        offset += size
    return outputs


def stub_of(triton: Triton, name: str) -> psutil.Process | None:
    """The process that has the model."""
    for process in psutil.Process(triton.process.popen.pid).children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):  # it ends; a zombie is one of these
            if any(f"/{name}/1/" in part for part in process.cmdline()):
                return process
    return None


def memory_mb(process: psutil.Process) -> list[float]:
    """With its share of what it has with others; and without code, but with all that it shares."""
    rollup = Path(f"/proc/{process.pid}/smaps_rollup").read_text()
    status = Path(f"/proc/{process.pid}/status").read_text()
    shared = re.findall(r"^Pss:\s+(\d+) kB", rollup, re.MULTILINE)
    whole = re.findall(r"^Rss(?:Anon|Shmem):\s+(\d+) kB", status, re.MULTILINE)
    return [sum(map(int, kilobytes)) / 1024 for kilobytes in (shared, whole)]


@pytest.fixture(params=SPECS)
def loaded(triton: Triton, request: pytest.FixtureRequest) -> Iterator[ModelSpec]:
    name = str(request.param)
    answer = triton.control("load", name)
    assert answer.status_code == 200, answer.text
    yield SPECS[name]
    triton.control("unload", name)
    wait_until(lambda: stub_of(triton, name) is None, what=f"{name}'s process has ended")


def test_triton_answers_what_the_network_answers(triton: Triton, loaded: ModelSpec) -> None:
    prompts = ("a hat", "Fähre", "nothing") if loaded.prompts else ()
    options, network = Options(prompts=prompts), load_network(loaded)
    for name in ("astronaut", "coffee"):
        tensors = batch_of(loaded, (name,), options)
        served = infer(triton, loaded, tensors)
        expected = network.answer(*(tensor[0] for tensor in tensors))
        assert set(served) == set(expected)
        for output, values in expected.items():
            np.testing.assert_allclose(served[output][0], values, rtol=1e-3, atol=1e-3)


def test_a_batch_is_answered_as_its_pictures_are_alone(triton: Triton) -> None:
    spec, names = SPECS["osnet-x0-25"], ("astronaut", "coffee", "chelsea", "coffee")
    assert triton.control("load", spec.name).status_code == 200
    (together,) = infer(triton, spec, batch_of(spec, names, Options())).values()
    for name, values in zip(names, together, strict=True):
        (alone,) = infer(triton, spec, batch_of(spec, (name,), Options())).values()
        np.testing.assert_array_equal(values, alone[0])
    triton.control("unload", spec.name)


def test_a_process_weighs_what_the_catalogue_says_and_no_more_while_it_answers(
    triton: Triton, loaded: ModelSpec
) -> None:
    process = stub_of(triton, loaded.name)
    assert process is not None
    estimate_mb = loaded.memory_estimate_mb
    assert 0.8 * estimate_mb <= min(memory_mb(process))
    tensors = batch_of(loaded, ("astronaut",), Options())
    with ThreadPoolExecutor(4) as threads:
        for _ in threads.map(lambda _: infer(triton, loaded, tensors), range(12)):
            assert max(memory_mb(process)) <= estimate_mb


def test_the_memory_comes_back(triton: Triton) -> None:
    for _ in range(2):
        assert triton.control("load", "osnet-x0-25").status_code == 200
        process = stub_of(triton, "osnet-x0-25")
        assert process is not None
        assert triton.control("unload", "osnet-x0-25").status_code == 200
        wait_until(lambda: stub_of(triton, "osnet-x0-25") is None, what="the process has ended")
        process.wait(10)


def test_the_configuration_says_what_the_weights_are(triton: Triton) -> None:
    assert triton.control("load", "osnet-x0-25").status_code == 200
    with Session() as session:
        config = session.get(f"{triton.url}/v2/models/osnet-x0-25/config", timeout=10).json()
    assert config["parameters"]["weights"]["string_value"] == "stand-in"
    triton.control("unload", "osnet-x0-25")
