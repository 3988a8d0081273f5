"""What each kind of camera sends and how, seen by a gateway; the load tester as a process."""

import json
import shutil
import ssl
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from loadtest._load._payloads import bodies, sha256_of_set
from loadtest._options import Camera
from tests.processes import free_port

BRISK = ("--think-time=0.2", "--stage-duration=1.5", "--warmup=0", "--min-samples=0")
WITHIN_S = 60.0


@pytest.fixture
def finished(
    loadtest_process: Callable[..., subprocess.Popen[str]], tmp_path: Path
) -> Callable[..., tuple[int, dict[str, Any], str]]:
    """Runs it; returns exit code, summary (empty where there is none), stderr."""

    def run(gateway_url: str, *arguments: str, **settings: str) -> tuple[int, dict[str, Any], str]:
        folder = tmp_path / "run"
        # Another master on this machine must not get these workers.
        port = free_port()
        process = loadtest_process(
            f"--host={gateway_url}",
            f"--run-dir={folder}",
            *(f"--master-port={port}", f"--master-bind-port={port}"),
            "--no-monitor",
            *BRISK,
            *arguments,
            **settings,
        )
        _, err = process.communicate(timeout=WITHIN_S)
        assert "Traceback" not in err, err
        summary = folder / "summary.json"
        document = json.loads(summary.read_text()) if summary.exists() else {}
        return process.returncode, document, err

    return run


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    """A self-signed certificate for 127.0.0.1, and its key."""
    if shutil.which("openssl") is None:
        pytest.skip("missing: openssl (Debian: openssl)")
    made, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    command += ["-nodes", "-subj", "/CN=test", "-addext", "subjectAltName=IP:127.0.0.1"]
    command += ["-keyout", str(key), "-out", str(made)]
    subprocess.run(command, check=True, capture_output=True)
    return made, key


@pytest.fixture
def https_gateway(start_gateway: Callable[..., Any], certificate: tuple[Path, Path]) -> Any:
    gateway = start_gateway()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*certificate)
    gateway.socket = context.wrap_socket(gateway.socket, server_side=True)
    return gateway


def secure(gateway: Any) -> str:
    return str(gateway.url.replace("http://", "https://"))


@pytest.mark.parametrize(
    ("arguments", "named", "camera", "content_type"),
    [
        ((), "", "raw", "image/jpeg"),
        (("--camera=base64",), "", "base64", "application/json"),
        (("--camera=mixed", "--processes=2"), "", "mixed", "image/jpeg"),
        ((), "Base64User", "base64", "application/json"),
        (("--camera=page",), "", "page", "image/jpeg"),
        (("--camera=raw", "--processes=2"), "MixedSizesUser", "mixed", "image/jpeg"),
    ],
)
def test_one_kind_of_camera_sends_and_it_is_the_one_that_was_asked_for(
    arguments: tuple[str, ...],
    named: str,
    camera: Camera,
    content_type: str,
    start_gateway: Callable[..., Any],
    finished: Callable[..., Any],
) -> None:
    gateway = start_gateway()
    code, document, err = finished(gateway.url, "--stages=8", *arguments, LOCUST_USER_CLASSES=named)
    sent = list(bodies(camera, 0))
    assert code == 0, err
    assert gateway.content_types == {content_type}
    assert gateway.paths == {"/v1/quality?face=auto" if camera == "page" else "/v1/quality"}
    assert gateway.pictures
    assert gateway.pictures <= set(sent)
    assert document["payloads"] == {
        "count": 64,
        "total_bytes": sum(map(len, sent)),
        "sha256": sha256_of_set(sent),
    }
    assert document["configuration"]["camera"] == camera
    assert document["totals"]["failed_with_warmups"] == 0


def test_an_open_loop_sends_without_answers_up_to_a_bound_and_says_what_it_did_not_send(
    start_gateway: Callable[..., Any], finished: Callable[..., Any]
) -> None:
    gateway = start_gateway()
    gateway.answering.clear()
    code, document, _ = finished(gateway.url, "--stages=2", "--stage-duration=4", "--open-loop")
    (stage,) = document["stages"]
    failures = stage["failures"]
    unsent = failures.pop("not sent: 10 frames of this camera still unanswered")
    assert code == 3
    # Those under way when the stage ended are waited for and are its own.
    assert set(failures) == {"no answer: timed out"}
    # At most ten of each camera; those of them that began before the stage are not its own.
    assert 1 <= failures["no answer: timed out"] <= 20
    assert stage["requests"] == unsent + failures["no answer: timed out"]
    assert stage["requests"] == pytest.approx(2 * 4 / 0.2, rel=0.15)


def test_without_it_a_camera_waits_for_its_answer(
    start_gateway: Callable[..., Any], loadtest_process: Callable[..., Any], tmp_path: Path
) -> None:
    gateway = start_gateway()
    gateway.answering.clear()
    run_dir = f"--run-dir={tmp_path / 'run'}"
    loadtest_process("3", "--host", gateway.url, run_dir, "--no-monitor", *BRISK)
    gateway.wait_for_frames(3, within_s=WITHIN_S)
    with gateway.arrived:
        assert not gateway.arrived.wait_for(lambda: len(gateway.arrivals_s) > 3, 1.0)


def test_a_certificate_that_nobody_vouches_for_gets_no_load(
    https_gateway: Any, finished: Callable[..., Any]
) -> None:
    code, document, err = finished(secure(https_gateway), "--stages=2")
    assert code == 1
    assert document == {}
    assert err == (
        f"Load test not started: the certificate of {secure(https_gateway)} is not trusted: "
        "self-signed certificate; give --ca FILE or --insecure.\n"
    )
    assert https_gateway.arrivals_s == []


@pytest.mark.parametrize("processes", [1, 2])
def test_a_certificate_in_the_given_file_is_trusted(
    processes: int,
    https_gateway: Any,
    certificate: tuple[Path, Path],
    finished: Callable[..., Any],
) -> None:
    code, document, err = finished(
        secure(https_gateway), "--stages=4", f"--ca={certificate[0]}", f"--processes={processes}"
    )
    assert code == 0, err
    assert document["totals"]["failed_with_warmups"] == 0
    assert "not verified" not in err


def test_a_certificate_for_another_name_is_not_trusted(
    https_gateway: Any, certificate: tuple[Path, Path], finished: Callable[..., Any]
) -> None:
    url = secure(https_gateway).replace("127.0.0.1", "localhost")
    code, _, err = finished(url, "--stages=2", f"--ca={certificate[0]}")
    assert code == 1
    assert "is not trusted: Hostname mismatch" in err


def test_insecure_believes_anybody_and_says_so_once(
    https_gateway: Any, finished: Callable[..., Any]
) -> None:
    code, document, err = finished(secure(https_gateway), "--stages=2,4", "--insecure")
    assert code == 0
    assert document["totals"]["failed_with_warmups"] == 0
    assert err.count("The gateway's certificate is not verified (--insecure).\n") == 1


def test_a_file_that_is_not_there_is_a_usage_error(finished: Callable[..., Any]) -> None:
    code, _, err = finished("https://127.0.0.1", "--ca=absent.pem")
    assert code == 2
    assert "no such file: 'absent.pem'" in err
