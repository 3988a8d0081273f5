"""A model of pictures and prompts, for Triton's python backend: the prompts come as text.

Beside this file: text.onnx, a prompt's numbers into its features; model.onnx, pictures and the
features of their prompts into a number for each prompt; and the tokenizer's vocabulary.
"""

import functools
import json
from pathlib import Path

import numpy as np
import openvino
import triton_python_backend_utils as pb_utils
from clip_tokenizer import ClipTokenizer

# The same prompts come again and again.
_REMEMBERED_PROMPTS = 4096


class TritonPythonModel:
    """One instance of one model, on the CPU."""

    def initialize(self, args):
        folder = Path(args["model_repository"], args["model_version"])
        config = json.loads(args["model_config"])
        self._picture, self._prompts = (port["name"] for port in config["input"])
        self._answer = config["output"][0]["name"]
        self._images, self._texts = (_compiled(folder / f) for f in ("model.onnx", "text.onnx"))
        length = self._texts.input(0).get_partial_shape()[1].get_length()
        self._tokenizer = ClipTokenizer(folder / "vocab.json", folder / "merges.txt", length)
        self._features = functools.lru_cache(maxsize=_REMEMBERED_PROMPTS)(self._features_of)

    def execute(self, requests):
        return [self._respond(request) for request in requests]

    def _respond(self, request):
        pictures, prompts = (
            pb_utils.get_input_tensor_by_name(request, name).as_numpy()
            for name in (self._picture, self._prompts)
        )
        if not prompts.size:
            error = pb_utils.TritonError("there are no prompts", pb_utils.TritonError.INVALID_ARG)
            return pb_utils.InferenceResponse([], error)
        features = np.stack([np.stack([self._features(p) for p in row]) for row in prompts])
        logits = self._images((pictures, features))[0]
        return pb_utils.InferenceResponse([pb_utils.Tensor(self._answer, np.array(logits))])

    def _features_of(self, prompt):
        numbers = self._tokenizer.encode(prompt.decode("utf-8", errors="replace"))
        return np.array(self._texts(np.array([numbers], np.int64))[0][0])


def _compiled(path):
    options = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": "f32"}
    return openvino.Core().compile_model(str(path), "CPU", options)
