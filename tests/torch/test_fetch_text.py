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
import requests
import torch
import transformers
from numpy.typing import NDArray
from tokenizers.pre_tokenizers import ByteLevel

from backend.enrichment.model_spec import ModelSpec
from scripts.fetching import fetching
from scripts.fetching.errors import NotFetchable
from scripts.fetching.options import Options
from scripts.fetching.progress import Lines
from scripts.fetching.served.clip_tokenizer import ClipTokenizer
from scripts.fetching.sources import Builder, Source
from scripts.fetching.stream import Hub
from tests.hub import PlayedHub, played_hub

REPOSITORY = "owner/model"
PROMPTS = ("a dark hoodie", "a high-visibility vest", "somebody's mask, 2 of them")
LENGTH = 24
SIGHT = {
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 64,
    "image_size": 32,
    "patch_size": 8,
}


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


def row(output: str, frames: int | None) -> ModelSpec:
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


FAMILIES = [
    pytest.param(clip, "logits_per_image", None, id="clip"),
    pytest.param(xclip, "logits_per_video", 4, id="xclip"),
]


@pytest.fixture
def hub() -> Iterator[PlayedHub]:
    torch.manual_seed(3)
    with played_hub() as played:
        pieces, merges = vocabulary()
        played.files |= {
            f"{REPOSITORY}/vocab.json": json.dumps(pieces).encode(),
            f"{REPOSITORY}/merges.txt": "\n".join(["#version: 0.2", *merges]).encode(),
        }
        yield played


def publish(hub: PlayedHub, module: Any, folder: Path) -> None:
    module.save_pretrained(folder)
    for name in ("config.json", "model.safetensors"):
        hub.files[f"{REPOSITORY}/{name}"] = (folder / name).read_bytes()


def fetch(hub: PlayedHub, spec: ModelSpec, folder: Path, kind: Any = "KIND_CPU") -> None:
    options = Options(
        names=("tiny",),
        list_only=False,
        repository=folder / "models",
        downloads=folder / "downloads",
        hub=Hub(hub.address),
        keep_downloads=False,
        force=False,
        file=None,
        kind=kind,
        lock=folder / "lock.toml",
    )
    source = Source(
        repository=REPOSITORY,
        builder=Builder.TEXT,
        files=("config.json", "vocab.json", "merges.txt"),
    )
    with requests.Session() as session:
        session.trust_env = False
        fetching.fetch(spec, source, options, session, Lines())


def library_s_tokenizer(hub: PlayedHub, folder: Path) -> Callable[[str], list[int]]:
    folder.mkdir()
    for name in ("vocab.json", "merges.txt"):
        (folder / name).write_bytes(hub.files[f"{REPOSITORY}/{name}"])
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
    hub: PlayedHub, tmp_path: Path, text: str
) -> None:
    expected = library_s_tokenizer(hub, tmp_path / "files")(text)
    own = ClipTokenizer(tmp_path / "files/vocab.json", tmp_path / "files/merges.txt", LENGTH)
    assert own.encode(text) == expected


@pytest.mark.parametrize(("family", "output", "frames"), FAMILIES)
def test_a_model_of_prompts_answers_inside_triton_s_program_as_the_library_does(
    hub: PlayedHub,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    family: Callable[[int], Any],
    output: str,
    frames: int | None,
) -> None:
    module = family(len(vocabulary()[0]))
    publish(hub, module, tmp_path / "published")
    spec = row(output, frames)
    fetch(hub, spec, tmp_path)
    folder = tmp_path / "models/tiny"
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
    encode = library_s_tokenizer(hub, tmp_path / "files")
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


def test_a_model_of_prompts_is_not_fetched_for_a_gpu(hub: PlayedHub, tmp_path: Path) -> None:
    with pytest.raises(NotFetchable, match="on the CPU alone"):
        fetch(hub, row("logits_per_image", None), tmp_path, "KIND_GPU")
    assert hub.seen == []
