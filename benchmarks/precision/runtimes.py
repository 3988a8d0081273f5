"""ONNX files in ONNX Runtime and OpenVINO, on a given number of CPU threads."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnxruntime
import openvino
from numpy.typing import NDArray

Pictures = NDArray[np.uint8]
Scores = NDArray[np.float32]
Run = Callable[[Pictures], Scores]


def in_onnx_runtime(path: Path, *, threads: int) -> Run:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])

    def run(pictures: Pictures) -> Scores:
        (scores,) = session.run(["score"], {"image": pictures})
        answer: Scores = scores[:, 0]
        return answer

    return run


def in_openvino(path: Path, *, threads: int, precision: str | None) -> tuple[Run, str]:
    """The way to run it, and the precision that OpenVINO says it runs in.

    Args:
        precision: such as "f32"; None leaves it to OpenVINO.
    """
    options = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_NUM_THREADS": threads}
    if precision is not None:
        options["INFERENCE_PRECISION_HINT"] = precision
    compiled = openvino.Core().compile_model(str(path), "CPU", options)
    request = compiled.create_infer_request()
    output = compiled.output("score")

    def run(pictures: Pictures) -> Scores:
        answer: Scores = request.infer({"image": pictures}, share_inputs=True)[output][:, 0].copy()
        return answer

    return run, compiled.get_property("INFERENCE_PRECISION_HINT").get_type_name()
