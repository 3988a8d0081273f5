"""A hub, a repository of models, and what fetches from the one into the other."""

import io
import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import openvino
import requests
import torch
from numpy.typing import NDArray

from backend.enrichment.model_spec import ModelSpec
from scripts.fetching import fetching
from scripts.fetching.fetching import Outcome
from scripts.fetching.options import Options
from scripts.fetching.progress import Lines
from scripts.fetching.sources import Builder, Source
from scripts.fetching.stream import Hub
from tests.hub import PlayedHub, played_hub
from tests.torch.tiny_networks import REPOSITORY


class Place:
    """A hub, a repository of models, and what fetches from the one into the other."""

    def __init__(self, hub: PlayedHub, folder: Path) -> None:
        self.hub = hub
        self.models, self.downloads = folder / "models", folder / "downloads"
        self.lock = folder / "revisions.lock.toml"
        self.source = Source(repository=REPOSITORY, builder=Builder.TRANSFORMERS)
        self.options = Options(
            names=("tiny",),
            list_only=False,
            repository=self.models,
            downloads=self.downloads,
            hub=Hub(hub.address),
            keep_downloads=False,
            force=False,
            file=None,
            kind="KIND_CPU",
            lock=self.lock,
        )

    def publish(self, name: str, content: bytes, *, large: bool = False) -> None:
        self.hub.files[f"{REPOSITORY}/{name}"] = content
        if large:
            self.hub.large.add(f"{REPOSITORY}/{name}")

    def publish_network(self, module: Any, **config: Any) -> None:
        """As its authors would: with the names of tensors that the library writes, not its own."""
        with tempfile.TemporaryDirectory() as scratch:
            module.save_pretrained(scratch)
            described = json.loads(Path(scratch, "config.json").read_text()) | config
            self.publish("config.json", json.dumps(described).encode())
            weights = Path(scratch, "model.safetensors").read_bytes()
            self.publish("model.safetensors", weights, large=True)

    def fetch(self, spec: ModelSpec, **changed: Any) -> Outcome:
        with requests.Session() as session:
            session.trust_env = False
            options = replace(self.options, **changed)
            return fetching.fetch(
                spec, self.source, options, session, Lines(), sleep=lambda pause_s: None
            )

    @property
    def folder(self) -> Path:
        return self.models / "tiny"

    @property
    def provenance(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads((self.folder / "provenance.json").read_text())
        return document


@contextmanager
def new_place(folder: Path) -> Iterator[Place]:
    torch.manual_seed(7)
    with played_hub() as hub:
        yield Place(hub, folder)


def served(folder: Path, pictures: NDArray[np.float32]) -> NDArray[np.float32]:
    """What OpenVINO says, in which the embedded server computes."""
    options = {"INFERENCE_PRECISION_HINT": "f32"}
    compiled = openvino.Core().compile_model(str(folder / "1/model.onnx"), "CPU", options)
    answer: NDArray[np.float32] = compiled(pictures)[0]
    return answer


def pickled(content: object) -> bytes:
    buffer = io.BytesIO()
    torch.save(content, buffer)
    return buffer.getvalue()
