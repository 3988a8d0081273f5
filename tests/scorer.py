"""The scorer that runs inside Triton, loaded by path: a version folder is no package."""

import importlib.util
from types import ModuleType

from tests.processes import PROJECT


def load_scorer() -> ModuleType:
    path = PROJECT / "triton_models/capture_quality/1/measures.py"
    spec = importlib.util.spec_from_file_location("capture_quality_measures", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
