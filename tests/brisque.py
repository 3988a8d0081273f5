"""BRISQUE, which runs inside Triton, loaded by path: a version folder is no package."""

import importlib.util
from typing import Any

from tests.processes import PROJECT

FOLDER = PROJECT / "triton_models/brisque-quality"


def load_features() -> Any:
    found = importlib.util.spec_from_file_location("brisque_features", FOLDER / "1/features.py")
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module
