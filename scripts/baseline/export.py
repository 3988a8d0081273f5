"""The network as an ONNX file, its INT8 variant, and how long they take."""

import io
import tempfile
import time
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import openvino
import torch
from numpy.typing import NDArray
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

from scripts.baseline.card import Speed
from scripts.baseline.network import Network, Scorer
from scripts.baseline.sources import SIDE_PX

OPSET, IR_VERSION = 17, 8  # what ONNX Runtime 1.19 takes
WARM_UP, TIMED = 10, 100


def to_onnx(network: Network) -> bytes:
    """`image` uint8 (n, 352, 352, 3) to `score` float32 (n, 1); one network, one file."""
    example = torch.zeros((1, SIDE_PX, SIDE_PX, 3), dtype=torch.uint8)
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        # The exporter of old writes opset 17 as it is; the new one converts down to it.
        warnings.simplefilter("ignore", DeprecationWarning)
        torch.onnx.export(
            Scorer(network).eval(),
            (example,),
            buffer,
            dynamo=False,
            opset_version=OPSET,
            input_names=["image"],
            output_names=["score"],
            dynamic_axes={"image": {0: "n"}, "score": {0: "n"}},
        )
    model = onnx.load_from_string(buffer.getvalue())
    model.ir_version = IR_VERSION
    model.doc_string = "Framegate, baseline-synthetic: trained on generated degradations alone."
    onnx.checker.check_model(model)
    data: bytes = model.SerializeToString(deterministic=True)
    return data


class _Pictures(CalibrationDataReader):  # type: ignore[misc]  # onnxruntime has no types
    def __init__(self, pictures: Sequence[NDArray[np.uint8]]) -> None:
        self._left = iter(pictures)

    def get_next(self) -> dict[str, NDArray[np.uint8]] | None:
        picture = next(self._left, None)
        return None if picture is None else {"image": picture[None]}


def quantized(model: bytes, pictures: Sequence[NDArray[np.uint8]]) -> bytes:
    """Weights and activations in INT8 (QDQ), their ranges from pictures of the training."""
    with tempfile.TemporaryDirectory() as folder:
        source, ready, result = (Path(folder, name) for name in ("f32", "ready", "int8"))
        source.write_bytes(model)
        quant_pre_process(source, ready, skip_symbolic_shape=True)
        quantize_static(ready, result, _Pictures(pictures), quant_format=QuantFormat.QDQ)
        return result.read_bytes()


def speed_of(model: bytes) -> Speed:
    picture = np.random.default_rng(0).integers(0, 256, (1, SIDE_PX, SIDE_PX, 3), np.uint8)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(model, options, ["CPUExecutionProvider"])
    threads = {"INFERENCE_NUM_THREADS": 1, "INFERENCE_PRECISION_HINT": "f32"}
    core = openvino.Core()
    request = core.compile_model(core.read_model(model), "CPU", threads).create_infer_request()
    return Speed(
        _median_ms(lambda: request.infer([picture])),
        _median_ms(lambda: session.run(None, {"image": picture})),
    )


def _median_ms(run: Callable[[], object]) -> float:
    times = []
    for _ in range(WARM_UP + TIMED):
        began_s = time.perf_counter()
        run()
        times.append((time.perf_counter() - began_s) * 1000)
    return float(np.median(times[WARM_UP:]))
