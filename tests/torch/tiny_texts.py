"""CLIP and X-CLIP at reduced size, with a vocabulary of a few hundred pieces."""

import json
from typing import Any

import transformers
from tokenizers.pre_tokenizers import ByteLevel

from backend.enrichment.model_spec import ModelSpec
from scripts.fetching.sources import Builder, Source
from tests.torch.fetch_place import Place
from tests.torch.tiny_networks import REPOSITORY, SIGHT

PROMPTS = ("a dark hoodie", "a high-visibility vest", "somebody's mask, 2 of them")
LENGTH = 24


def vocabulary() -> tuple[dict[str, int], list[str]]:
    """Every byte alone and at a word's end, a few merges, and the two marks: as CLIP's is made."""
    letters = sorted(ByteLevel.alphabet())
    merges = ["h o", "o d", "ho od", "v e", "s t</w>", "ve st</w>", "' s</w>", "a r", "m a"]
    pieces = [
        *letters,
        *(f"{letter}</w>" for letter in letters),
        *(merge.replace(" ", "") for merge in merges),
        "<|startoftext|>",
        "<|endoftext|>",
    ]
    return {piece: number for number, piece in enumerate(pieces)}, merges


def texts(size: int) -> dict[str, Any]:
    kept = {
        name: value for name, value in SIGHT.items() if name not in ("image_size", "patch_size")
    }
    return kept | {
        "vocab_size": size,
        "bos_token_id": size - 2,
        "eos_token_id": size - 1,
        "max_position_embeddings": LENGTH,
    }


def clip(size: int) -> Any:
    config = transformers.CLIPConfig(
        vision_config=SIGHT, text_config=texts(size), projection_dim=16
    )
    return transformers.CLIPModel(config)


def xclip(size: int) -> Any:
    config = transformers.XCLIPConfig(
        vision_config=SIGHT
        | {
            "mit_hidden_size": 16,
            "mit_intermediate_size": 32,
            "mit_num_hidden_layers": 1,
            "mit_num_attention_heads": 2,
            "num_frames": 4,
        },
        text_config=texts(size),
        projection_dim=16,
        prompt_layers=1,
        prompt_num_attention_heads=2,
        prompt_alpha=0.5,
    )
    return transformers.XCLIPModel(config)


def prompted(output: str, frames: int | None) -> ModelSpec:
    window = {"layout": "NTCHW", "frames": frames} if frames else {}
    return ModelSpec.model_validate(
        {
            "name": "tiny",
            "category": "classification",
            "task": "classification",
            "memory_estimate_mb": 10,
            "priority": "low",
            "purpose": "Is small.",
            "source": REPOSITORY,
            "license": "MIT",
            "input": {"name": "pixel_values", "width": 32, "height": 32, "resize": "stretch"}
            | window,
            "outputs": [{"name": output, "dims": [-1], "meaning": "per prompt"}],
            "prompts": PROMPTS,
        }
    )


def publish_words(place: Place) -> None:
    """What a repository of such a model has besides its weights."""
    pieces, merges = vocabulary()
    place.publish("vocab.json", json.dumps(pieces).encode())
    place.publish("merges.txt", "\n".join(["#version: 0.2", *merges]).encode())
    place.source = Source(
        repository=REPOSITORY,
        builder=Builder.TEXT,
        files=("config.json", "vocab.json", "merges.txt"),
    )
