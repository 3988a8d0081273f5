"""The page's JavaScript keeps to the types that its comments declare."""

import shutil
import subprocess

import pytest

from tests.processes import PROJECT


def test_the_pages_modules_pass_the_type_check() -> None:
    if shutil.which("tsc") is None:
        pytest.skip("missing: tsc (Debian: node-typescript)")
    command = ["tsc", "--project", "backend/gateway/jsconfig.json"]
    check = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
    assert check.returncode == 0, check.stdout
