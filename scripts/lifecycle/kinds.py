"""The kinds of model, and the networks that stand for them where nobody names a real one. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any


class Kind(StrEnum):
    EMBEDDING = "embedding"
    TEXT_GENERATION = "text-generation"
    VISION = "vision"
    DETECTION = "detection"


@dataclass(frozen=True)
class Architecture:
    """How a kind's network is made, and how any of its kind is opened.

    Attributes:
        like: the published model whose shape it has.
        config: Transformers' configuration class, and what it is told.
        network: the class that is built from it, with random weights.
        opener: the class that opens a folder with a network of this kind.
        reads_text: its input is tokens; otherwise a picture.
    """

    like: str
    config: str
    network: str
    opener: str
    reads_text: bool
    told: Mapping[str, Any] = field(default_factory=dict)


ARCHITECTURES: Mapping[Kind, Architecture] = {
    Kind.EMBEDDING: Architecture(
        like="all-MiniLM-L6-v2",
        config="BertConfig",
        network="BertModel",
        opener="AutoModel",
        reads_text=True,
        told={
            "hidden_size": 384,
            "num_hidden_layers": 6,
            "num_attention_heads": 12,
            "intermediate_size": 1536,
        },
    ),
    Kind.TEXT_GENERATION: Architecture(
        like="distilgpt2",
        config="GPT2Config",
        network="GPT2LMHeadModel",
        opener="AutoModelForCausalLM",
        reads_text=True,
        told={"n_layer": 6},
    ),
    Kind.VISION: Architecture(
        like="ViT-S/16",
        config="ViTConfig",
        network="ViTForImageClassification",
        opener="AutoModelForImageClassification",
        reads_text=False,
        told={
            "hidden_size": 384,
            "num_attention_heads": 6,
            "intermediate_size": 1536,
            "num_labels": 1000,
        },
    ),
    Kind.DETECTION: Architecture(
        like="YOLOS-S with one set of positions, pictures of 416×256",
        config="YolosConfig",
        network="YolosForObjectDetection",
        opener="AutoModelForObjectDetection",
        reads_text=False,
        told={
            "hidden_size": 384,
            "num_attention_heads": 6,
            "intermediate_size": 1536,
            "image_size": [256, 416],
            # OpenVINO takes a minute to resize those of every layer, at each load.
            "use_mid_position_embeddings": False,
            "num_labels": 91,
        },
    ),
}


@dataclass(frozen=True)
class ModelConfig:
    """A model that is measured.

    Attributes:
        folder: with its config.json and weights.
        random_weights: it was made from a configuration and has learnt nothing.
    """

    kind: Kind
    name: str
    folder: Path
    random_weights: bool

    @property
    def files(self) -> list[Path]:
        """The files that a load reads: of weights in two formats, those that are preferred."""
        weights = list(self.folder.glob("*.safetensors")) or list(self.folder.glob("*.bin"))
        return sorted([*self.folder.glob("*.json"), *weights])
