"""The configuration that Triton is given."""

from scripts.lifecycle.in_triton import config_text


def test_a_model_of_two_outputs_says_everything() -> None:
    inputs = [{"name": "input", "data_type": "INT64", "dims": [32]}]
    outputs = [
        {"name": "output_0", "data_type": "FP32", "dims": [100, 92]},
        {"name": "output_1", "data_type": "FP32", "dims": [100, 4]},
    ]
    assert config_text(inputs, outputs) == (
        'backend: "onnxruntime"\n'
        "max_batch_size: 1\n"
        "input [\n"
        '  { name: "input", data_type: TYPE_INT64, dims: [ 32 ] }\n'
        "]\n"
        "output [\n"
        '  { name: "output_0", data_type: TYPE_FP32, dims: [ 100, 92 ] },\n'
        '  { name: "output_1", data_type: TYPE_FP32, dims: [ 100, 4 ] }\n'
        "]\n"
        "instance_group [ { kind: KIND_CPU, count: 1 } ]\n"
    )
