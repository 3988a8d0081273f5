"""What has to be installed, and how to get it."""

import importlib.util
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from scripts.lifecycle.errors import Missing

_ENVIRONMENT = (
    "`make benchmark-lifecycle` makes the environment that has it; by hand it is `python3 -m venv "
    ".venv-torch && .venv-torch/bin/pip install -r requirements/torch.txt`."
)


@dataclass(frozen=True)
class Dependency:
    """
    Attributes:
        module: by which it is imported.
        needed: nothing can be measured without it.
        without: what to do about it, or what goes on without it.
    """

    name: str
    module: str
    needed: bool
    without: str


DEPENDENCIES = (
    Dependency("PyTorch", "torch", True, _ENVIRONMENT),
    Dependency("Transformers", "transformers", True, _ENVIRONMENT),
    Dependency("psutil", "psutil", True, _ENVIRONMENT),
    Dependency("ONNX", "onnx", True, _ENVIRONMENT),
    Dependency("ONNX Runtime", "onnxruntime", True, _ENVIRONMENT),
    Dependency(
        "Sentence-Transformers",
        "sentence_transformers",
        False,
        "Transformers opens embedding models instead. To have it: `.venv-torch/bin/pip install "
        "sentence-transformers`.",
    ),
)

Find = Callable[[str], Any]


def check(find: Find = importlib.util.find_spec) -> list[str]:
    """A line for each package.

    Raises:
        Missing: a sentence for each one that is needed and not there.
    """
    missing = [one for one in DEPENDENCIES if find(one.module) is None]
    if needed := [one for one in missing if one.needed]:
        raise Missing("\n".join(f"{one.name} is not installed. {one.without}" for one in needed))
    return [_line(one, missing) for one in DEPENDENCIES]


def _line(dependency: Dependency, missing: Sequence[Dependency]) -> str:
    if dependency in missing:
        return f"  {dependency.name}: not installed. {dependency.without}"
    return f"  {dependency.name}: installed"
