"""Networks of each kind, fetched, converted, and read by what the embedded server computes in."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.torch
import torch
import transformers

from scripts.fetching.errors import WrongNetwork
from scripts.fetching.fetching import Outcome
from scripts.fetching.osnet import OsNet
from scripts.fetching.sources import Builder, Source
from tests.torch.fetch_place import Place, new_place, pickled, served
from tests.torch.tiny_networks import ALL, REPOSITORY, SIGHT, Tiny, clip, row, vitpose


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with new_place(tmp_path) as made:
        yield made


@pytest.mark.parametrize("tiny", ALL, ids=lambda tiny: tiny.__name__)
def test_an_architecture_answers_once_served_as_it_did_before(
    place: Place, tiny: Callable[[], Tiny]
) -> None:
    made = tiny()
    place.publish_network(made.module)
    assert place.fetch(made.spec) == Outcome.FETCHED
    pictures = np.random.default_rng(3).standard_normal(
        (5, *made.spec.input.tensor.dims), dtype=np.float32
    )
    asked: dict[str, Any] = {"pixel_values": torch.from_numpy(pictures)}
    inner = made.module.eval()
    if tiny is vitpose:
        asked["dataset_index"] = torch.zeros(5, dtype=torch.int64)
    with torch.inference_mode():
        if tiny is clip:  # the whole network gives it as a direction, its tower as it is
            expected = inner.get_image_features(asked["pixel_values"]).pooler_output.numpy()
        else:
            expected = getattr(inner(**asked), made.answer).numpy()
    got = served(place.folder, pictures)
    assert got.shape == (5, *made.spec.outputs[0].dims)
    assert np.ptp(expected) > 0
    np.testing.assert_allclose(got, expected, atol=1e-3 * np.ptp(expected))


def test_osnet_comes_out_of_its_checkpoint_without_the_persons_it_knew(place: Place) -> None:
    network = OsNet()
    settle(network)
    tensors = {f"module.{name}": tensor for name, tensor in network.state_dict().items()}
    tensors["module.classifier.weight"] = torch.zeros(4101, 512)
    place.publish("osnet.pth", pickled({"state_dict": tensors}))
    place.source = Source(
        repository=REPOSITORY, builder=Builder.OSNET, weights=("osnet.pth",), files=()
    )
    spec = row((256, 128), "embeddings", (512,))
    assert place.fetch(spec) == Outcome.FETCHED
    pictures = np.random.default_rng(3).standard_normal((2, 3, 256, 128), dtype=np.float32)
    with torch.inference_mode():
        expected = network(torch.from_numpy(pictures)).numpy()
    np.testing.assert_allclose(
        served(place.folder, pictures), expected, atol=1e-3 * np.ptp(expected)
    )
    place.publish("osnet.pth", pickled({"conv1.conv.weight": torch.zeros(16, 3, 7, 7)}))
    place.lock.unlink()
    with pytest.raises(WrongNetwork, match="not the tensors of OSNet"):
        place.fetch(spec, force=True)


def settle(network: torch.nn.Module) -> None:
    """Statistics as of a network that has seen pictures: not those that leave all as it is."""
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d | torch.nn.BatchNorm1d):
            module.running_mean.normal_(0, 0.1)
            module.running_var.uniform_(0.5, 1.5)


def test_osnet_has_the_published_number_of_weights() -> None:
    """0.2 million, as the paper's table of model sizes has it."""
    assert sum(weight.numel() for weight in OsNet().parameters()) == 201_864


def test_a_vision_transformer_with_timm_s_names_is_no_random_one(place: Place) -> None:
    """Held against Transformers' network of the same weights under its own names."""
    labels = {0: "non-violent", 1: "violent"}
    config = transformers.ViTConfig(
        **(SIGHT | {"hidden_size": 128}),
        qkv_bias=True,
        layer_norm_eps=1e-6,
        id2label=labels,
        label2id={},
    )
    other = transformers.ViTForImageClassification(config).eval()
    other.vit.embeddings.cls_token.data.normal_()
    names = timm_names(dict(other.state_dict()))
    place.publish("config.json", json.dumps(config.to_dict()).encode())
    place.publish("model.safetensors", safetensors.torch.save(names))
    place.source = Source(repository=REPOSITORY, builder=Builder.TIMM_VIT)
    spec = row((32, 32), "logits", (2,), labels=("non_violent", "violent"))
    assert place.fetch(spec) == Outcome.FETCHED
    assert place.provenance["labels_checked"] is True
    pictures = np.random.default_rng(3).standard_normal((4, 3, 32, 32), dtype=np.float32)
    with torch.inference_mode():
        expected = other(pixel_values=torch.from_numpy(pictures)).logits.numpy()
    np.testing.assert_allclose(
        served(place.folder, pictures), expected, atol=1e-3 * np.ptp(expected)
    )


def timm_names(tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The same tensors under the names that the library timm gives them."""
    renamed = {
        "cls_token": tensors["vit.embeddings.cls_token"],
        "pos_embed": tensors["vit.embeddings.position_embeddings"],
    }
    for kind in ("weight", "bias"):
        renamed[f"patch_embed.proj.{kind}"] = tensors[
            f"vit.embeddings.patch_embeddings.projection.{kind}"
        ]
        renamed[f"norm.{kind}"] = tensors[f"vit.layernorm.{kind}"]
        renamed[f"head.{kind}"] = tensors[f"classifier.{kind}"]
        for block in range(2):
            its = f"vit.layers.{block}"
            three = [tensors[f"{its}.attention.{one}_proj.{kind}"] for one in "qkv"]
            renamed[f"blocks.{block}.attn.qkv.{kind}"] = torch.cat(three)
            renamed[f"blocks.{block}.attn.proj.{kind}"] = tensors[f"{its}.attention.o_proj.{kind}"]
            renamed[f"blocks.{block}.norm1.{kind}"] = tensors[f"{its}.layernorm_before.{kind}"]
            renamed[f"blocks.{block}.norm2.{kind}"] = tensors[f"{its}.layernorm_after.{kind}"]
            for layer in ("fc1", "fc2"):
                renamed[f"blocks.{block}.mlp.{layer}.{kind}"] = tensors[f"{its}.mlp.{layer}.{kind}"]
    return renamed
