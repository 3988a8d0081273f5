"""An ONNX graph on the CPU, in OpenVINO."""

import numpy as np
import openvino

import triton_python_backend_utils as pb_utils


class OpenVinoSession:
    """Tensors are NumPy arrays.

    Args:
        path: the ONNX file.
        threads: CPU threads of one inference; 0 lets OpenVINO choose.
    """

    def __init__(self, path, *, threads):
        options = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": "f32"}
        if threads:
            options["INFERENCE_NUM_THREADS"] = threads
        self._graph = openvino.Core().compile_model(str(path), "CPU", options)

    def check(self, config):
        """Compare Triton's configuration with the graph; returns the input names."""
        for side, ports in (("input", self._graph.inputs), ("output", self._graph.outputs)):
            types = {name: port.element_type.to_dtype() for port in ports for name in port.names}
            for tensor in config[side]:
                name, wanted = tensor["name"], tensor["data_type"]
                if name not in types:
                    raise ValueError(
                        f"the ONNX file has no {side} '{name}': it has {sorted(types)}"
                    )
                if pb_utils.triton_string_to_numpy(wanted) != types[name]:
                    raise ValueError(
                        f"{side} '{name}' is {wanted} in the configuration and "
                        f"{types[name]} in the ONNX file"
                    )
        return [tensor["name"] for tensor in config["input"]]

    def take(self, tensor):
        return tensor.as_numpy()

    def join(self, arrays):
        return arrays[0] if len(arrays) == 1 else np.concatenate(arrays)

    def infer(self, inputs):
        results = self._graph(inputs)
        return {name: results[port] for port in self._graph.outputs for name in port.names}

    def give(self, name, array):
        return pb_utils.Tensor(name, np.ascontiguousarray(array))
