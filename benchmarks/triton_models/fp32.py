"""Twins of the byte models for a client that sends normalised FP32 in NCHW.

Parameter `work`: `idle` reads one byte of the picture, as idle.py does; `measures` turns the whole
picture back into bytes and scores it with the default model's own code.
"""

import json

import measures
import numpy as np
import triton_python_backend_utils as pb_utils

MEAN = np.array([0.485, 0.456, 0.406], np.float32)
DEVIATION = np.array([0.229, 0.224, 0.225], np.float32)
MIDDLE = 176


class TritonPythonModel:
    def initialize(self, args):
        parameters = json.loads(args["model_config"])["parameters"]
        self.row = {"idle": idle_row, "measures": measured_row}[parameters["work"]["string_value"]]

    def execute(self, requests):
        return [self._answer(request) for request in requests]

    def _answer(self, request):
        images = pb_utils.get_input_tensor_by_name(request, "image").as_numpy()
        rows = np.array([self.row(image) for image in images], np.float32)
        return pb_utils.InferenceResponse(
            [
                pb_utils.Tensor("score", np.ascontiguousarray(rows[:, :1])),
                pb_utils.Tensor("measures", np.ascontiguousarray(rows[:, 1:])),
            ]
        )


def idle_row(image):
    level = image[0, MIDDLE, MIDDLE] * DEVIATION[0] + MEAN[0]
    return [float(level)] + [0.0] * len(measures.MEASURES)


def measured_row(image):
    levels = image.transpose(1, 2, 0) * DEVIATION + MEAN
    values = measures.measure(np.rint(levels * 255).clip(0, 255).astype(np.uint8))
    return [measures.score(values), *values.values()]
