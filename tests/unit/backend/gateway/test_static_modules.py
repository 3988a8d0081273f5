"""The pages' JavaScript: types as its comments declare them, and no file but its own."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from backend.gateway.page import STATIC
from tests.processes import PROJECT

MODULES = sorted(STATIC.glob("*.js"))


def test_the_pages_modules_pass_the_type_check() -> None:
    if shutil.which("tsc") is None:
        pytest.skip("missing: tsc (Debian: node-typescript)")
    command = ["tsc", "--project", "backend/gateway/jsconfig.json"]
    check = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
    assert check.returncode == 0, check.stdout


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.name)
def test_a_module_imports_its_neighbours_and_asks_this_gateway_alone(module: Path) -> None:
    text = module.read_text()
    for imported in re.findall(r'from "([^"]+)"', text):
        assert (STATIC / imported).is_file(), imported
    assert set(re.findall(r"https?://[\w.]+", text)) <= {"http://www.w3.org"}, "only SVG's name"


def test_every_module_is_imported_by_another_or_by_a_page() -> None:
    texts = [path.read_text() for path in [*MODULES, *STATIC.glob("*.html")]]
    for module in MODULES:
        assert any(f'/{module.name}"' in text for text in texts), module.name
