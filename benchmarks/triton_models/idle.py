"""Does nothing but prove which picture it was given: its score is one byte of it.

Parameter `sleep_ms`: how long each request takes; 0 where it is not set.
"""

import json
import time

import numpy as np
import triton_python_backend_utils as pb_utils

MEASURES = 9
MIDDLE = 176


class TritonPythonModel:
    def initialize(self, args):
        parameters = json.loads(args["model_config"])["parameters"]
        self.sleep_s = float(parameters.get("sleep_ms", {}).get("string_value", "0")) / 1000

    def execute(self, requests):
        return [self._answer(request) for request in requests]

    def _answer(self, request):
        images = pb_utils.get_input_tensor_by_name(request, "image").as_numpy()
        if self.sleep_s:
            time.sleep(self.sleep_s)
        scores = images[:, MIDDLE, MIDDLE, :1].astype(np.float32) / 255
        measures = np.zeros((len(images), MEASURES), np.float32)
        return pb_utils.InferenceResponse(
            [pb_utils.Tensor("score", scores), pb_utils.Tensor("measures", measures)]
        )
