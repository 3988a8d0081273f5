"""config.pbtxt as Triton's own definition of it reads it."""

from pathlib import Path

import pytest
from google.protobuf import text_format
from tritonclient.grpc import model_config_pb2

from backend.enrichment.catalog import load
from backend.enrichment.model_spec import ModelSpec
from scripts.zoo_models.configuration import config_text, weights_of

CATALOG = load()
TYPES = {"FP32": "TYPE_FP32", "UINT8": "TYPE_UINT8", "INT64": "TYPE_INT64", "BYTES": "TYPE_STRING"}


def parsed(text: str) -> model_config_pb2.ModelConfig:
    return text_format.Parse(text, model_config_pb2.ModelConfig())


def written(spec: ModelSpec, **parameters: str) -> str:
    return config_text(
        spec,
        backend="python",
        max_batch_size=4,
        weights="stand-in",
        kind="KIND_CPU",
        parameters=parameters,
    )


@pytest.mark.parametrize("name", CATALOG)
def test_every_row_becomes_a_configuration_with_its_tensors(name: str) -> None:
    spec = CATALOG[name]
    config = parsed(written(spec))
    for listed, tensors in ((config.input, spec.inputs), (config.output, spec.outputs)):
        assert [(each.name, tuple(each.dims), each.data_type) for each in listed] == [
            (each.name, each.dims, model_config_pb2.DataType.Value(TYPES[each.data_type]))
            for each in tensors
        ]


def test_the_rest_of_a_configuration_is_the_same_for_all() -> None:
    config = parsed(written(CATALOG["pet-classifier"]))
    assert (config.name, config.backend, config.max_batch_size) == ("", "python", 4)
    (group,) = config.instance_group
    assert (group.kind, group.count) == (model_config_pb2.ModelInstanceGroup.KIND_CPU, 1)
    batching = config.dynamic_batching
    assert batching.max_queue_delay_microseconds == 0
    policy = batching.default_queue_policy
    assert policy.timeout_action == model_config_pb2.ModelQueuePolicy.REJECT
    assert policy.default_timeout_microseconds == 30_000_000
    assert (policy.allow_timeout_override, policy.max_queue_size) == (True, 64)
    assert {key: each.string_value for key, each in config.parameters.items()} == {
        "weights": "stand-in"
    }


def test_a_gpu_s_configuration_says_so() -> None:
    text = config_text(
        CATALOG["pet-classifier"],
        backend="onnxruntime",
        max_batch_size=1,
        weights="sha256:00",
        kind="KIND_GPU",
    )
    config = parsed(text)
    assert config.backend == "onnxruntime"
    assert config.instance_group[0].kind == model_config_pb2.ModelInstanceGroup.KIND_GPU


def test_strings_arrive_as_they_were_given() -> None:
    awkward = {
        'a "key"': 'back\\slash, "quotes",\nlines\tand Ümläute 時',
        "empty": "",
        "1": "\x7f1",
    }
    config = parsed(written(CATALOG["pet-classifier"], **awkward))
    told = {key: each.string_value for key, each in config.parameters.items()}
    assert told == {"weights": "stand-in"} | awkward


@pytest.mark.parametrize("weights", ["stand-in", f"sha256:{'0f' * 32}"])
def test_a_folder_says_what_its_weights_are(tmp_path: Path, weights: str) -> None:
    text = config_text(
        CATALOG["pet-classifier"],
        backend="python",
        max_batch_size=1,
        weights=weights,
        kind="KIND_CPU",
    )
    (tmp_path / "config.pbtxt").write_text(text)
    assert weights_of(tmp_path) == weights


@pytest.mark.parametrize("content", [None, b"", b'backend: "python"', b"\xff\xfe"])
def test_a_folder_without_a_readable_word_on_its_weights_has_none(
    tmp_path: Path, content: bytes | None
) -> None:
    if content is not None:
        (tmp_path / "config.pbtxt").write_bytes(content)
    assert weights_of(tmp_path) is None
