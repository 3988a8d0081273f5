"""Models of pictures and prompts: CLIP, and X-CLIP for several frames.

The text tower becomes a graph of its own, so that a prompt that comes again costs nothing, and a
program inside Triton turns text into numbers and has both computed.
"""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from backend.enrichment.model_spec import ModelSpec
from backend.enrichment.model_spec import Tensor as Port
from scripts.fetching import agreement, graph, networks
from scripts.fetching.errors import NotFetchable
from scripts.fetching.installing import Made
from scripts.fetching.progress import Progress

_SERVED = Path(__file__).with_name("served")
_CODE = ("model.py", "clip_tokenizer.py")
_VOCABULARY = ("vocab.json", "merges.txt")
# The example to trace, and how many prompts are compared.
_PROMPTS = 5


class TextTower(nn.Module):
    """Numbers of prompts, int64 (P, length) → features, (P, D)."""

    def __init__(self, inner: Any) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, numbers: Tensor) -> Tensor:
        features: Tensor = self.inner.get_text_features(input_ids=numbers).pooler_output
        return features


class ClipPictures(nn.Module):
    """Pictures and the features of the prompts of each, (N, P, D) → (N, P)."""

    def __init__(self, inner: Any) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, pixels: Tensor, features: Tensor) -> Tensor:
        pictures = self.inner.get_image_features(pixel_values=pixels).pooler_output
        return _cosines(pictures, features, self.inner.logit_scale)


class XClipFrames(nn.Module):
    """As ClipPictures, of several frames, (N, frames, 3, height, width).

    The prompts' features are drawn towards what the frames show.

    Source: Ni et al., "Expanding Language-Image Pretrained Models for General Video Recognition",
    2022.
    """

    def __init__(self, inner: Any) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, pixels: Tensor, features: Tensor) -> Tensor:
        inner, (count, frames) = self.inner, pixels.shape[:2]
        seen = inner.vision_model(pixel_values=pixels.flatten(0, 1))
        each = inner.visual_projection(seen.pooler_output)
        whole = inner.mit(each.reshape(count, frames, -1)).pooler_output
        places = inner.prompts_visual_layernorm(seen.last_hidden_state[:, 1:])
        places = places @ inner.prompts_visual_projection
        places = places.reshape(count, frames, -1, places.shape[-1]).mean(1)
        return _cosines(
            whole, features + inner.prompts_generator(features, places), inner.logit_scale
        )


@dataclass(frozen=True)
class _Family:
    pictures: type[nn.Module]
    answer: str


_FAMILIES: Mapping[str, _Family] = {
    "CLIPModel": _Family(ClipPictures, "logits_per_image"),
    "XCLIPModel": _Family(XClipFrames, "logits_per_video"),
}


def make(spec: ModelSpec, weights: Path, folder: Path, version: Path, progress: Progress) -> Made:
    """Write a version's folder.

    Args:
        weights: of both towers.
        folder: where they and the other files of the repository are.

    Raises:
        FetchFailed: says why not.
    """
    named = (networks.config(folder).get("architectures") or ["none"])[0]
    family = _FAMILIES.get(named)
    if family is None:
        raise NotFetchable(
            f"Its config.json names the architecture {named}; known are {', '.join(_FAMILIES)}."
        )
    inner = networks.pretrained(folder, weights, named)
    text, pictures = TextTower(inner), family.pictures(inner)
    ports = _ports(spec, inner)
    numbers = _numbers(inner)
    with torch.inference_mode():
        features = text(torch.from_numpy(numbers)).numpy()
    batches = [
        (graph.pictures(spec, size), np.repeat(features[None], size, axis=0))
        for size in graph.BATCH_SIZES
    ]
    progress.step(f"{spec.name}: converting to ONNX.")
    graph.export(text, version / "text.onnx", (ports[0],), (ports[1],), (numbers,))
    graph.export(
        pictures, version / "model.onnx", (spec.input.tensor, ports[2]), spec.outputs, batches[-1]
    )
    progress.step(f"{spec.name}: comparing ONNX Runtime with PyTorch.")
    opened = graph.session(version / "model.onnx")
    agreement.check_ports(*graph.ports(opened), (spec.input.tensor, ports[2]), spec.outputs)
    graph.compare_with(text, graph.session(version / "text.onnx"), [(numbers[:1],), (numbers,)])
    whole = _Whole(inner, family.answer, torch.from_numpy(numbers))
    comparison = graph.compare_with(whole, opened, batches)
    for code in _CODE:
        shutil.copyfile(_SERVED / code, version / code)
    for file in _VOCABULARY:
        shutil.copyfile(folder / file, version / file)
    return Made("python", comparison, labels_checked=False)


class _Whole(nn.Module):
    """The network as it was published, with its own way from features to answers."""

    def __init__(self, inner: Any, answer: str, numbers: Tensor) -> None:
        super().__init__()
        self.inner = inner
        self._answer, self._numbers = answer, numbers

    def forward(self, pixels: Tensor, features: Tensor) -> Tensor:
        given = self.inner(pixel_values=pixels, input_ids=self._numbers)
        answer: Tensor = getattr(given, self._answer)
        return answer


def _cosines(pictures: Tensor, features: Tensor, logit_scale: Tensor) -> Tensor:
    pictures = pictures / pictures.norm(dim=-1, keepdim=True)
    features = features / features.norm(dim=-1, keepdim=True)
    return (features @ pictures.unsqueeze(-1)).squeeze(-1) * logit_scale.exp()


def _ports(spec: ModelSpec, inner: Any) -> tuple[Port, Port, Port]:
    """What passes between the two graphs; their batch axes are prompts, prompts and pictures."""
    length = inner.config.text_config.max_position_embeddings
    wide = inner.config.projection_dim
    return (
        Port(name="numbers", dims=(length,), data_type="INT64", meaning="of a prompt's pieces"),
        Port(name="features", dims=(wide,), meaning="of a prompt"),
        Port(name="features", dims=(-1, wide), meaning="of each prompt"),
    )


def _numbers(inner: Any) -> Any:
    """Prompts as the tokenizer writes them: start, some pieces, and ends until it is full."""
    config = inner.config.text_config
    length, end = config.max_position_embeddings, config.vocab_size - 1
    drawn = np.random.default_rng(_PROMPTS).integers(1, end - 1, (_PROMPTS, length))
    lengths = np.arange(_PROMPTS)[:, None] + 2
    places = np.arange(length)[None]
    numbers = np.where(places < lengths, drawn, end)
    numbers[:, 0] = end - 1
    return numbers.astype(np.int64)
