"""Serves any ONNX model of the repository where NVIDIA's compiled ONNX Runtime backend is absent.

Triton takes a folder `backends/onnxruntime` that holds a `model.py` as the backend of that name, so
a model says `backend: "onnxruntime"` here and in NVIDIA's container alike. On a CPU the graph runs
in OpenVINO; under KIND_GPU in PyTorch, which takes and gives tensors through DLPack, without NumPy.
"""

import json
from pathlib import Path

import numpy as np

import triton_python_backend_utils as pb_utils

if int(np.__version__.split(".")[0]) >= 2:
    # This release of the backend then answers 200 with empty or wrong tensors.
    raise ImportError(f"numpy {np.__version__} in the models' environment: install numpy<2")


class TritonPythonModel:
    """One instance of one ONNX model."""

    def initialize(self, args):
        config = json.loads(args["model_config"])
        path = Path(args["model_repository"], args["model_version"], "model.onnx")
        if not path.exists():
            raise FileNotFoundError(f"there is no {path}")
        self._batches = config["max_batch_size"] > 0
        self._outputs = [output["name"] for output in config["output"]]
        if args["model_instance_kind"] == "GPU":
            from torch_session import TorchSession

            self._session = TorchSession(path, f"cuda:{args['model_instance_device_id']}")
        else:
            from openvino_session import OpenVinoSession

            threads = config.get("parameters", {}).get("threads", {}).get("string_value", "0")
            self._session = OpenVinoSession(path, threads=int(threads))
        self._inputs = self._session.check(config)

    def execute(self, requests):
        """Requests that Triton's batcher handed over together run as one batch."""
        groups = [requests] if self._batches else [[request] for request in requests]
        return [response for group in groups for response in self._execute_together(group)]

    def _execute_together(self, requests):
        inputs = {
            name: [
                self._session.take(pb_utils.get_input_tensor_by_name(request, name))
                for request in requests
            ]
            for name in self._inputs
        }
        sizes = [len(tensor) for tensor in inputs[self._inputs[0]]] if self._batches else [None]
        outputs = self._session.infer(
            {name: self._session.join(tensors) for name, tensors in inputs.items()}
        )
        responses, start = [], 0
        for size in sizes:
            rows = slice(start, start + size) if size is not None else slice(None)
            responses.append(
                pb_utils.InferenceResponse(
                    [
                        self._session.give(
                            name, outputs[name][rows] if self._batches else outputs[name]
                        )
                        for name in self._outputs
                    ]
                )
            )
            start += size or 0
        return responses
