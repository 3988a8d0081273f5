"""An ONNX graph on a GPU, in PyTorch: tensors come and go through DLPack, never through NumPy."""

import onnx
import onnx2torch
import torch

import triton_python_backend_utils as pb_utils


class TorchSession:
    """Tensors are torch tensors on `device`.

    Args:
        path: the ONNX file.
        device: such as "cuda:0".
    """

    def __init__(self, path, device):
        graph = onnx.load(str(path))
        held = {weight.name for weight in graph.graph.initializer}
        self._inputs = [port.name for port in graph.graph.input if port.name not in held]
        self._outputs = [port.name for port in graph.graph.output]
        self._device = torch.device(device)
        self._module = onnx2torch.convert(graph).eval().to(self._device)

    def check(self, config):
        """Compare Triton's configuration with the graph; returns the input names."""
        for side, has in (("input", self._inputs), ("output", self._outputs)):
            missing = {tensor["name"] for tensor in config[side]} - set(has)
            if missing:
                raise ValueError(f"the ONNX file has no {side} {sorted(missing)}: it has {has}")
        return [tensor["name"] for tensor in config["input"]]

    def take(self, tensor):
        return torch.from_dlpack(tensor.to_dlpack()).to(self._device, non_blocking=True)

    def join(self, tensors):
        return tensors[0] if len(tensors) == 1 else torch.cat(tensors)

    @torch.inference_mode()
    def infer(self, inputs):
        results = self._module(*(inputs[name] for name in self._inputs))
        if isinstance(results, torch.Tensor):
            results = (results,)
        # The answers are small; the host copy is also the point where the GPU is waited for.
        return {name: value.cpu() for name, value in zip(self._outputs, results, strict=True)}

    def give(self, name, tensor):
        return pb_utils.Tensor.from_dlpack(name, torch.to_dlpack(tensor.contiguous()))
