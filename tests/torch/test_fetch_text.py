"""Models that take prompts: fetched, and answered by the program that runs inside Triton."""

import importlib.util
import json
import sys
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers
from numpy.typing import NDArray

from backend.enrichment.model_spec import ModelSpec
from scripts.fetching.errors import NotFetchable
from scripts.fetching.served.clip_tokenizer import ClipTokenizer
from tests.torch.fetch_place import Place, new_place
from tests.torch.tiny_networks import REPOSITORY
from tests.torch.tiny_texts import LENGTH, PROMPTS, clip, prompted, publish_words, vocabulary, xclip

FAMILIES = [
    pytest.param(clip, "logits_per_image", None, id="clip"),
    pytest.param(xclip, "logits_per_video", 4, id="xclip"),
]


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with new_place(tmp_path) as made:
        publish_words(made)
        yield made


def library_s_tokenizer(place: Place, folder: Path) -> Callable[[str], list[int]]:
    folder.mkdir()
    for name in ("vocab.json", "merges.txt"):
        (folder / name).write_bytes(place.hub.files[f"{REPOSITORY}/{name}"])
    made = transformers.CLIPTokenizer.from_pretrained(folder, model_max_length=LENGTH)

    def encode(text: str) -> list[int]:
        numbers: list[int] = made(text, padding="max_length", truncation=True)["input_ids"]
        return numbers

    return encode


@pytest.mark.parametrize(
    "text",
    [
        *PROMPTS,
        "",
        "  A\tHoodie\n",
        "24/7!!! don't, we'll've it's",
        "Größe: naïve café 漢字 ½ ٣",
        "emoji 🦺 and … dashes – here",
        "hood " * 40,
    ],
)
def test_prompts_become_the_numbers_that_the_library_s_tokenizer_gives(
    place: Place, tmp_path: Path, text: str
) -> None:
    expected = library_s_tokenizer(place, tmp_path / "files")(text)
    own = ClipTokenizer(tmp_path / "files/vocab.json", tmp_path / "files/merges.txt", LENGTH)
    assert own.encode(text) == expected


@pytest.mark.parametrize(("family", "output", "frames"), FAMILIES)
def test_a_model_of_prompts_answers_inside_triton_s_program_as_the_library_does(
    place: Place,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    family: Callable[[int], Any],
    output: str,
    frames: int | None,
) -> None:
    module = family(len(vocabulary()[0]))
    place.publish_network(module)
    spec = prompted(output, frames)
    place.fetch(spec)
    folder = place.folder
    assert sorted(path.name for path in (folder / "1").iterdir()) == [
        "clip_tokenizer.py", "merges.txt", "model.onnx", "model.py", "text.onnx", "vocab.json",
    ]  # fmt: skip
    config = (folder / "config.pbtxt").read_text()
    assert 'backend: "python"' in config
    assert 'name: "prompts", data_type: TYPE_STRING' in config
    served = served_model(folder, spec, monkeypatch)
    pictures = np.random.default_rng(3).standard_normal(
        (2, *spec.input.tensor.dims), dtype=np.float32
    )
    # Each picture of a batch may be asked something else.
    asked = [list(PROMPTS), [PROMPTS[2], "a dark hoodie", "running"]]
    got = served(pictures, np.array([[p.encode() for p in row] for row in asked], object))
    encode = library_s_tokenizer(place, tmp_path / "files")
    module.eval()
    for picture, prompts, answer in zip(pictures, asked, got, strict=True):
        with torch.inference_mode():
            given = module(
                input_ids=torch.tensor([encode(prompt) for prompt in prompts]),
                pixel_values=torch.from_numpy(picture[None]),
            )
        expected = getattr(given, output)[0].numpy()
        assert np.ptp(expected) > 0
        np.testing.assert_allclose(answer, expected, atol=1e-3 * np.ptp(expected))


def served_model(
    folder: Path, spec: ModelSpec, monkeypatch: pytest.MonkeyPatch
) -> Callable[[NDArray[np.float32], NDArray[np.object_]], NDArray[np.float32]]:
    """The folder's own program, called as Triton calls it."""

    class Tensor:
        def __init__(self, name: str, array: NDArray[Any]) -> None:
            self.name, self._array = name, array

        def as_numpy(self) -> NDArray[Any]:
            return self._array

    class Response:
        def __init__(self, tensors: list[Tensor], error: object = None) -> None:
            self.tensors, self.error = tensors, error

    played = types.ModuleType("triton_python_backend_utils")
    vars(played).update(
        Tensor=Tensor,
        InferenceResponse=Response,
        get_input_tensor_by_name=lambda request, name: request[name],
    )
    monkeypatch.setitem(sys.modules, played.__name__, played)
    monkeypatch.delitem(sys.modules, "clip_tokenizer", raising=False)
    monkeypatch.syspath_prepend(str(folder / "1"))
    described = importlib.util.spec_from_file_location("served_model", folder / "1/model.py")
    assert described is not None
    assert described.loader is not None
    code = importlib.util.module_from_spec(described)
    described.loader.exec_module(code)
    model = code.TritonPythonModel()
    ports = [{"name": tensor.name} for tensor in spec.inputs]
    config = {"input": ports, "output": [{"name": spec.outputs[0].name}]}
    model.initialize(
        {
            "model_repository": str(folder),
            "model_version": "1",
            "model_config": json.dumps(config),
        }
    )

    def infer(pictures: NDArray[np.float32], prompts: NDArray[np.object_]) -> NDArray[np.float32]:
        request = {
            "pixel_values": Tensor("pixel_values", pictures),
            "prompts": Tensor("prompts", prompts),
        }
        (response,) = model.execute([request])
        assert response.error is None
        (tensor,) = response.tensors
        answer: NDArray[np.float32] = tensor.as_numpy()
        return answer

    return infer


def test_a_model_of_prompts_is_not_fetched_for_a_gpu(place: Place) -> None:
    with pytest.raises(NotFetchable, match="on the CPU alone"):
        place.fetch(prompted("logits_per_image", None), kind="KIND_GPU")
    assert place.hub.seen == []
