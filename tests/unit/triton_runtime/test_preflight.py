"""What must be true of the machine; what killed launchers left and what live ones use."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.processes import free_port, wait_until
from triton_runtime import preflight
from triton_runtime.errors import LaunchError
from triton_runtime.preflight import (
    MINIMUM_SHM_BYTES,
    check_ports,
    check_repositories,
    check_shm,
    end_orphans,
    sweep_dead_launchers,
    sweep_shm,
)


def refusal(host: str, ports: dict[str, int]) -> str:
    with pytest.raises(LaunchError) as caught:
        check_ports(host, ports)
    return str(caught.value)


def test_free_ports_pass_and_stay_free() -> None:
    ports = {"A": free_port(), "B": free_port()}
    for _ in range(2):
        check_ports("127.0.0.1", ports)


def test_one_port_for_two_is_refused() -> None:
    port = free_port()
    assert refusal("127.0.0.1", {"A": port, "B": free_port(), "C": port}) == (
        f"C and A are both {port}: give each its own."
    )


def test_a_port_in_use_is_refused_with_the_setting_that_moves_it() -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        assert refusal("127.0.0.1", {"A": free_port(), "B": port}) == (
            f"Port {port} on 127.0.0.1 cannot be used (Address already in use): "
            "stop what holds it or set B."
        )
    check_ports("127.0.0.1", {"B": port})


@pytest.mark.parametrize(
    ("host", "reason"),
    [
        ("192.0.2.1", "Cannot assign requested address"),  # reserved for documentation
        ("::zz", "Name or service not known"),
    ],
)
def test_an_address_that_is_not_this_machines_is_refused(host: str, reason: str) -> None:
    assert refusal(host, {"A": 8003}) == (
        f"Port 8003 on {host} cannot be used ({reason}): stop what holds it or set A."
    )


def test_enough_shared_memory_passes_and_a_byte_less_does_not() -> None:
    check_shm(MINIMUM_SHM_BYTES)
    with pytest.raises(LaunchError) as caught:
        check_shm(MINIMUM_SHM_BYTES - 1)
    assert str(caught.value) == (
        "/dev/shm has 47 MB free and Triton's Python backend needs 48 MB: remove old segments or "
        "enlarge it (Docker: shm_size)."
    )


def test_shared_memory_that_cannot_be_written_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(preflight, "SHM", tmp_path / "nowhere")
    with pytest.raises(LaunchError) as caught:
        check_shm()
    assert str(caught.value) == (
        f"{tmp_path}/nowhere is not writable, and Triton's Python backend needs it."
    )


def test_every_repository_must_be_a_folder(tmp_path: Path) -> None:
    check_repositories((tmp_path,))
    (tmp_path / "file").touch()
    for wrong in (tmp_path / "file", tmp_path / "nowhere"):
        with pytest.raises(LaunchError) as caught:
            check_repositories((tmp_path, wrong))
        assert str(caught.value) == f"There is no model repository at {wrong}."


def test_a_sweep_takes_what_begins_with_the_prefix_alone(tmp_path: Path) -> None:
    for name in ("framegate_7_a", "framegate_7_b", "framegate_77_a", "other_framegate_7_a"):
        (tmp_path / name).touch()
    assert {path.name for path in sweep_shm("framegate_7_", folder=tmp_path)} == {
        "framegate_7_a",
        "framegate_7_b",
    }
    assert {path.name for path in tmp_path.iterdir()} == {"framegate_77_a", "other_framegate_7_a"}
    assert sweep_shm("framegate_7_", folder=tmp_path) == []


def test_what_dead_launchers_left_goes_and_what_live_ones_use_stays(tmp_path: Path) -> None:
    ended = subprocess.Popen(["true"])
    ended.wait()
    segment, folder = tmp_path / f"triton_{ended.pid}_0", tmp_path / f"triton_{ended.pid}_abc"
    segment.touch()
    (folder / "backends").mkdir(parents=True)
    (folder / "backends/model.py").touch()
    kept = {f"triton_{os.getpid()}_0", "triton_1_init", "triton_", "triton_x_1", "other_9_0"}
    for name in kept - {"triton_1_init"}:
        (tmp_path / name).touch()
    (tmp_path / "triton_1_init").mkdir()
    assert set(sweep_dead_launchers(tmp_path, "triton_")) == {segment, folder}
    assert {path.name for path in tmp_path.iterdir()} == kept


@pytest.mark.parametrize("path", ["/home/me/my models", "/srv/a;b", "/srv/$x", "/srv/o'brien"])
def test_a_path_that_a_shell_would_take_apart_is_refused(path: str) -> None:
    with pytest.raises(LaunchError, match="cannot run from"):
        preflight.check_path(Path(path))


def test_an_ordinary_path_passes() -> None:
    preflight.check_path(Path("/home/me/frame-gate_2.0/var/run@x"))


def gone() -> int:
    """The number of a process that has ended."""
    process = subprocess.Popen(["true"])
    process.wait()
    return process.pid


@pytest.mark.parametrize(
    ("name", "launcher_lives", "server_lives", "is_ended"),
    [
        ("triton_python_backend_stub", False, False, True),
        ("triton_python_backend_stub", True, False, False),
        ("triton_python_backend_stub", False, True, False),
        ("something_else", False, False, False),
    ],
)
def test_a_model_s_process_that_outlived_all_who_knew_it_is_ended(
    name: str, launcher_lives: bool, server_lives: bool, is_ended: bool
) -> None:
    launcher = os.getpid() if launcher_lives else gone()
    server = os.getpid() if server_lives else gone()
    # Python's program is at the place of a stub's region, and begins like one.
    program = f"framegateorphan_{launcher}_ = 0; import time; time.sleep(60)"
    process = subprocess.Popen(
        [f"/x/{name}", "-c", program, "1", "1", str(server)], executable=sys.executable
    )
    try:
        # The kernel shows them a moment after the program has begun.
        wait_until(lambda: bool(Path(f"/proc/{process.pid}/cmdline").read_bytes()))
        assert end_orphans("framegateorphan_") == ([process.pid] if is_ended else [])
        if is_ended:
            assert process.wait(10) == -signal.SIGKILL
        else:
            assert process.poll() is None
    finally:
        process.kill()
        process.wait()
