"""Files that somebody has already, in place of a download."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from backend.enrichment.model_spec import PictureInput
from backend.enrichment.model_spec import Tensor as Port
from scripts.fetching import graph
from scripts.fetching.errors import NotFetchable, WrongNetwork
from scripts.fetching.fetching import Outcome
from scripts.fetching.sources import Builder, Source
from tests.torch.fetch_place import Place, new_place, served
from tests.torch.tiny_networks import row, vit


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with new_place(tmp_path) as made:
        yield made


def test_of_an_onnx_file_that_somebody_gives_the_names_become_the_row_s(
    place: Place, tmp_path: Path
) -> None:
    spec = row((8, 8), "probabilities", (40, 97), input=PictureInput(
        name="x", width=8, height=8, resize="stretch"))  # fmt: skip
    place.source = Source(builder=Builder.ONNX, refusal="it needs a file")
    file = tmp_path / "export.onnx"
    module = torch.nn.Sequential(
        torch.nn.Flatten(), torch.nn.Linear(192, 40 * 97), torch.nn.Unflatten(1, (40, 97))
    )
    port = Port(name="softmax_0.tmp_0", dims=(40, 97), meaning="an answer")
    image = Port(name="image", dims=(3, 8, 8), meaning="a picture")
    graph.export(module, file, (image,), (port,), (np.zeros((2, 3, 8, 8), np.float32),))
    assert place.fetch(spec, file=file) == Outcome.FETCHED
    pictures = np.random.default_rng(3).standard_normal((2, 3, 8, 8), dtype=np.float32)
    expected = module(torch.from_numpy(pictures)).detach().numpy()
    np.testing.assert_allclose(served(place.folder, pictures), expected, atol=1e-5)
    assert place.provenance["source"]["address"] == "file export.onnx"
    assert place.provenance["comparison"]["against"].startswith("itself")
    with pytest.raises(NotFetchable, match="needs a file"):
        place.fetch(spec, force=True)


def test_a_file_that_is_of_no_use_is_refused(place: Place, tmp_path: Path) -> None:
    file = tmp_path / "export.onnx"
    with pytest.raises(NotFetchable, match=r"export\.onnx cannot be read"):
        place.fetch(vit().spec, file=file)
    file.write_bytes(b"no graph")
    with pytest.raises(WrongNetwork, match="no whole ONNX file"):
        place.fetch(vit().spec, file=file)
    with pytest.raises(NotFetchable, match="prompts as text"):
        place.fetch(vit(labels=(), prompts=("a", "b")).spec, file=file)
    with pytest.raises(NotFetchable, match="ONNX export alone"):
        place.fetch(vit().spec, file=tmp_path / "weights.pth")
