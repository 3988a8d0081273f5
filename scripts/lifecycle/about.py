"""What a report says of its run: the machine, the software, the date."""

import dataclasses
import datetime
import platform
import subprocess
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from loadtest._analysis._hardware import read_hardware
from scripts._stack import PROJECT


def about(settings: Mapping[str, Any], packages: Sequence[str]) -> dict[str, Any]:
    """
    Args:
        settings: what was asked for.
        packages: whose versions matter; those that are not installed are left out.
    """
    commit = subprocess.run(
        ["git", "describe", "--always", "--dirty"],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )
    return {
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "commit": commit.stdout.strip() or None,
        "machine": dataclasses.asdict(read_hardware()),
        "versions": {"python": platform.python_version()} | _versions(packages),
        "settings": settings,
    }


def new_folder(name: str) -> Path:
    """Where a run leaves its report when nobody says where."""
    return PROJECT / f"var/bench/{name}-{datetime.datetime.now(datetime.UTC):%Y%m%d-%H%M%S}"


def _versions(packages: Sequence[str]) -> dict[str, str]:
    found = {}
    for package in packages:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found
