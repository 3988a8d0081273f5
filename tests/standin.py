"""The network of the stand-ins, which runs inside Triton; loaded by path as it is there."""

import importlib.util
from typing import Any

from google.protobuf import json_format, text_format
from tritonclient.grpc import model_config_pb2

from backend.enrichment.model_spec import ModelSpec
from scripts.zoo_models import standins
from tests.processes import PROJECT


def load_network(spec: ModelSpec) -> Any:
    """The network that Triton would make of a model's configuration."""
    path = PROJECT / "scripts/zoo_models/standin/network.py"
    found = importlib.util.spec_from_file_location("standin_network", path)
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    text = standins.files_of(spec, "cpu")["config.pbtxt"].decode()
    config = text_format.Parse(text, model_config_pb2.ModelConfig())
    return module.network_of(json_format.MessageToDict(config, preserving_proto_field_name=True))
