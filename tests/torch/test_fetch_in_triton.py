"""Fetched models in the real Triton: what it answers is what PyTorch computes."""

import json
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from scripts.fetching.served.clip_tokenizer import ClipTokenizer
from scripts.fetching.sources import Builder, Source
from tests.torch.embedded_triton import PROJECT, TOKEN, embedded_triton, needs_launcher, opened
from tests.torch.fetch_place import new_place
from tests.torch.tiny_networks import REPOSITORY, vit
from tests.torch.tiny_texts import LENGTH, PROMPTS, clip, prompted, publish_words, vocabulary

pytestmark = needs_launcher


@pytest.fixture(scope="module")
def fetched(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """A repository with a model of pictures and one of prompts, and both as PyTorch has them."""
    made: dict[str, Any] = {}
    with new_place(tmp_path_factory.mktemp("fetched")) as place:
        place.source = Source(repository=REPOSITORY, builder=Builder.TRANSFORMERS)
        pictures = vit(name="pictures")
        place.publish_network(pictures.module)
        place.fetch(pictures.spec)
        made["pictures"] = pictures.module.eval()
        made["prompts"] = clip(len(vocabulary()[0])).eval()
        publish_words(place)
        place.publish_network(made["prompts"])
        place.lock.unlink()
        place.fetch(prompted("logits_per_image", None).model_copy(update={"name": "prompts"}))
        return place.models, made


@pytest.fixture(scope="module")
def triton(
    fetched: tuple[Path, dict[str, Any]], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    settings = {
        "FRAMEGATE_TRITON_REPOSITORIES": f"{PROJECT / 'triton_models'},{fetched[0]}",
        "FRAMEGATE_QUALITY_MODEL": "capture_quality",
    }
    with embedded_triton(tmp_path_factory.mktemp("triton"), settings) as address:
        for model in ("pictures", "prompts"):
            url = f"{address}/v2/repository/models/{model}/load"
            opened(urllib.request.Request(url, data=b"{}", headers={"triton-control": TOKEN}))
        yield address


def infer(triton: str, model: str, *inputs: dict[str, Any]) -> NDArray[np.float32]:
    body = json.dumps({"inputs": inputs}).encode()
    request = urllib.request.Request(f"{triton}/v2/models/{model}/infer", data=body)
    (output,) = json.loads(opened(request))["outputs"]
    answer: NDArray[np.float32] = np.array(output["data"], np.float32).reshape(output["shape"])
    return answer


def picture_input(pictures: NDArray[np.float32]) -> dict[str, Any]:
    shape, data = list(pictures.shape), pictures.ravel().tolist()
    return {"name": "pixel_values", "shape": shape, "datatype": "FP32", "data": data}


@pytest.mark.parametrize("count", [1, 3, 8])
def test_pictures_are_answered_as_pytorch_answers_them(
    triton: str, fetched: tuple[Path, dict[str, Any]], count: int
) -> None:
    pictures = np.random.default_rng(5).standard_normal((count, 3, 32, 32), dtype=np.float32)
    with torch.inference_mode():
        expected = fetched[1]["pictures"](torch.from_numpy(pictures)).logits.numpy()
    got = infer(triton, "pictures", picture_input(pictures))
    np.testing.assert_allclose(got, expected, atol=1e-3 * np.ptp(expected))


def test_prompts_go_in_as_text(triton: str, fetched: tuple[Path, dict[str, Any]]) -> None:
    models, made = fetched
    pictures = np.random.default_rng(5).standard_normal((2, 3, 32, 32), dtype=np.float32)
    asked = [*PROMPTS, "Größe 漢"]
    prompts = {
        "name": "prompts",
        "shape": [2, len(asked)],
        "datatype": "BYTES",
        "data": [*asked, *asked],
    }
    got = infer(triton, "prompts", picture_input(pictures), prompts)
    folder = models / "prompts/1"
    tokenizer = ClipTokenizer(folder / "vocab.json", folder / "merges.txt", LENGTH)
    numbers = torch.tensor([tokenizer.encode(prompt) for prompt in asked])
    with torch.inference_mode():
        given = made["prompts"](input_ids=numbers, pixel_values=torch.from_numpy(pictures))
    expected = given.logits_per_image.numpy()
    np.testing.assert_allclose(got, expected, atol=1e-3 * np.ptp(expected))


def test_the_server_says_which_weights_these_are(
    triton: str, fetched: tuple[Path, dict[str, Any]]
) -> None:
    config = json.loads(opened(f"{triton}/v2/models/pictures/config"))
    provenance = json.loads((fetched[0] / "pictures/provenance.json").read_text())
    assert config["parameters"]["weights"]["string_value"] == provenance["weights"]
    assert provenance["weights"].startswith("sha256:")
