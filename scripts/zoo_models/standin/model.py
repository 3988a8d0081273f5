"""Triton's side of the network in network.py, and memory that weighs what the real model would."""

import json
import math
from pathlib import Path

import numpy as np
from network import network_of

import triton_python_backend_utils as pb_utils

PAGE_BYTES = 4096


class TritonPythonModel:
    """One instance, one process, one core: pictures of a batch are answered one after the other."""

    def initialize(self, args):
        config = json.loads(args["model_config"])
        picture, *texts = config["input"]
        self._picture, self._prompts = picture["name"], [each["name"] for each in texts]
        self._network = network_of(config)
        # What the first requests would take is taken before the memory is measured.
        nothing = np.zeros((1, *map(int, picture["dims"])), np.float32)
        for _ in range(3):
            self._outputs(nothing.copy(), *([[b"all"]] for _ in texts))
        resident_bytes = int(config["parameters"]["resident_mb"]["string_value"]) * 2**20
        if args["model_instance_kind"] == "GPU":
            self._ballast = _on_gpu(resident_bytes, args["model_instance_device_id"])
        else:
            self._ballast = _in_memory(resident_bytes - _own_bytes())

    def execute(self, requests):
        return [self._answer(request) for request in requests]

    def _answer(self, request):
        sent = [
            pb_utils.get_input_tensor_by_name(request, name).as_numpy()
            for name in (self._picture, *self._prompts)
        ]
        outputs = self._outputs(*sent)
        return pb_utils.InferenceResponse([pb_utils.Tensor(*each) for each in outputs.items()])

    def _outputs(self, *sent):
        answers = [self._network.answer(*each) for each in zip(*sent, strict=True)]
        if len(answers) == 1:  # large ones are worth no copy
            return {name: values[np.newaxis] for name, values in answers[0].items()}
        return {name: np.stack([each[name] for each in answers]) for name in answers[0]}

    def finalize(self):
        self._ballast = None


def _own_bytes():
    """What this process holds: its own memory, and its share of what it has with others."""
    for line in Path("/proc/self/smaps_rollup").read_text().splitlines():
        name, value = line.split(":", 1) if ":" in line else ("", "")
        if name == "Pss":
            return int(value.split()[0]) * 1024
    raise OSError("/proc/self/smaps_rollup has no Pss")


def _in_memory(size_bytes):
    """Memory of that size in which every page is touched and none is like another."""
    pages = np.empty((max(math.floor(size_bytes / PAGE_BYTES), 0), PAGE_BYTES // 8), np.int64)
    pages[:, 0] = np.random.default_rng().integers(1, 2**63 - 1, len(pages))
    return pages


def _on_gpu(size_bytes, device):
    import torch

    return torch.randint(1, 255, (size_bytes,), dtype=torch.uint8, device=f"cuda:{device}")
