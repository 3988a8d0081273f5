"""The network as an ONNX file: exported, compared, and in fewer bits."""

import tempfile
import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from numpy.typing import NDArray
from onnxruntime import quantization
from onnxruntime.quantization.shape_inference import quant_pre_process

from scripts.efficient_fiqa.drift import Scores
from scripts.efficient_fiqa.network import SIDE_PX, EfficientFiqa

OPSET = 17
# Read by ONNX Runtime 1.19, that of Triton 24.10.
IR_VERSION = 8
BATCH_SIZES = (1, 3, 8)
# ONNX Runtime's level that leaves out its hints on speed.
_ERRORS = 3
# But for products of two activations (attention), whose ranges differ from picture to picture.
QUANTISED = ("Conv", "Gemm", "MatMul")


def export(network: EfficientFiqa, path: Path) -> None:
    """Input `image` uint8 (batch, 352, 352, 3), output `score` float32 (batch, 1)."""
    with warnings.catch_warnings():
        # The exporter by tracing; the other one writes no opset below 18 for this graph.
        warnings.filterwarnings("ignore", category=DeprecationWarning)
        torch.onnx.export(
            network,
            (torch.zeros((1, SIDE_PX, SIDE_PX, 3), dtype=torch.uint8),),
            str(path),
            input_names=["image"],
            output_names=["score"],
            dynamic_axes={"image": {0: "batch"}, "score": {0: "batch"}},
            opset_version=OPSET,
            dynamo=False,
        )
    _settle(path)


def quantise(exported: Path, path: Path, calibration: NDArray[np.uint8]) -> None:
    """Static INT8 with quantise and dequantise nodes, weights per channel.

    Args:
        exported: the float32 graph.
        path: where the INT8 graph goes.
        calibration: pictures whose activations set the ranges.
    """
    with tempfile.TemporaryDirectory() as scratch:
        prepared = Path(scratch, "prepared.onnx")
        quant_pre_process(str(exported), str(prepared), skip_symbolic_shape=True)
        graph = onnx.load(str(prepared)).graph
        held = {weight.name for weight in graph.initializer}
        activations_alone = [
            node.name
            for node in graph.node
            if node.op_type == "MatMul" and not held.intersection(node.input)
        ]
        quantization.quantize_static(
            str(prepared),
            str(path),
            _Calibration(calibration),
            quant_format=quantization.QuantFormat.QDQ,
            op_types_to_quantize=list(QUANTISED),
            nodes_to_exclude=activations_alone,
            per_channel=True,
        )
    _settle(path)


def scores(path: Path, pictures: NDArray[np.uint8], *, batch_size: int) -> Scores:
    """What ONNX Runtime says on the CPU, (N,)."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = _ERRORS
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    batches = [pictures[i : i + batch_size] for i in range(0, len(pictures), batch_size)]
    answers: Scores = np.concatenate([session.run(None, {"image": b})[0] for b in batches])
    return answers[:, 0]


def largest_difference(
    network: EfficientFiqa,
    path: Path,
    pictures: NDArray[np.uint8],
    batch_sizes: Sequence[int] = BATCH_SIZES,
) -> float:
    """Between torch's scores and ONNX Runtime's, over all pictures in batches of each size."""
    expected = torch_scores(network, pictures)
    differences = [
        np.abs(scores(path, pictures, batch_size=size) - expected).max() for size in batch_sizes
    ]
    return float(np.nan_to_num(max(differences), nan=np.inf))


def torch_scores(network: EfficientFiqa, pictures: NDArray[np.uint8]) -> Scores:
    with torch.inference_mode():
        answers = [network(torch.from_numpy(picture[None])) for picture in pictures]
    values: Scores = torch.cat(answers)[:, 0].numpy()
    return values


def _settle(path: Path) -> None:
    """Check the file; have it say one IR version and the operator sets it uses, and no more."""
    model = onnx.load(str(path))
    model.ir_version = IR_VERSION
    used = {node.domain for node in model.graph.node}
    for unused in [one for one in model.opset_import if one.domain not in used]:
        model.opset_import.remove(unused)
    onnx.checker.check_model(model)
    onnx.save(model, str(path))


class _Calibration(quantization.CalibrationDataReader):
    def __init__(self, pictures: NDArray[np.uint8]) -> None:
        self._pictures = iter(pictures)

    def get_next(self) -> dict[str, NDArray[np.uint8]] | None:
        picture = next(self._pictures, None)
        return None if picture is None else {"image": picture[None]}
