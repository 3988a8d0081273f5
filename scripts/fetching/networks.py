"""Weights → a network that takes the row's inputs and gives its outputs."""

import json
import os
import pickle
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import safetensors
import torch
from torch import Tensor, nn

# Before the library is imported: it asks nobody anything.
os.environ["HF_HUB_OFFLINE"] = "1"
import transformers

from backend.enrichment.model_spec import ModelSpec
from scripts.fetching import osnet, timm_vit, weights, yolo
from scripts.fetching.errors import NotFetchable, WrongNetwork
from scripts.fetching.sources import Builder

transformers.logging.set_verbosity_error()
transformers.logging.disable_progress_bar()


@dataclass(frozen=True)
class Network:
    """
    Attributes:
        module: takes and gives tensors in the row's order.
        labels: the checkpoint's own classes, by index; None where it has no list of them.
    """

    module: nn.Module
    labels: Mapping[int, str] | None


@dataclass(frozen=True)
class Architecture:
    """How one of Transformers' classes is used.

    Attributes:
        answer: which of its outputs it is.
        method: what is called, where it is not all of the network.
    """

    answer: str = "logits"
    method: str = "forward"


# By what config.json names.
ARCHITECTURES = {
    "ViTForImageClassification": Architecture(),
    "ResNetForImageClassification": Architecture(),
    "SiglipForImageClassification": Architecture(),
    "SegformerForSemanticSegmentation": Architecture(),
    "DepthAnythingForDepthEstimation": Architecture("predicted_depth"),
    "VitPoseForPoseEstimation": Architecture("heatmaps"),
    # The pictures' tower and its projection; that of texts is left behind.
    "CLIPModel": Architecture("pooler_output", "get_image_features"),
}
# What the library fails with on files that are damaged, of something else or of a newer release.
_UNLOADABLE = (
    OSError,
    ValueError,
    RuntimeError,
    LookupError,
    TypeError,
    AttributeError,
    ImportError,
    pickle.UnpicklingError,
    safetensors.SafetensorError,
)
# Among the data sets that a network of several experts was trained on.
_COCO = 0


class PictureNetwork(nn.Module):
    """One of Transformers' networks: pixels in, one tensor out."""

    def __init__(self, inner: nn.Module, architecture: Architecture) -> None:
        super().__init__()
        self.inner = inner
        self._how = architecture
        backbone = getattr(inner.config, "backbone_config", None)
        self._has_experts = getattr(backbone, "num_experts", 1) > 1

    def forward(self, pixels: Tensor) -> Tensor:
        asked: dict[str, Any] = {"pixel_values": pixels}
        if self._has_experts:
            asked["dataset_index"] = torch.full((pixels.shape[0],), _COCO, dtype=torch.int64)
        given = getattr(self.inner, self._how.method)(**asked)
        answer: Tensor = getattr(given, self._how.answer)
        return answer


def build(builder: Builder, spec: ModelSpec, file: Path, folder: Path) -> Network:
    """The network, in float32 and for inference.

    Args:
        file: the weights.
        folder: where they and the other files of the repository are.

    Raises:
        WrongNetwork, NotFetchable
    """
    match builder:
        case Builder.TRANSFORMERS:
            network = _transformers(folder, file)
        case Builder.TIMM_VIT:
            network = Network(timm_vit.network(weights.read(file)), _labels(config(folder)))
        case Builder.OSNET:
            network = Network(_osnet(file), None)
        case Builder.YOLO:
            network = Network(*yolo.load(file, spec))
        case _:
            raise NotFetchable(f"Nothing builds a network of the kind {builder}.")
    network.module.eval()
    return network


def pretrained(folder: Path, file: Path, name: str) -> Any:
    """One of Transformers' networks, by its class, with every weight out of the file.

    Raises:
        WrongNetwork: some would stay random.
    """
    try:
        module, found = getattr(transformers, name).from_pretrained(
            folder,
            local_files_only=True,
            trust_remote_code=False,
            use_safetensors=file.suffix == ".safetensors",
            weights_only=True,
            dtype=torch.float32,
            # In plain operations; and a config.json could name a kernel to be fetched.
            attn_implementation="eager",
            output_loading_info=True,
        )
    except _UNLOADABLE as error:
        reason = str(error).splitlines()[0][:300]
        raise WrongNetwork(f"{file.name} cannot be loaded as {name} ({reason}).") from error
    left_out = sorted({*found["missing_keys"], *(one[0] for one in found["mismatched_keys"])})
    if left_out:
        raise WrongNetwork(
            f"{file.name} has no fitting weights for {len(left_out)} tensors of {name}, such as "
            f"{left_out[0]}."
        )
    return module.eval()


def _transformers(folder: Path, file: Path) -> Network:
    described = config(folder)
    named = (described.get("architectures") or ["none"])[0]
    architecture = ARCHITECTURES.get(named)
    if architecture is None:
        raise NotFetchable(
            f"Its config.json names the architecture {named}; known are {', '.join(ARCHITECTURES)}."
        )
    inner = pretrained(folder, file, named)
    return Network(PictureNetwork(inner, architecture), _labels(described))


def _osnet(file: Path) -> nn.Module:
    # Which of the persons it was trained on somebody is, nobody asks.
    tensors = {
        name: tensor
        for name, tensor in weights.read(file).items()
        if not name.startswith("classifier.")
    }
    module = osnet.OsNet()
    try:
        module.load_state_dict(tensors, strict=True)
    except RuntimeError as error:
        reason = " ".join(str(error).split())[:300]
        raise WrongNetwork(f"{file.name} has not the tensors of OSNet x0.25 ({reason}).") from error
    return module


def config(folder: Path) -> dict[str, Any]:
    """What config.json says.

    Raises:
        WrongNetwork: it cannot be read.
    """
    try:
        content = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise WrongNetwork(f"Its config.json cannot be read ({error}).") from error
    if not isinstance(content, dict):
        raise WrongNetwork("Its config.json is no JSON object.")
    return content


def _labels(described: Mapping[str, Any]) -> dict[int, str] | None:
    named = described.get("id2label")
    if not isinstance(named, dict):
        return None
    return {int(index): str(label) for index, label in named.items()}
