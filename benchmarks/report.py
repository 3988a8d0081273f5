"""What every run writes down beside its figures, and where."""

import dataclasses
import datetime
import json
import subprocess
from importlib.metadata import Distribution
from pathlib import Path
from typing import Any

from benchmarks.figures import Target
from loadtest._analysis._hardware import read_hardware
from scripts._stack import PROJECT

FOLDER = PROJECT / "var/bench"
# Environment → the packages in it whose versions decide the figures.
PACKAGES = {
    ".venv": (
        "flask",
        "gevent",
        "gunicorn",
        "numpy",
        "opencv-python-headless",
        "pillow",
        "simplejpeg",
        "tritonclient",
    ),
    ".venv-triton": ("numpy", "nvidia-pytriton"),
    ".venv-peers": ("bentoml", "litserve", "numpy", "pillow"),
}


def preamble(settings: dict[str, Any]) -> dict[str, Any]:
    """The machine, the software, the date and what was asked for."""
    return {
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "commit": _commit(),
        "machine": dataclasses.asdict(read_hardware()),
        "versions": {name: _versions(name, packages) for name, packages in PACKAGES.items()},
        "settings": settings,
    }


def write(report: dict[str, Any], path: Path | None, *, name: str) -> Path:
    """Write it to `path`, or to var/bench/<name>-<time>.json."""
    time = datetime.datetime.now(datetime.UTC).strftime("%Y%m%d-%H%M%S")
    path = path or FOLDER / f"{name}-{time}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(report, indent=1) + "\n")
    return path


def targets_as_json(targets: list[Target]) -> list[dict[str, Any]]:
    return [dataclasses.asdict(target) | {"reached": target.reached} for target in targets]


def _commit() -> str | None:
    answer = subprocess.run(
        ["git", "describe", "--always", "--dirty"],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )
    return answer.stdout.strip() or None


def _versions(environment: str, packages: tuple[str, ...]) -> dict[str, str]:
    paths = [str(path) for path in (PROJECT / environment).glob("lib/python3*/site-packages")]
    return {
        package: found.version
        for package in packages
        for found in Distribution.discover(name=package, path=paths)
    }
