"""The container's entry script, with a stand-in for the server that shows its arguments."""

import os
import re
import subprocess
from pathlib import Path

from tests.processes import PROJECT
from triton_runtime.server import tracing
from triton_runtime.settings import Settings

PORTS = {"HTTP": 8003, "GRPC": 8001, "METRICS": 8002}


def arguments(
    tmp_path: Path,
    token: str = "",
    model: str = Settings().quality_model,
    zoo: Path = PROJECT / "nowhere",
    secrets: Path = PROJECT / "nowhere",
    traces_url: str = "",
) -> list[str]:
    server = tmp_path / "tritonserver"
    server.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    server.chmod(0o755)
    env = {f"FRAMEGATE_TRITON_{name}_PORT": str(port) for name, port in PORTS.items()} | {
        "PATH": f"{tmp_path}:{os.defpath}",
        "FRAMEGATE_QUALITY_MODEL": model,
        "FRAMEGATE_MODELS": str(PROJECT / "triton_models"),
        "FRAMEGATE_ZOO_MODELS": str(zoo),
        "FRAMEGATE_TRITON_CONFIG": Settings().triton_config,
        "FRAMEGATE_TRITON_CONTROL_TOKEN": token,
        "FRAMEGATE_SECRETS_DIR": str(secrets),
        "FRAMEGATE_TRITON_TRACES_URL": traces_url,
    }
    script = PROJECT / "deploy/triton-entrypoint.sh"
    return subprocess.run(
        [script], env=env, capture_output=True, text=True, check=True
    ).stdout.splitlines()


def test_the_server_gets_the_settings_and_the_token_for_both_protocols(tmp_path: Path) -> None:
    given = arguments(tmp_path, token="secret")
    restricted = "model-repository,shared-memory,logging,trace:triton-control=secret"
    assert set(given) == {
        f"--model-repository={PROJECT / 'triton_models'}",
        "--model-control-mode=explicit",
        "--load-model=baseline-synthetic",
        "--load-model=capture_quality",
        "--model-config-name=cpu",
        "--strict-readiness=false",
        "--disable-auto-complete-config",
        "--exit-timeout-secs=5",
        "--http-port=8003",
        "--grpc-port=8001",
        "--metrics-port=8002",
        f"--http-restricted-api={restricted}",
        f"--grpc-restricted-protocol={restricted}",
    }


def test_a_mounted_secret_is_the_token(tmp_path: Path) -> None:
    (tmp_path / "framegate_triton_control_token").write_text("mounted\n")
    for token, wanted in (("", "mounted"), ("of-the-environment", "of-the-environment")):
        given = "\n".join(arguments(tmp_path, token=token, secrets=tmp_path))
        assert re.findall(r"triton-control=(.*)", given) == [wanted, wanted]


def test_without_a_token_nobody_has_it(tmp_path: Path) -> None:
    tokens = [re.findall(r"triton-control=(.*)", "\n".join(arguments(tmp_path))) for _ in range(2)]
    assert tokens[0][0] == tokens[0][1] != tokens[1][0]
    assert re.fullmatch(r"[0-9a-f]{48}", tokens[0][0])


def test_a_model_that_measures_is_loaded_alone(tmp_path: Path) -> None:
    given = arguments(tmp_path, model="capture_quality")
    assert [one for one in given if "load-model" in one] == ["--load-model=capture_quality"]


def test_the_models_of_the_zoo_are_a_second_repository_where_there_are_any(tmp_path: Path) -> None:
    models = f"--model-repository={PROJECT / 'triton_models'}"
    zoo = tmp_path / "zoo"
    for there, wanted in ((False, [models]), (True, [models, f"--model-repository={zoo}"])):
        if there:
            zoo.mkdir()
        given = arguments(tmp_path, zoo=zoo)
        assert [one for one in given if "model-repository=" in one] == wanted
        assert "" not in given


def test_requests_are_traced_as_in_the_embedded_server(tmp_path: Path) -> None:
    url = "http://collector:4318/v1/traces"
    settings = Settings.model_validate({"triton_traces_url": url})
    given = arguments(tmp_path, traces_url=url)
    assert [one for one in given if "trace-config" in one] == tracing(settings)
