"""Triton's side of the scorer in measures.py: requests in, `score` and `measures` out."""

import json

import measures
import numpy as np

import triton_python_backend_utils as pb_utils

if int(np.__version__.split(".")[0]) >= 2:
    # This release of the backend then answers 200 with empty or wrong tensors.
    raise ImportError(f"numpy {np.__version__} in the models' environment: install numpy<2")


class TritonPythonModel:
    """One instance, one process, one core: frames of a batch are scored one after the other."""

    def initialize(self, args):
        config = json.loads(args["model_config"])
        named = tuple(config["parameters"]["measures"]["string_value"].split(","))
        if named != measures.MEASURES:
            raise ValueError(f"config names the measures {named}, the code {measures.MEASURES}")

    def execute(self, requests):
        return [self._answer(request) for request in requests]

    def _answer(self, request):
        images = pb_utils.get_input_tensor_by_name(request, "image").as_numpy()
        rows = [measures.measure(image) for image in images]
        scores = np.array([[measures.score(row)] for row in rows], dtype=np.float32)
        values = np.array([[row[name] for name in measures.MEASURES] for row in rows], np.float32)
        return pb_utils.InferenceResponse(
            [pb_utils.Tensor("score", scores), pb_utils.Tensor("measures", values)]
        )
