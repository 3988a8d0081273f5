"""What must be true of the machine before Triton is started."""

import contextlib
import os
import re
import shutil
import signal
import socket
from pathlib import Path

from triton_runtime.errors import LaunchError
from triton_runtime.installation import STUB

SHM = Path("/dev/shm")  # noqa: S108 - the kernel's shared memory, not a scratch folder
# A Python-backend instance starts with 1 MiB of shared memory and grows with the largest batch:
# 32 pictures of 352x352x3 are 12 MB in flight. Docker's default of 64 MB is just enough.
MINIMUM_SHM_BYTES = 48 * 2**20


def check_ports(host: str, ports: dict[str, int]) -> None:
    """Every port must be free and different.

    Args:
        host: address the server will bind to.
        ports: setting name → port.
    """
    seen: dict[int, str] = {}
    for setting, port in ports.items():
        if port in seen:
            raise LaunchError(f"{setting} and {seen[port]} are both {port}: give each its own.")
        seen[port] = setting
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            # As servers do: a connection of the last run in TIME_WAIT does not occupy the port.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError as error:
                raise LaunchError(
                    f"Port {port} on {host} cannot be used ({error.strerror}): "
                    f"stop what holds it or set {setting}."
                ) from error


def check_shm(free_bytes: int | None = None) -> None:
    """The Python backend passes tensors through /dev/shm and dies silently when it is full."""
    if free_bytes is None:
        if not os.access(SHM, os.W_OK):
            raise LaunchError(f"{SHM} is not writable, and Triton's Python backend needs it.")
        stats = os.statvfs(SHM)
        free_bytes = stats.f_bavail * stats.f_frsize
    if free_bytes < MINIMUM_SHM_BYTES:
        raise LaunchError(
            f"{SHM} has {free_bytes // 2**20} MB free and Triton's Python backend needs "
            f"{MINIMUM_SHM_BYTES // 2**20} MB: remove old segments or enlarge it "
            "(Docker: shm_size)."
        )


def check_path(path: Path) -> None:
    """Triton hands paths to a shell without quotes."""
    if not re.fullmatch(r"[\w./+@,:=-]+", str(path)):
        raise LaunchError(
            f"Triton's Python backend cannot run from {str(path)!r}: the path may have letters, "
            "digits and ./_+@,:=- alone. Move the checkout or the repository."
        )


def check_repositories(repositories: tuple[Path, ...]) -> None:
    for repository in repositories:
        if not repository.is_dir():
            raise LaunchError(f"There is no model repository at {repository}.")
        check_path(repository)


def sweep_shm(prefix: str, *, folder: Path = SHM) -> list[Path]:
    """Remove shared-memory segments whose names begin with `prefix`; returns what was removed."""
    removed = []
    for segment in folder.glob(f"{prefix}*"):
        segment.unlink(missing_ok=True)
        removed.append(segment)
    return removed


def sweep_dead_launchers(folder: Path, prefix: str) -> list[Path]:
    """Remove what launchers that were killed left: `<prefix><pid>_…` with no such process."""
    removed = []
    for left in folder.glob(f"{prefix}*"):
        pid = left.name.removeprefix(prefix).split("_")[0]
        if pid.isdigit() and not Path("/proc", pid).exists():
            with contextlib.suppress(PermissionError):  # another user's: theirs to remove
                if left.is_dir():
                    shutil.rmtree(left)
                else:
                    left.unlink(missing_ok=True)
                removed.append(left)
    return removed


def end_orphans(prefix: str) -> list[int]:
    """End models' processes whose server and whose launcher, `<prefix><pid>_…`, are both gone.

    A server that is told to stop because its launcher was killed may leave some behind.

    Source: Triton's Python backend, stub_launcher.cc: the arguments of a stub.
    """
    ended = []
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        with contextlib.suppress(OSError):  # it has ended, or is another user's
            command = (folder / "cmdline").read_bytes().decode(errors="replace").split("\0")
            if len(command) > 5 and command[0].endswith(f"/{STUB}"):
                launcher = re.match(rf"{prefix}(\d+)_", command[2])
                server = command[5]
                if launcher and not any(
                    Path("/proc", pid).exists() for pid in (launcher[1], server)
                ):
                    os.kill(int(folder.name), signal.SIGKILL)
                    ended.append(int(folder.name))
    return ended


def _any_lives(*pids: str) -> bool:
    return any(Path("/proc", pid).exists() for pid in pids)
