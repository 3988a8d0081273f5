"""HTTPS with the pair that `make certs` writes."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts import certs
from tests.pictures import ASTRONAUT
from tests.processes import PROJECT, Gateway, Process, Session, Triton, environment

pytestmark = pytest.mark.triton


@pytest.fixture
def https_gateway(
    triton: Triton, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Gateway]:
    if shutil.which("openssl") is None:
        pytest.skip("missing: openssl (Debian: openssl)")
    monkeypatch.setattr(certs, "FOLDER", tmp_path / "tls")
    monkeypatch.setattr("sys.argv", ["certs"])
    assert certs.main() == 0
    pair = {
        "FRAMEGATE_TLS_CERT": str(tmp_path / "tls/cert.pem"),
        "FRAMEGATE_TLS_KEY": str(tmp_path / "tls/key.pem"),
    }
    with Gateway(tmp_path / "gateway", triton_port=triton.http_port, **pair) as gateway:
        yield gateway


def test_the_gateway_serves_https_with_a_made_certificate(https_gateway: Gateway) -> None:
    certificate, key = (https_gateway.env[f"FRAMEGATE_TLS_{part}"] for part in ("CERT", "KEY"))
    assert Path(key).stat().st_mode & 0o077 == 0
    assert https_gateway.url.startswith("https://")
    with Session() as session:
        answer = session.post(
            f"{https_gateway.url}/v1/quality",
            data=ASTRONAUT.read_bytes(),
            headers={"Content-Type": "image/jpeg"},
            verify=certificate,
            timeout=10,
        )
    assert answer.status_code == 200
    assert 0.5 < answer.json()["score"] < 1


@pytest.mark.parametrize(
    ("flags", "reason"),
    [
        (["--ca"], None),
        (["--insecure"], None),
        ([], "shows a certificate that is not believed"),
    ],
)
def test_the_monitor_believes_the_certificates_it_was_told_to(
    flags: list[str], reason: str | None, https_gateway: Gateway, triton: Triton
) -> None:
    if flags == ["--ca"]:
        flags = ["--ca", https_gateway.env["FRAMEGATE_TLS_CERT"]]
    command = [sys.executable, "-m", "monitor", "--once", "--format", "json", "-i", "0.2"]
    command += ["--triton", triton.metrics_url, "--watch", "off"]
    command += ["--gateway", https_gateway.url, *flags]
    done = subprocess.run(
        command, cwd=PROJECT, env=environment({}), capture_output=True, text=True, check=True
    )
    document = json.loads(done.stdout)
    assert (document["gateway"] is None) == (reason is not None)
    assert (reason or "") in document["missing"].get("gateway", "")


def test_the_load_tester_measures_https_without_delays_of_its_own(
    https_gateway: Gateway, tmp_path: Path
) -> None:
    command = [sys.executable, "-m", "loadtest", "4", f"--host={https_gateway.url}"]
    command += ["--stage-duration=5", "--warmup=1", "--min-samples=0", "--no-monitor"]
    command.append(f"--ca={https_gateway.env['FRAMEGATE_TLS_CERT']}")
    process = Process(tmp_path / "load", [*command, f"--run-dir={tmp_path / 'run'}"], {})
    assert process.popen.wait(60) == 0, process.output
    totals = json.loads((tmp_path / "run/summary.json").read_text())["totals"]
    assert totals["failed_with_warmups"] == 0
    response_ms, gateway_ms = (totals["metrics"][name]["p50"] for name in ("response", "gateway"))
    # A last record held back until a delayed acknowledgement would cost 40 ms.
    assert response_ms - gateway_ms < 25
