"""The server's arguments and environment, its life and its end, with a shell in its place."""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest
from pydantic import SecretStr

from tests.processes import free_port, wait_until
from tests.unit.triton_runtime.fake_installation import installation, write_unpacked
from triton_runtime import drain, preflight, server
from triton_runtime import installation as installation_module
from triton_runtime.errors import LaunchError
from triton_runtime.installation import Installation
from triton_runtime.server import (
    Outcome,
    command_line,
    complaint,
    dead_children,
    environment,
    tracing,
)
from triton_runtime.settings import Settings

RESTRICTED = "model-repository,logging,trace"


def test_the_command_line() -> None:
    settings = Settings(
        triton_repositories=(Path("/models"), Path("/more")),
        triton_http_port=1,
        triton_grpc_port=2,
        triton_metrics_port=3,
        triton_config="rtx3060",
    )
    line = command_line(
        installation(Path("/opt/triton")),
        settings,
        load=("baseline", "capture_quality"),
        backends=Path("/run/backends"),
        shm_prefix="framegate_7_",
        token="hush",
        shared_memory_token="among us",
    )
    assert line == [
        "/opt/triton/bin/tritonserver",
        "--model-repository=/models",
        "--model-repository=/more",
        "--backend-directory=/run/backends",
        "--backend-config=python,shm-region-prefix-name=framegate_7_",
        "--model-control-mode=explicit",
        "--load-model=baseline",
        "--load-model=capture_quality",
        "--model-config-name=rtx3060",
        "--strict-readiness=false",
        "--disable-auto-complete-config",
        "--exit-timeout-secs=5",
        "--http-address=127.0.0.1",
        "--http-port=1",
        "--grpc-address=127.0.0.1",
        "--grpc-port=2",
        "--metrics-address=127.0.0.1",
        "--metrics-port=3",
        f"--http-restricted-api={RESTRICTED}:triton-control=hush",
        "--http-restricted-api=shared-memory:triton-shared-memory=among us",
        f"--grpc-restricted-protocol={RESTRICTED},shared-memory:triton-control=hush",
    ]


def test_it_traces_those_requests_that_say_so_where_there_is_a_collector() -> None:
    assert tracing(Settings()) == []
    collector = Settings.model_validate({"triton_traces_url": "http://collector:4318/v1/traces"})
    assert tracing(collector) == [
        "--trace-config=mode=opentelemetry",
        "--trace-config=opentelemetry,url=http://collector:4318/v1/traces",
        "--trace-config=opentelemetry,bsp_schedule_delay=1000",
        "--trace-config=level=TIMESTAMPS",
        "--trace-config=rate=0",
    ]


def test_the_models_python_is_first_on_the_path_and_no_other_pythons_settings_stay() -> None:
    found = installation(Path("/opt/triton"))
    inherited = {
        "PATH": "/usr/bin:/bin",
        "PYTHONPATH": "/elsewhere",
        "PYTHONHOME": "/wrong",
        "PYTHONDONTWRITEBYTECODE": "",
        "LD_LIBRARY_PATH": "/old",
        "HOME": "/root",
    }
    assert environment(found, inherited) == {
        "PATH": "/opt/triton/env/bin:/usr/bin:/bin",
        "LD_LIBRARY_PATH": "/opt/triton/lib:/opt/triton/env/libdir",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONUNBUFFERED": "1",
        "HOME": "/root",
    }


def test_without_a_path_the_systems_own_follows() -> None:
    path = environment(installation(Path("/opt/triton")), {})["PATH"]
    assert path == f"/opt/triton/env/bin:{os.defpath}"


# What the log says


def test_the_complaint_is_the_last_errors_without_those_of_every_machine(tmp_path: Path) -> None:
    log = tmp_path / "triton.log"
    log.write_text(
        "I1120 20:00:00.000000 1 server.cc:1] starting\n"
        "E1120 20:00:00.1 1 metrics.cc:1] too early to matter\n"
        "E1120 20:00:00.2 1 cuda.cc:2] CudaDriverHelper has not been initialized.\n"
        "W1120 20:00:00.3 1 pinned.cc:3] no GPU\n"
        "E0120 20:00:00.4 1 model.cc:4] failed to load 'm'\n"
        f"E1120 20:00:00.5 1 model.cc:5] {'x' * 500}\n"
        "I1120 20:00:01.000000 1 server.cc:6] stopping\n"
        "error: creating server: Internal - failed to load all models\n"
    )
    assert complaint(log).splitlines() == [
        "E0120 20:00:00.4 1 model.cc:4] failed to load 'm'",
        f"E1120 20:00:00.5 1 model.cc:5] {'x' * 500}"[:400],
        "error: creating server: Internal - failed to load all models",
    ]


def test_without_errors_the_complaint_is_the_last_lines(tmp_path: Path) -> None:
    log = tmp_path / "triton.log"
    assert complaint(log) == ""
    log.write_bytes(b"one\ntwo\nE1120 x] CudaDriverHelper has not been initialized.\nf\xffur\n")
    assert complaint(log) == (
        "two\nE1120 x] CudaDriverHelper has not been initialized.\nf\N{REPLACEMENT CHARACTER}ur"
    )


# Processes that have ended unnoticed


def test_a_zombie_is_a_dead_child_until_it_is_waited_for(tmp_path: Path) -> None:
    # A name that could be mistaken for the fields that follow it.
    program = tmp_path / "a) R 1 ("
    program.symlink_to("/bin/true")
    alive = subprocess.Popen(["sleep", "60"])
    zombie = subprocess.Popen([program])
    try:
        os.waitid(os.P_PID, zombie.pid, os.WEXITED | os.WNOWAIT)
        dead = dead_children(os.getpid())
        assert zombie.pid in dead
        assert alive.pid not in dead
        zombie.wait()
        assert zombie.pid not in dead_children(os.getpid())
    finally:
        alive.kill()
        alive.wait()
        zombie.wait()


def test_a_process_that_is_gone_has_no_children() -> None:
    ended = subprocess.Popen(["true"])
    ended.wait()
    assert dead_children(ended.pid) == set()


# A run


@dataclass
class Run:
    """What a run was given, and the shell script that stands in for the server."""

    folder: Path
    settings: Settings
    script: str = "exit 0"
    backends: list[Path] = field(default_factory=list)
    assembled: set[str] = field(default_factory=set)
    shm_prefixes: list[str] = field(default_factory=list)
    tokens: list[tuple[str, str]] = field(default_factory=list)

    def command_line(
        self, found: Installation, settings: Settings, *, load: Sequence[str], backends: Path,
        shm_prefix: str, token: str, shared_memory_token: str,
    ) -> list[str]:  # fmt: skip
        assert load == ("capture_quality",)
        self.backends.append(backends)
        self.assembled = {path.name for path in backends.iterdir()}
        self.shm_prefixes.append(shm_prefix)
        self.tokens.append((token, shared_memory_token))
        return ["sh", "-c", self.script]

    @property
    def log(self) -> str:
        log = self.settings.triton_log
        return log.read_text() if log.exists() else ""


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    write_unpacked(tmp_path / "unpacked")
    (tmp_path / "models/capture_quality").mkdir(parents=True)
    config = 'parameters { key: "measures", value: { string_value: "light" } }'
    (tmp_path / "models/capture_quality/config.pbtxt").write_text(config)
    (tmp_path / "shm").mkdir()
    settings = Settings(
        triton_repositories=(tmp_path / "models",),
        quality_model="capture_quality",
        triton_http_port=free_port(),
        triton_grpc_port=free_port(),
        triton_metrics_port=free_port(),
        triton_log=tmp_path / "log/triton.log",
    )
    run = Run(tmp_path, settings)
    found = installation(tmp_path / "unpacked")
    monkeypatch.setattr(server, "PROJECT", tmp_path)
    monkeypatch.setattr(server, "command_line", run.command_line)
    monkeypatch.setattr(preflight, "SHM", tmp_path / "shm")
    monkeypatch.setattr(installation_module, "find", lambda models_env, unpacked: found)
    return run


def scratch(run: Run) -> list[str]:
    return [path.name for path in (run.folder / "var/run").iterdir()]


def test_a_server_that_ends_by_itself_is_reported_with_its_status(run: Run) -> None:
    run.script = "echo out; echo err >&2; exit 3"
    assert server.run(run.settings) == Outcome(returncode=3, asked=False, model_died=False)
    assert run.log == "out\nerr\n"
    assert run.assembled == {"python", "onnxruntime"}
    assert run.shm_prefixes == [f"framegate_{os.getpid()}_"]
    assert run.backends[0].parent.name.startswith(f"triton_{os.getpid()}_")
    assert scratch(run) == []


def test_the_server_gets_the_environment_of_the_models(run: Run) -> None:
    run.script = 'echo "$PATH"'
    server.run(run.settings)
    assert run.log.startswith(f"{run.folder}/unpacked/env/bin:")


def test_a_token_is_the_settings_or_a_new_random_one(run: Run) -> None:
    for _ in range(2):
        server.run(run.settings)
    random = [token for pair in run.tokens for token in pair]
    assert len(set(random)) == 4
    assert min(map(len, random)) >= 32
    named = {"triton_control_token": SecretStr("hush"), "internal_token": SecretStr("among us")}
    server.run(run.settings.model_copy(update=named))
    assert run.tokens[2] == ("hush", "among us")


def test_what_killed_launchers_left_is_removed_at_the_start(run: Run) -> None:
    ended = subprocess.Popen(["true"])
    ended.wait()
    segment = run.folder / f"shm/framegate_{ended.pid}_0"
    segment.touch()
    (run.folder / f"var/run/triton_{ended.pid}_abc").mkdir(parents=True)
    server.run(run.settings)
    assert not segment.exists()
    assert scratch(run) == []


def test_a_machine_that_cannot_carry_it_is_told_before_anything_is_started(run: Run) -> None:
    twice = run.settings.model_copy(update={"triton_grpc_port": run.settings.triton_http_port})
    with pytest.raises(
        LaunchError, match="FRAMEGATE_TRITON_GRPC_PORT and FRAMEGATE_TRITON_HTTP_PORT are both"
    ):
        server.run(twice)
    nowhere = run.settings.model_copy(update={"triton_repositories": (run.folder / "nowhere",)})
    with pytest.raises(LaunchError, match="There is no model repository"):
        server.run(nowhere)
    assert run.tokens == []


def test_the_repository_of_the_zoo_is_made_where_nobody_named_another(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    zoo = run.folder / "var/models"
    monkeypatch.setattr(server, "ZOO_REPOSITORY", zoo)
    server.run(run.settings)
    assert not zoo.exists()
    unnamed = run.settings.model_copy()
    unnamed.model_fields_set.discard("triton_repositories")
    server.run(unnamed)
    assert zoo.is_dir()
    server.run(unnamed)


def test_a_folder_that_cannot_be_made_is_named(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    (run.folder / "file").touch()
    log = run.folder / "file/log/triton.log"
    with pytest.raises(LaunchError, match="file/log cannot be made: Not a directory"):
        server.run(run.settings.model_copy(update={"triton_log": log}))


@pytest.fixture
def caught() -> Iterator[list[int]]:
    """Signals that reached the test instead of the launcher's own handler."""
    signals: list[int] = []
    stop_signals = (signal.SIGTERM, signal.SIGINT)
    previous = {s: signal.signal(s, lambda signum, _: signals.append(signum)) for s in stop_signals}
    yield signals
    for signum, handler in previous.items():
        signal.signal(signum, handler)


def when(condition: Callable[[], bool], act: Callable[[], None]) -> threading.Thread:
    """Another person at the terminal: acts once the condition holds."""

    def wait_and_act() -> None:
        wait_until(condition)
        act()

    thread = threading.Thread(target=wait_and_act)
    thread.start()
    return thread


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
def test_a_launcher_told_to_stop_stops_the_server_and_all_it_left(
    run: Run, caught: list[int], signum: signal.Signals
) -> None:
    run.script = (
        "trap 'echo asked; exit 7' TERM; sleep 60 & echo $!; echo started; "
        "while :; do sleep 0.01; done"
    )
    person = when(lambda: "started" in run.log, lambda: os.kill(os.getpid(), signum))
    outcome = server.run(run.settings)
    person.join()
    assert outcome == Outcome(returncode=7, asked=True, model_died=False)
    first, *_, last = run.log.splitlines()
    assert last == "asked"
    wait_until(lambda: not is_running(int(first)), what="the server's child has ended")
    assert caught == []
    signal.raise_signal(signum)  # the handlers from before are back
    assert caught == [signum]


def test_models_are_unloaded_once_and_before_the_server_is_told_to_stop(
    run: Run, caught: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[object, ...]] = []

    def unload_all(host: str, port: int, *, header: str, token: str) -> None:
        asked.append((host, port, header, token, "told" in run.log))

    monkeypatch.setattr(drain, "unload_all", unload_all)
    run.script = (
        "trap 'echo told; sleep 0.2; exit 0' TERM; echo started; while :; do sleep 0.01; done"
    )
    person = when(lambda: "started" in run.log, lambda: os.kill(os.getpid(), signal.SIGTERM))
    again = when(lambda: "told" in run.log, lambda: os.kill(os.getpid(), signal.SIGTERM))
    server.run(run.settings)
    person.join()
    again.join()
    ((token, _),) = run.tokens
    port = run.settings.triton_http_port
    assert asked == [("127.0.0.1", port, "triton-control", token, False)]


def test_a_server_that_does_not_listen_is_killed_after_its_time(
    run: Run, caught: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "EXIT_TIMEOUT_S", 0)
    monkeypatch.setattr(server, "_KILL_MARGIN_S", 0.1)
    run.script = "trap '' TERM; echo started; while :; do sleep 0.01; done"
    person = when(lambda: "started" in run.log, lambda: os.kill(os.getpid(), signal.SIGTERM))
    started_s = time.monotonic()
    outcome = server.run(run.settings)
    person.join()
    assert time.monotonic() - started_s < 4
    assert outcome == Outcome(returncode=-signal.SIGKILL, asked=True, model_died=False)


def is_running(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
