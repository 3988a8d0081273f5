"""Transformers' networks of each kind: opened from a folder, asked, exported."""

import sys
import types
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers

from scripts.fetching import graph
from scripts.lifecycle import making, networks
from scripts.lifecycle.kinds import ARCHITECTURES, Kind
from tests.torch.lifecycle_models import tiny


@pytest.mark.parametrize("kind", Kind)
def test_the_onnx_graph_of_each_kind_answers_as_the_network_does(
    kind: Kind, tmp_path: Path
) -> None:
    model = tiny(kind, tmp_path / "network")
    version = tmp_path / "1"
    version.mkdir()
    ports = making.export(kind, str(model.folder), str(version))
    given = np.load(version / "input.npy")
    network = networks.Asked(kind, networks.opened(kind, model.folder)).eval()
    with torch.inference_mode():
        answer = network(torch.from_numpy(given))
    expected = [one.numpy() for one in (answer if isinstance(answer, tuple) else (answer,))]
    found = graph.answers(graph.session(version / "model.onnx"), (given,))
    assert [tuple(port["dims"]) for port in ports["inputs"]] == [given.shape[1:]]
    assert [tuple(port["dims"]) for port in ports["outputs"]] == [e.shape[1:] for e in expected]
    assert len(found) == (2 if kind is Kind.DETECTION else 1)
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-3 * np.ptp(other))


@pytest.mark.parametrize("kind", Kind)
def test_the_architectures_are_those_of_transformers(kind: Kind) -> None:
    how = ARCHITECTURES[kind]
    config = getattr(transformers, how.config)(**how.told)
    with torch.device("meta"):  # its shapes without its weights
        network = getattr(transformers, how.network)(config)
    millions = sum(weight.numel() for weight in network.parameters()) / 1e6
    published = {
        Kind.EMBEDDING: 22.7,  # all-MiniLM-L6-v2
        Kind.TEXT_GENERATION: 81.9,  # distilgpt2
        Kind.VISION: 22.1,  # ViT-S/16
        Kind.DETECTION: 22.1,  # as ViT-S/16, with heads for classes and boxes
    }
    assert millions == pytest.approx(published[kind], rel=0.05 if kind is Kind.DETECTION else 0.01)


def test_a_picture_has_the_size_that_its_network_is_for(tmp_path: Path) -> None:
    model = tiny(Kind.DETECTION, tmp_path / "network")
    network = networks.Asked(Kind.DETECTION, networks.opened(Kind.DETECTION, model.folder))
    assert networks.example(network).shape == (1, 3, 32, 48)


def test_sentence_transformers_opens_its_own_folders_where_it_is_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = tiny(Kind.EMBEDDING, tmp_path / "network")
    inner = networks.opened(Kind.EMBEDDING, model.folder)

    class Opened(torch.nn.Module):
        def __init__(self, folder: str, **told: Any) -> None:
            super().__init__()
            assert told["local_files_only"]
            self.auto_model = inner

        def __getitem__(self, place: int) -> Any:
            return self

        def forward(self, text: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
            return {"sentence_embedding": self.auto_model(**text).last_hidden_state[:, 0]}

    package = types.ModuleType("sentence_transformers")
    package.__spec__ = ModuleSpec("sentence_transformers", None)
    package.SentenceTransformer = Opened  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "sentence_transformers", package)
    assert not isinstance(networks.opened(Kind.EMBEDDING, model.folder), Opened)
    (model.folder / "modules.json").write_text("[]")
    network = networks.Asked(Kind.EMBEDDING, networks.opened(Kind.EMBEDDING, model.folder))
    given = networks.example(network)
    with torch.inference_mode():
        expected = inner(input_ids=given).last_hidden_state[:, 0]
        torch.testing.assert_close(network(given), expected)
