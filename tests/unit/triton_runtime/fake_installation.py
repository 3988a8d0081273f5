"""Folders that look like the models' environment and an unpacked server, without either."""

import json
import stat
from pathlib import Path

from triton_runtime.installation import BACKEND_FILES, STUB, Installation, ModelsPython

VERSION = "3.77"  # no machine has a libpython of it


def write_models_env(folder: Path, *, numpy: str | None = "1.26.4", libpython: bool = True) -> None:
    """A `bin/python` that describes itself as Python 3.77."""
    facts = {
        "version": VERSION,
        "libdir": str(folder / "libdir"),
        "multiarch": "",
        "site_packages": str(folder / "site-packages"),
        "numpy": numpy,
    }
    (folder / "libdir").mkdir(parents=True)
    if libpython:
        (folder / f"libdir/libpython{VERSION}.so.1.0").touch()
    write_script(folder / "bin/python", f"echo '{json.dumps(facts)}'")


def write_script(path: Path, body: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


def write_unpacked(folder: Path, *, linked: str = VERSION) -> None:
    """`bin/tritonserver` and the Python backend, whose stub names libpython `linked`."""
    backend = folder / "backends/python"
    write_script(folder / "bin/tritonserver", "exit 0")
    backend.mkdir(parents=True)
    for name in BACKEND_FILES:
        (backend / name).write_text(name)
    (backend / STUB).write_bytes(b"\x7fELF\0\0" + f"libpython{linked}.so.1.0\0".encode() + b"\xff")


def installation(folder: Path) -> Installation:
    """What `find` answers for an unpacked server in `folder`."""
    backend = folder / "backends/python"
    return Installation(
        server=folder / "bin/tritonserver",
        library_dir=folder / "lib",
        backend_files=tuple(backend / name for name in BACKEND_FILES),
        stub=backend / STUB,
        python=ModelsPython(
            bin_dir=folder / "env/bin",
            version=VERSION,
            libpython_dir=folder / "env/libdir",
            site_packages=folder / "env/site-packages",
        ),
    )
