"""Triton's side of BRISQUE in features.py: a picture of any size in, `score` out."""

from pathlib import Path

import numpy as np
from features import Regression

import triton_python_backend_utils as pb_utils


class TritonPythonModel:
    """One instance, one process, one core."""

    def initialize(self, args):
        self._regression = Regression(Path(__file__).with_name("svr.npz"))

    def execute(self, requests):
        return [self._answer(request) for request in requests]

    def _answer(self, request):
        images = pb_utils.get_input_tensor_by_name(request, "image").as_numpy()
        try:
            scores = [[self._regression.score(image)] for image in images]
        except ValueError as error:
            return pb_utils.InferenceResponse(error=pb_utils.TritonError(str(error)))
        return pb_utils.InferenceResponse([pb_utils.Tensor("score", np.array(scores, np.float32))])
