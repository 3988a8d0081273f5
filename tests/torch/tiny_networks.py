"""Architectures at reduced size with random weights, and rows of the catalogue for them."""

from dataclasses import dataclass
from typing import Any

import torch
import transformers

from backend.enrichment.model_spec import Category, ModelSpec, PictureInput, TaskName
from backend.enrichment.model_spec import Tensor as Port

REPOSITORY = "owner/model"
SMALL = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
SIGHT = SMALL | {"intermediate_size": 64, "image_size": 32, "patch_size": 8}


def row(side: tuple[int, int], output: str, dims: tuple[int, ...], **changed: Any) -> ModelSpec:
    """A row of the catalogue for a network that is smaller than any of its."""
    height, width = side
    fields: dict[str, Any] = {
        "name": "tiny",
        "category": Category.CLASSIFICATION,
        "task": TaskName.CLASSIFICATION,
        "memory_estimate_mb": 10,
        "priority": "low",
        "purpose": "Is small.",
        "source": REPOSITORY,
        "license": "MIT",
        "input": PictureInput(name="pixel_values", width=width, height=height, resize="stretch"),
        "outputs": (Port(name=output, dims=dims, meaning="an answer"),),
    }
    return ModelSpec.model_validate(fields | changed)


@dataclass(frozen=True)
class Tiny:
    """An architecture at reduced size, and what it answers."""

    module: Any
    spec: ModelSpec
    answer: str


def vit(**changed: Any) -> Tiny:
    labels = {0: "Cat/Big", 1: "dog", 2: "none"}
    config = transformers.ViTConfig(**SIGHT, id2label=labels, label2id={})
    own = {"labels": ("cat_big", "dog", "none")}
    spec = row((32, 32), "logits", (3,), **(own | changed))
    return Tiny(transformers.ViTForImageClassification(config), spec, "logits")


def resnet() -> Tiny:
    config = transformers.ResNetConfig(
        embedding_size=8, hidden_sizes=[8, 16], depths=[1, 1], layer_type="basic", num_labels=5
    )
    return Tiny(
        transformers.ResNetForImageClassification(config), row((32, 32), "logits", (5,)), "logits"
    )


def siglip() -> Tiny:
    words = SMALL | {"intermediate_size": 64, "vocab_size": 99}
    config = transformers.SiglipConfig(vision_config=SIGHT, text_config=words, num_labels=5)
    return Tiny(
        transformers.SiglipForImageClassification(config), row((32, 32), "logits", (5,)), "logits"
    )


def segformer() -> Tiny:
    config = transformers.SegformerConfig(
        hidden_sizes=[8, 16, 16, 32],
        depths=[1, 1, 1, 1],
        num_attention_heads=[1, 1, 2, 2],
        decoder_hidden_size=16,
        num_labels=4,
    )
    spec = row((64, 64), "logits", (4, 16, 16))
    return Tiny(transformers.SegformerForSemanticSegmentation(config), spec, "logits")


def depth_anything() -> Tiny:
    backbone = transformers.Dinov2Config(
        **(SMALL | {"num_hidden_layers": 4}),
        image_size=56,
        patch_size=14,
        out_indices=[1, 2, 3, 4],
        apply_layernorm=True,
        reshape_hidden_states=False,
    )
    config = transformers.DepthAnythingConfig(
        backbone_config=backbone,
        neck_hidden_sizes=[8, 16, 16, 16],
        fusion_hidden_size=8,
        reassemble_hidden_size=32,
        head_hidden_size=8,
    )
    module = transformers.DepthAnythingForDepthEstimation(config)
    with torch.no_grad():  # as drawn, the depths differ by no more than rounding
        module.head.conv3.weight.mul_(1e4)
        module.head.conv3.bias.add_(1.0)
    return Tiny(module, row((56, 56), "predicted_depth", (56, 56)), "predicted_depth")


def vitpose() -> Tiny:
    backbone = transformers.VitPoseBackboneConfig(
        **SMALL,
        image_size=[64, 48],
        patch_size=[16, 16],
        num_experts=3,
        part_features=8,
        out_indices=[2],
    )
    config = transformers.VitPoseConfig(backbone_config=backbone, num_labels=17)
    spec = row((64, 48), "heatmaps", (17, 16, 12))
    return Tiny(transformers.VitPoseForPoseEstimation(config), spec, "heatmaps")


def clip() -> Tiny:
    """Both towers are published; the pictures' alone is served."""
    words = SMALL | {"intermediate_size": 64, "vocab_size": 99}
    config = transformers.CLIPConfig(
        vision_config=SIGHT,
        text_config=words | {"bos_token_id": 97, "eos_token_id": 98},
        projection_dim=16,
    )
    spec = row((32, 32), "image_embeds", (16,))
    return Tiny(transformers.CLIPModel(config), spec, "image_embeds")


ALL = [vit, resnet, siglip, segformer, depth_anything, vitpose, clip]
