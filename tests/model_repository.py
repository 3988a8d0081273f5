"""Models that tests write: ONNX graphs and small Python models."""

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


def write_onnx(
    repository: Path, name: str, *, extra_config: str = "", kind: str = "KIND_CPU"
) -> None:
    """`y = relu(x · W + b)` with x FP32 [3], y FP32 [2]; and `n` INT64 [1] is passed through + 1.

    The weights are those of ONNX_WEIGHTS, so that a test can compute y itself.
    """
    weights, bias = ONNX_WEIGHTS
    graph = helper.make_graph(
        [
            helper.make_node("Gemm", ["x", "w", "b"], ["gemm"]),
            helper.make_node("Relu", ["gemm"], ["y"]),
            helper.make_node("Add", ["n", "one"], ["m"]),
        ],
        name,
        [
            helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", 3]),
            helper.make_tensor_value_info("n", TensorProto.INT64, ["batch", 1]),
        ],
        [
            helper.make_tensor_value_info("y", TensorProto.FLOAT, ["batch", 2]),
            helper.make_tensor_value_info("m", TensorProto.INT64, ["batch", 1]),
        ],
        [
            numpy_helper.from_array(weights, "w"),
            numpy_helper.from_array(bias, "b"),
            numpy_helper.from_array(np.array([1], np.int64), "one"),
        ],
    )
    # An older IR and opset than onnx's newest: what exporters write and runtimes read.
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    config = f"""
backend: "onnxruntime"
max_batch_size: 8
input [
  {{ name: "x", data_type: TYPE_FP32, dims: [ 3 ] }},
  {{ name: "n", data_type: TYPE_INT64, dims: [ 1 ] }}
]
output [
  {{ name: "y", data_type: TYPE_FP32, dims: [ 2 ] }},
  {{ name: "m", data_type: TYPE_INT64, dims: [ 1 ] }}
]
instance_group [ {{ kind: {kind}, count: 1 }} ]
{extra_config}
"""
    version = _write(repository, name, config)
    onnx.save(model, version / "model.onnx")


ONNX_WEIGHTS = (
    np.array([[1.0, -2.0], [0.5, 3.0], [-1.5, 0.25]], np.float32),
    np.array([0.125, -0.75], np.float32),
)


def write_python(repository: Path, name: str, config: str, code: str) -> None:
    version = _write(repository, name, f'backend: "python"\n{config}')
    (version / "model.py").write_text(code)


def _write(repository: Path, name: str, config: str) -> Path:
    version = repository / name / "1"
    version.mkdir(parents=True, exist_ok=True)
    (repository / name / "config.pbtxt").write_text(config)
    return version


SLOW_QUALITY_CONFIG = """
max_batch_size: 1
input [ { name: "image", data_type: TYPE_UINT8, dims: [ 352, 352, 3 ] } ]
output [
  { name: "score", data_type: TYPE_FP32, dims: [ 1 ] },
  { name: "measures", data_type: TYPE_FP32, dims: [ 1 ] }
]
instance_group [ { kind: KIND_CPU, count: 1 } ]
dynamic_batching {
  default_queue_policy {
    timeout_action: REJECT
    default_timeout_microseconds: 2000000
    allow_timeout_override: true
    max_queue_size: 2
  }
}
parameters { key: "variant", value: { string_value: "slow" } }
parameters { key: "bands", value: { string_value: "fair=0.35,good=0.6" } }
parameters { key: "measures", value: { string_value: "brightness" } }
"""


def slow_quality_code(*, sleep_s: float, score: str = "image.mean() / 255") -> str:
    """A quality model that sleeps, then scores by mean brightness."""
    return f"""
import time
import numpy as np
import triton_python_backend_utils as pb_utils

class TritonPythonModel:
    def execute(self, requests):
        responses = []
        for request in requests:
            image = pb_utils.get_input_tensor_by_name(request, "image").as_numpy()[0]
            time.sleep({sleep_s})
            score = np.array([[{score}]], np.float32)
            responses.append(pb_utils.InferenceResponse(
                [pb_utils.Tensor("score", score), pb_utils.Tensor("measures", score * 100)]))
        return responses
"""
