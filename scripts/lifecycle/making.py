"""What is done to networks before they are measured: made with random weights, exported."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers
from torch import Tensor

from backend.enrichment.model_spec import Tensor as Port
from scripts.fetching import graph
from scripts.lifecycle.kinds import ARCHITECTURES, Kind
from scripts.lifecycle.networks import SEED, Asked, example, opened


def prepare(kind: str, folder: str) -> dict[str, Any]:
    """Write a network of that kind, built from its configuration, with random weights."""
    how = ARCHITECTURES[Kind(kind)]
    config = getattr(transformers, how.config)(**how.told)
    torch.manual_seed(SEED)
    network = getattr(transformers, how.network)(config)
    network.save_pretrained(folder)
    return {"parameters": sum(weight.numel() for weight in network.parameters())}


def device() -> dict[str, Any]:
    """The name of the GPU that PyTorch would use; None where there is none."""
    return {"gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else None}


def export(kind: str, folder: str, version: str) -> dict[str, Any]:
    """Write the same network as model.onnx, held against PyTorch, and the input as input.npy.

    Returns:
        inputs and outputs: name, Triton's data type, and dims without the batch axis.
    """
    # In plain operations, which the exporter knows.
    inner = opened(Kind(kind), Path(folder), attn_implementation="eager")
    network = Asked(Kind(kind), inner).eval()
    given = example(network)
    with torch.inference_mode():
        answer = network(given)
    answers = answer if isinstance(answer, tuple) else (answer,)
    told = _port("input", given)
    outputs = [_port(f"output_{place}", one) for place, one in enumerate(answers)]
    path = Path(version, "model.onnx")
    graph.export(network, path, (told,), outputs, (given.numpy(),))
    graph.compare_with(network, graph.session(path), [(given.numpy(),)])
    np.save(Path(version, "input.npy"), given.numpy())
    return {
        "inputs": [told.model_dump(include={"name", "data_type", "dims"})],
        "outputs": [one.model_dump(include={"name", "data_type", "dims"}) for one in outputs],
    }


def _port(name: str, tensor: Tensor) -> Port:
    return Port(
        name=name,
        dims=tuple(tensor.shape[1:]),
        data_type="INT64" if tensor.dtype == torch.int64 else "FP32",
        meaning=name,
    )
