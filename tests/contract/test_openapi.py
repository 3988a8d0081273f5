"""The live gateway keeps to its own OpenAPI document."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.processes import PROJECT, Gateway, environment

pytestmark = pytest.mark.triton
CONFIGURATION = PROJECT / "tests/contract/schemathesis.toml"
SCORED = 'framegate_requests_total{method="POST",route="/v1/quality",status="200"}'
WITHOUT_ZOO = 'framegate_problems_total{code="enrichment_unavailable"}'


def counted(gateway: Gateway, series: str) -> float:
    lines = gateway.get("/metrics").text.splitlines()
    return sum(float(line.split()[-1]) for line in lines if line.startswith(series))


def test_no_request_gets_an_answer_that_the_document_does_not_have(
    gateway: Gateway, tmp_path: Path
) -> None:
    before = {series: counted(gateway, series) for series in (SCORED, WITHOUT_ZOO)}
    schemathesis = str(Path(sys.executable).parent / "schemathesis")
    options = ["--no-color", "--config-file", str(CONFIGURATION)]
    run = subprocess.run(
        [schemathesis, *options, "run", f"{gateway.url}/openapi.json"],
        cwd=tmp_path,
        env=environment({"PYTHONPATH": str(PROJECT), "NO_PROXY": "127.0.0.1"}),
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert run.returncode == 0, run.stdout[-8000:] + run.stderr[-2000:]
    # Pictures were among what was sent, and requests that the zoo alone could have answered.
    for series, count in before.items():
        assert counted(gateway, series) - count > 10, series
