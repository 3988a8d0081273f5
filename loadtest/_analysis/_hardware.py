"""The machine the load came from, and the software it was made with."""

import os
import platform
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import psutil


@dataclass(frozen=True)
class Hardware:
    cpu_model: str | None
    cpu_cores: int | None
    memory_bytes: int


def read_hardware() -> Hardware:
    return Hardware(
        cpu_model=cpu_model(Path("/proc/cpuinfo")),
        cpu_cores=os.cpu_count(),
        memory_bytes=psutil.virtual_memory().total,
    )


def cpu_model(cpuinfo: Path) -> str | None:
    try:
        lines = cpuinfo.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return platform.processor() or None
    for line in lines:
        key, _, value = line.partition(":")
        if key.strip() == "model name":
            return value.strip() or None
    return platform.processor() or None


def read_versions() -> dict[str, str]:
    packages = ("locust", "gevent", "geventhttpclient", "pillow", "numpy")
    return {
        "python": platform.python_version(),
        "platform": platform.platform(),
        **{package: version(package) for package in packages},
    }
