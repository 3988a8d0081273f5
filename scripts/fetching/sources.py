"""Reads sources.toml: where a model's weights come from, and how its network is built."""

import tomllib
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

SOURCES = Path(__file__).with_name("sources.toml")


class Builder(StrEnum):
    """What makes a network of weights."""

    TRANSFORMERS = "transformers"
    TIMM_VIT = "timm_vit"
    OSNET = "osnet"
    YOLO = "yolo"
    TEXT = "text"  # a model of pictures and prompts, with its tokenizer
    ONNX = "onnx"  # a file that somebody gives
    NONE = "none"


class Source(BaseModel):
    """One model's.

    Attributes:
        revision: a full commit; None for main's at the first fetch.
        weights: names of files, the best first.
        files: what is needed besides.
        aliases: a label of the checkpoint → the catalogue's word for it.
        refusal: why a model is not to be had from the hub; a sentence's end.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    repository: str = Field("", pattern=r"^([\w.-]+/[\w.-]+)?$")
    revision: str | None = Field(None, pattern=r"^[0-9a-f]{40}$")
    builder: Builder
    weights: tuple[str, ...] = ("model.safetensors", "pytorch_model.bin")
    files: tuple[str, ...] = ("config.json",)
    aliases: Mapping[str, str] = {}
    refusal: str = ""


def load(path: Path = SOURCES) -> dict[str, Source]:
    """Sources by the model's name."""
    document = tomllib.loads(path.read_text(encoding="utf-8"))
    return {name: Source.model_validate(row) for name, row in document["models"].items()}
