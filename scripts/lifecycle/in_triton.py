"""In Triton: the same network as an ONNX graph, in a process of the Python backend."""

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from scripts.lifecycle import page_cache
from scripts.lifecycle.kinds import ModelConfig
from scripts.lifecycle.memory import Memory
from scripts.lifecycle.metrics import Isolation
from scripts.lifecycle.served import ModelServer
from scripts.lifecycle.ways import Loaded, Unloaded
from scripts.lifecycle.worker import MAKING, Worker

_TYPES = {"FP32": "TYPE_FP32", "INT64": "TYPE_INT64"}


class InTriton:
    """A model of a server that is running; the server stays when the model goes.

    Args:
        exporter: a process with PyTorch, which is only needed to make this.
    """

    isolation = Isolation.TRITON

    def __init__(self, server: ModelServer, model: ModelConfig, exporter: Worker) -> None:
        self._server = server
        self._name = f"lifecycle-{model.kind}"
        version = server.repository / self._name / "1"
        version.mkdir(parents=True, exist_ok=True)
        ports = exporter.ask(
            "call",
            module=MAKING,
            function="export",
            kind=model.kind,
            folder=str(model.folder),
            version=str(version),
        )
        (version.parent / "config.pbtxt").write_text(
            config_text(ports["inputs"], ports["outputs"]), encoding="utf-8"
        )
        self._files: list[Path] = [version / "model.onnx"]
        self._input = np.load(version / "input.npy")
        self._data_type = ports["inputs"][0]["data_type"]
        self._processes: set[int] = set()

    def forget_files(self) -> None:
        page_cache.forget(self._files)

    def load(self) -> Loaded:
        cache_hit = page_cache.holds(self._files)
        before = self._server.processes()
        began_s = time.perf_counter()
        self._server.load(self._name)
        loaded = Loaded(_since_ms(began_s), cache_hit)
        self._processes = self._server.processes() - before
        return loaded

    def infer(self) -> float:
        began_s = time.perf_counter()
        self._server.infer(self._name, self._input, self._data_type)
        return _since_ms(began_s)

    def unload(self) -> Unloaded:
        began_s = time.perf_counter()
        self._server.unload(self._name, self._processes)
        return Unloaded(_since_ms(began_s))

    def memory(self) -> Memory:
        return self._server.memory()

    def close(self) -> None:
        """Nothing of its own is left to end: the server goes with its `with` block."""


def config_text(inputs: Sequence[Mapping[str, Any]], outputs: Sequence[Mapping[str, Any]]) -> str:
    """A whole config.pbtxt, as the server completes nothing.

    Args:
        inputs, outputs: name, data_type, and dims without the batch axis.
    """
    return (
        'backend: "onnxruntime"\n'
        "max_batch_size: 1\n"
        f"input [\n{_tensors(inputs)}\n]\n"
        f"output [\n{_tensors(outputs)}\n]\n"
        "instance_group [ { kind: KIND_CPU, count: 1 } ]\n"
    )


def _tensors(tensors: Sequence[Mapping[str, Any]]) -> str:
    return ",\n".join(
        f'  {{ name: "{one["name"]}", data_type: {_TYPES[one["data_type"]]}, '
        f"dims: [ {', '.join(map(str, one['dims']))} ] }}"
        for one in tensors
    )


def _since_ms(began_s: float) -> float:
    return (time.perf_counter() - began_s) * 1000
