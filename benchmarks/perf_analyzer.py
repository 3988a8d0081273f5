"""NVIDIA's own load generator against Triton alone: what a gateway costs shows beside it.

The program is inside older wheels of `tritonclient`; the CUDA runtime it is linked to is inside
Triton's own wheel, and is not used.
"""

import base64
import csv
import json
import os
import shutil
import stat
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks.processes import Processes
from benchmarks.triton import Triton
from scripts._stack import PROJECT
from triton_runtime import installation
from triton_runtime.errors import LaunchError
from triton_runtime.preflight import SHM
from triton_runtime.settings import Settings

FOLDER = PROJECT / "var/perf_analyzer"
LOCK = Path(__file__).with_suffix(".txt")
LIBRARIES = {"libcudart.so.12": "libcudart-*.so.12*", "libb64.so.0d": "libb64-*.so.0d"}
# It takes three windows of this, and calls them stable whatever they differ by.
WINDOWS = 3
UNLIMITED_PERCENT = 100_000
_MARGIN_S = 30


class NotRun(Exception):
    """It cannot be had or did not work; the text says why."""


class Figures(NamedTuple):
    requests_per_s: float
    p50_ms: float
    p95_ms: float
    p99_ms: float


def install() -> Path:
    """The program, fetched on the first call; NotRun where it cannot be had or started."""
    program, stamp = FOLDER / "perf_analyzer", FOLDER / ".installed"
    if not stamp.exists():
        shutil.rmtree(FOLDER, ignore_errors=True)
        FOLDER.mkdir(parents=True)
        _unpack(_download(), program)
        _link_libraries()
    _run([str(program), "--version"], "perf_analyzer does not start here")
    stamp.touch()
    return program


def _download() -> Path:
    pip = [sys.executable, "-m", "pip", "download", "--disable-pip-version-check", "--quiet"]
    pip += ["--no-deps", "--require-hashes", "--only-binary", ":all:"]
    _run([*pip, "-r", str(LOCK), "-d", str(FOLDER)], "the wheel cannot be fetched")
    return next(FOLDER.glob("tritonclient-*.whl"))


def _unpack(wheel: Path, program: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        inside = [name for name in archive.namelist() if name.endswith("/bin/perf_analyzer")]
        if not inside:
            raise NotRun(f"{wheel.name} has no perf_analyzer: it is built for x86-64 alone")
        program.write_bytes(archive.read(inside[0]))
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    wheel.unlink()


def _link_libraries() -> None:
    try:
        libraries = installation.find(Settings().triton_models_env, None).library_dir
    except LaunchError as error:
        raise NotRun(str(error)) from error
    for name, pattern in LIBRARIES.items():
        for library in libraries.glob(pattern):
            (FOLDER / name).symlink_to(library)


def _run(command: list[str], failure: str) -> None:
    try:
        subprocess.run(
            command, env=os.environ | _variables(), check=True, capture_output=True, text=True
        )
    except subprocess.CalledProcessError as error:
        raise NotRun(f"{failure}: {error.stderr.strip()[-300:]}") from error
    except OSError as error:
        raise NotRun(f"{failure}: {error.strerror}") from error


def _variables() -> dict[str, str]:
    return {"LD_LIBRARY_PATH": str(FOLDER)}


def write_pictures(pictures: Iterable[NDArray[np.uint8]], path: Path) -> None:
    """The file of inputs that perf_analyzer reads."""
    encoded = (base64.b64encode(picture.tobytes()).decode() for picture in pictures)
    path.write_text(json.dumps({"data": [{"image": {"b64": text}} for text in encoded]}))


def measure(
    processes: Processes,
    program: Path,
    triton: Triton,
    model: str,
    *,
    pictures: Path,
    connections: int,
    seconds: float,
    shared_memory: bool,
) -> Figures:
    """One measurement over HTTP; NotRun where it does not end well."""
    table = pictures.with_suffix(".csv")
    table.unlink(missing_ok=True)
    command = [
        *(str(program), "-m", model, "-u", triton.address, "-i", "http"),
        *(f"-H{name}:{value}" for name, value in triton.shared_memory.items()),
        *("--input-data", str(pictures), "-f", str(table)),
        *("--concurrency-range", str(connections)),
        *("--shared-memory", "system" if shared_memory else "none"),
        *("--measurement-interval", str(round(seconds * 1000 / WINDOWS))),
        *("--stability-percentage", str(UNLIMITED_PERCENT), "--max-trials", str(WINDOWS)),
    ]
    began_s = time.time()
    child = processes.start("perf-analyzer", command, _variables())
    try:
        deadline_s = time.monotonic() + seconds + _MARGIN_S
        while (status := child.poll()) is None and time.monotonic() < deadline_s:
            time.sleep(0.05)
    finally:
        processes.stop(child)
        sweep_segments(began_s)
    if status != 0 or not table.exists():
        raise NotRun(f"perf_analyzer ended with {status}: {child.last_words()[-300:]}")
    return read_table(table.read_text().splitlines())


def read_table(lines: Sequence[str]) -> Figures:
    """The figures in its table of one row; it writes microseconds."""
    row = next(csv.DictReader(lines))
    p50_ms, p95_ms, p99_ms = (float(row[f"p{percent} latency"]) / 1000 for percent in (50, 95, 99))
    return Figures(float(row["Inferences/Second"]), p50_ms, p95_ms, p99_ms)


def sweep_segments(since_s: float, *, folder: Path = SHM) -> None:
    """Remove the shared memory that an interrupted run left."""
    for pattern in ("image_0_*", "score", "measures"):
        for segment in folder.glob(pattern):
            if segment.stat().st_mtime >= since_s - 1:
                segment.unlink(missing_ok=True)
