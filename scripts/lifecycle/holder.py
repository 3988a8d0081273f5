"""The process that a model is in: told what to do by lines of JSON, and nothing else.

`python -m scripts.lifecycle.holder MODULE`: the module's `load(kind, folder, device)` returns what
runs one inference when it is called.
"""

import dataclasses
import gc
import importlib
import json
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, TextIO

from scripts.lifecycle import memory, page_cache

Answer = Mapping[str, Any]


class Holder:
    """At most one model, and how long it took to come and to go."""

    def __init__(self, module: ModuleType) -> None:
        self._module = module
        self._model: Callable[[], None] | None = None

    def load(self, kind: str, folder: str, device: str, files: Sequence[str]) -> Answer:
        """
        Args:
            files: those that the load will read.
        """
        cache_hit = page_cache.holds(map(Path, files))
        began_s = time.perf_counter()
        self._model = self._module.load(kind, Path(folder), device)
        return {"load_time_ms": _since_ms(began_s), "cache_hit": cache_hit}

    def infer(self) -> Answer:
        if self._model is None:
            raise ValueError("no model is loaded")
        began_s = time.perf_counter()
        self._model()
        return {"inference_ms": _since_ms(began_s)}

    def unload(self) -> Answer:
        """Forget the model, and look at the memory between what Python does and the C library."""
        began_s = time.perf_counter()
        self._model = None
        gc.collect()
        if (cuda := _cuda()) is not None:
            cuda.empty_cache()
        collected_ms = _since_ms(began_s)
        untrimmed = self.memory()
        began_s = time.perf_counter()
        trimmed = memory.trim()
        return {
            "unload_time_ms": collected_ms + _since_ms(began_s),
            "untrimmed": untrimmed if trimmed else None,
        }

    def memory(self) -> Answer:
        cuda = _cuda()
        gpu_bytes = None if cuda is None else cuda.memory_reserved()
        return dataclasses.asdict(memory.of([os.getpid()], gpu_bytes))

    def call(self, module: str, function: str, **arguments: Any) -> Answer:
        """Something else that is to be done where the packages are."""
        answer: Answer = getattr(importlib.import_module(module), function)(**arguments)
        return answer

    def do(self, wanted: Mapping[str, Any]) -> Answer:
        actions: Mapping[str, Callable[..., Answer]] = {
            "load": self.load,
            "infer": self.infer,
            "unload": self.unload,
            "memory": self.memory,
            "call": self.call,
        }
        return actions[wanted["do"]](**wanted["with"])


def _since_ms(began_s: float) -> float:
    return (time.perf_counter() - began_s) * 1000


def _cuda() -> Any:
    """PyTorch's door to the GPU; None where either is missing."""
    torch = sys.modules.get("torch")
    return torch.cuda if torch is not None and torch.cuda.is_available() else None


def serve(holder: Holder, asked: TextIO, answers: TextIO) -> None:
    """Answer every line until there are no more."""
    for line in asked:
        try:
            answer: Answer = {"value": holder.do(json.loads(line))}
        except Exception as error:  # noqa: BLE001 - whatever a library fails with is an answer here
            said = str(error).strip().splitlines()
            answer = {"error": f"{type(error).__name__}: {said[0][:300] if said else ''}"}
        print(json.dumps(answer), file=answers, flush=True)


def main() -> int:
    # What libraries print must not come between the answers.
    with os.fdopen(os.dup(sys.stdout.fileno()), "w") as answers:
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
        holder = Holder(importlib.import_module(sys.argv[1]))
        print(json.dumps({"value": {}}), file=answers, flush=True)
        serve(holder, sys.stdin, answers)
    return 0


if __name__ == "__main__":
    sys.exit(main())
