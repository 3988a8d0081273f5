"""The launcher and the ONNX host, with the real server."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import psutil
import pytest
from numpy.typing import NDArray

from tests.model_repository import ONNX_WEIGHTS, write_onnx, write_python
from tests.processes import PROJECT, Process, Session, Triton, free_port, wait_until

pytestmark = pytest.mark.triton
SHM = Path("/dev/shm")
HAS_GPU = Path("/dev/nvidia0").exists()


@pytest.fixture(scope="module")
def onnx_triton(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Triton]:
    """A server whose repository has ONNX models next to the quality model."""
    repository = tmp_path_factory.mktemp("repository")
    write_onnx(repository, "dense")
    write_onnx(
        repository,
        "dense_batched",
        extra_config="dynamic_batching { max_queue_delay_microseconds: 50000 }",
    )
    write_onnx(repository, "dense_gpu", kind="KIND_GPU")
    write_onnx(repository, "mistyped")
    config = repository / "mistyped/config.pbtxt"
    config.write_text(
        config.read_text().replace('"y", data_type: TYPE_FP32', '"y", data_type: TYPE_FP16')
    )
    write_onnx(repository, "misnamed")
    config = repository / "misnamed/config.pbtxt"
    config.write_text(config.read_text().replace('name: "y"', 'name: "z"'))
    repositories = f"{PROJECT / 'triton_models'},{repository}"
    folder = tmp_path_factory.mktemp("onnx")
    with Triton(folder, FRAMEGATE_TRITON_REPOSITORIES=repositories) as server:
        for model in ("dense", "dense_batched"):
            answer = server.control("load", model)
            assert answer.status_code == 200, answer.text
        yield server


def tensor(
    name: str, datatype: str, rows: "list[list[float]] | list[list[int]]"
) -> dict[str, object]:
    return {"name": name, "datatype": datatype, "shape": [len(rows), len(rows[0])], "data": rows}


def dense(rows: list[list[float]]) -> NDArray[np.float32]:
    weights, bias = ONNX_WEIGHTS
    result: NDArray[np.float32] = np.maximum(np.array(rows, np.float32) @ weights + bias, 0)
    return result


def answer_of(triton: Triton, model: str, rows: list[list[float]]) -> dict[str, list[float]]:
    counts = [[i] for i in range(len(rows))]
    response = triton.infer(model, [tensor("x", "FP32", rows), tensor("n", "INT64", counts)])
    assert response.status_code == 200, response.text
    return {output["name"]: output["data"] for output in response.json()["outputs"]}


def test_an_onnx_file_is_served_by_its_values(onnx_triton: Triton) -> None:
    rows = [[1.0, 2.0, 3.0], [-4.0, 0.5, 0.25], [0.0, 0.0, 0.0]]
    answer = answer_of(onnx_triton, "dense", rows)
    np.testing.assert_allclose(np.reshape(answer["y"], (3, 2)), dense(rows), atol=1e-5)
    assert answer["m"] == [1, 2, 3]


def test_requests_batched_together_get_their_own_answers(onnx_triton: Triton) -> None:
    rng = np.random.default_rng(7)
    asked = [rng.normal(size=(1 + i % 3, 3)).round(3).tolist() for i in range(24)]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda rows: answer_of(onnx_triton, "dense_batched", rows), asked))
    for rows, answer in zip(asked, answers, strict=True):
        np.testing.assert_allclose(np.reshape(answer["y"], (-1, 2)), dense(rows), atol=1e-5)
    with Session() as session:
        stats = session.get(f"{onnx_triton.url}/v2/models/dense_batched/stats", timeout=5).json()
    counted = stats["model_stats"][0]
    assert counted["execution_count"] < len(asked)
    assert counted["inference_count"] == sum(len(rows) for rows in asked)


@pytest.mark.parametrize(
    ("model", "complaint"),
    [
        ("mistyped", "output 'y' is TYPE_FP16 in the configuration and float32 in the ONNX file"),
        ("misnamed", "the ONNX file has no output 'z': it has ['m', 'y']"),
    ],
)
def test_a_configuration_that_contradicts_the_file_is_refused(
    onnx_triton: Triton, model: str, complaint: str
) -> None:
    answer = onnx_triton.control("load", model)
    assert answer.status_code >= 400
    assert complaint in answer.json()["error"].replace("<class 'numpy.float32'>", "float32")


@pytest.mark.skipif(not HAS_GPU, reason="no GPU")
def test_under_kind_gpu_an_onnx_file_is_served_by_its_values(onnx_triton: Triton) -> None:
    answer = onnx_triton.control("load", "dense_gpu")
    assert answer.status_code == 200, answer.text
    rows = [[1.0, 2.0, 3.0], [-4.0, 0.5, 0.25]]
    np.testing.assert_allclose(
        np.reshape(answer_of(onnx_triton, "dense_gpu", rows)["y"], (2, 2)), dense(rows), atol=1e-3
    )


@pytest.mark.skipif(HAS_GPU, reason="needs a machine with no GPU")
def test_kind_gpu_without_a_gpu_is_refused_by_the_server(onnx_triton: Triton) -> None:
    answer = onnx_triton.control("load", "dense_gpu")
    assert answer.status_code >= 400
    assert "GPU" in answer.text


def test_model_control_asks_for_the_header(triton: Triton) -> None:
    with Session() as session:
        for path in ("v2/repository/index", "v2/repository/models/capture_quality/unload"):
            answer = session.post(f"{triton.url}/{path}", timeout=5)
            assert answer.status_code == 403
            assert "restricted" in answer.text
        for path in ("v2/systemsharedmemory/status", "v2/logging", "v2/trace/setting"):
            assert session.get(f"{triton.url}/{path}", timeout=5).status_code == 403
        index = session.post(
            f"{triton.url}/v2/repository/index",
            headers={"triton-control": triton.env["FRAMEGATE_TRITON_CONTROL_TOKEN"]},
            timeout=5,
        )
    loaded = [entry for entry in index.json() if "state" in entry]
    assert loaded == [{"name": "capture_quality", "version": "1", "state": "READY"}]


def test_the_server_listens_on_loopback_alone(triton: Triton) -> None:
    server = server_process(triton)
    listening = {
        connection.laddr.ip.removeprefix("::ffff:")
        for connection in server.net_connections("inet")
        if connection.status == psutil.CONN_LISTEN
    }
    assert listening == {"127.0.0.1"}


def server_process(triton: Triton) -> psutil.Process:
    launcher = psutil.Process(triton.process.popen.pid)
    (server,) = (child for child in launcher.children() if child.name() == "tritonserver")
    return server


def segments() -> set[str]:
    return {path.name for path in SHM.iterdir()}


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_the_launcher_leaves_nothing_behind(tmp_path: Path, signum: signal.Signals) -> None:
    before = segments()
    with Triton(tmp_path) as triton:
        family = psutil.Process(triton.process.popen.pid).children(recursive=True)
        assert len(family) == 3  # the server and two instances of the model
        assert segments() > before
        status = triton.process.popen.poll()
        triton.process.popen.send_signal(signum)
        status = triton.process.popen.wait(25)
        assert status == (0 if signum != signal.SIGKILL else -signal.SIGKILL)
        gone = psutil.wait_procs(family, timeout=20)[1]
        assert gone == []
    wait_until(lambda: segments() <= before, what="no shared memory is left")


def test_segments_of_a_killed_launcher_are_removed_by_the_next(tmp_path: Path) -> None:
    leftover = SHM / "framegate_999999999_0000"
    leftover.write_bytes(b"x")
    try:
        with Triton(tmp_path):
            assert not leftover.exists()
    finally:
        leftover.unlink(missing_ok=True)


def test_a_server_killed_under_the_launcher_ends_it_with_a_reason(tmp_path: Path) -> None:
    before = segments()
    with Triton(tmp_path) as triton:
        family = psutil.Process(triton.process.popen.pid).children(recursive=True)
        server_process(triton).kill()
        assert triton.process.popen.wait(15) == 1
        assert "the server ended by itself (exit status -9)" in triton.process.output
        assert psutil.wait_procs(family, timeout=10)[1] == []
    assert segments() <= before


def launch(tmp_path: Path, **settings: str) -> tuple[int, str]:
    """Run the launcher where it must fail; returns its exit status and output."""
    ports = {
        f"FRAMEGATE_TRITON_{name}_PORT": str(free_port()) for name in ("HTTP", "GRPC", "METRICS")
    }
    log = {"FRAMEGATE_TRITON_LOG": str(tmp_path / "triton.log")}
    process = Process(tmp_path, [sys.executable, "-m", "triton_runtime"], ports | log | settings)
    try:
        return process.popen.wait(30), process.output
    finally:
        process.stop()


def test_a_port_in_use_is_one_sentence(tmp_path: Path) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        status, output = launch(tmp_path, FRAMEGATE_TRITON_GRPC_PORT=str(port))
    assert status == 1
    assert output == (
        f"triton: Port {port} on 127.0.0.1 cannot be used (Address already in use): "
        "stop what holds it or set FRAMEGATE_TRITON_GRPC_PORT.\n"
    )


def test_a_model_that_does_not_load_is_named(tmp_path: Path) -> None:
    write_python(
        tmp_path / "models", "broken", "max_batch_size: 0", "raise ValueError('on purpose')"
    )
    status, output = launch(
        tmp_path,
        FRAMEGATE_TRITON_REPOSITORIES=str(tmp_path / "models"),
        FRAMEGATE_QUALITY_MODEL="broken",
    )
    assert status == 1
    assert "failed to load 'broken'" in output
    assert "on purpose" in output


def test_wrong_settings_are_all_named_at_once(tmp_path: Path) -> None:
    status, output = launch(
        tmp_path, FRAMEGATE_TRITON_HTTP_PORT="many", FRAMEGATE_TRITON_METRICS_PORT="0"
    )
    assert status == 2
    assert "FRAMEGATE_TRITON_HTTP_PORT" in output
    assert "FRAMEGATE_TRITON_METRICS_PORT" in output


def test_an_unpacked_server_is_used_instead_of_the_wheel(tmp_path: Path) -> None:
    unpacked = tmp_path / "unpacked"
    home = next((PROJECT / ".venv-triton/lib").glob("python3.*/site-packages"))
    wheel = home / "pytriton/tritonserver"
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    (unpacked / "bin").mkdir(parents=True)
    shutil.copy2(wheel / "bin/tritonserver", unpacked / "bin")
    (unpacked / "lib").symlink_to(home / "nvidia_pytriton.libs")
    shutil.copytree(wheel / "backends/python", unpacked / "backends/python")
    stub = wheel / "python_backend_stubs" / version / "triton_python_backend_stub"
    shutil.copy2(stub, unpacked / "backends/python")
    with Triton(tmp_path / "run", FRAMEGATE_TRITON_RUNTIME=str(unpacked)) as triton:
        assert server_process(triton).exe() == str(unpacked / "bin/tritonserver")


@pytest.mark.parametrize("config", ["rtx3060", "rtx5090", "original-rtx3060"])
def test_every_hardware_configuration_serves(tmp_path: Path, config: str) -> None:
    wanted = {
        "rtx3060": (16, 2, 0),
        "rtx5090": (32, 6, 0),
        "original-rtx3060": (16, 2, 100_000),
    }
    with Triton(tmp_path, FRAMEGATE_TRITON_CONFIG=config) as triton, Session() as session:
        served = session.get(f"{triton.url}/v2/models/capture_quality/config", timeout=5).json()
        assert (
            served["max_batch_size"],
            served["instance_group"][0]["count"],
            served["dynamic_batching"]["max_queue_delay_microseconds"],
        ) == wanted[config]
        grey = {"name": "image", "datatype": "UINT8", "shape": [1, 352, 352, 3]}
        answer = triton.infer("capture_quality", [grey | {"data": [128] * (352 * 352 * 3)}])
        scores = {output["name"]: output["data"] for output in answer.json()["outputs"]}
        assert 0 <= scores["score"][0] < 0.35


def test_numpy_2_is_refused_by_the_models_themselves() -> None:
    """In an environment that slipped past the launcher: this interpreter's own numpy is 2."""
    assert int(np.__version__.split(".")[0]) >= 2
    for model in (
        PROJECT / "triton_models/capture_quality/1/model.py",
        PROJECT / "triton_runtime/backends/onnxruntime/model.py",
    ):
        code = (
            "import sys, types; sys.modules['triton_python_backend_utils'] = types.ModuleType('u');"
            f"sys.path.insert(0, {str(model.parent)!r}); import model"
        )
        answer = subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            check=False,
            env={"PATH": os.defpath, "PYTHONDONTWRITEBYTECODE": "1"},
        )
        assert answer.returncode != 0
        assert "install numpy<2" in answer.stderr


def test_the_server_log_is_kept_in_the_named_file(triton: Triton) -> None:
    assert "successfully loaded 'capture_quality'" in triton.log.read_text()
    assert triton.env["FRAMEGATE_TRITON_CONTROL_TOKEN"] not in triton.log.read_text()
    assert json.dumps(triton.process.output) == '""'
