"""Models with random weights, fetched from a hub on this machine, converted, checked and read."""

import hashlib
import io
import json
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import openvino
import pytest
import requests
import safetensors.torch
import torch
import transformers
from numpy.typing import NDArray

from backend.enrichment.model_spec import Category, ModelSpec, PictureInput, TaskName
from backend.enrichment.model_spec import Tensor as Port
from scripts import fetch_models
from scripts.fetching import fetching, graph, installing, pins
from scripts.fetching.errors import (
    CannotWrite,
    FetchRunning,
    HubRefuses,
    NotFetchable,
    WrongAnswers,
    WrongNetwork,
    WrongRow,
)
from scripts.fetching.fetching import Outcome
from scripts.fetching.options import Options
from scripts.fetching.osnet import OsNet
from scripts.fetching.progress import Lines
from scripts.fetching.sources import Builder, Source
from scripts.fetching.stream import Hub
from tests.hub import COMMIT, PlayedHub, played_hub

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
    spec = row((32, 32), "logits", (3,), labels=("cat_big", "dog", "none"), **changed)
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


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with played_hub() as hub:
        yield Place(hub, tmp_path)


@pytest.fixture(autouse=True)
def seeded() -> None:
    torch.manual_seed(7)


def served(folder: Path, pictures: NDArray[np.float32]) -> NDArray[np.float32]:
    """What OpenVINO says, in which the embedded server computes."""
    options = {"INFERENCE_PRECISION_HINT": "f32"}
    compiled = openvino.Core().compile_model(str(folder / "1/model.onnx"), "CPU", options)
    answer: NDArray[np.float32] = compiled(pictures)[0]
    return answer


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


def test_what_is_installed_says_where_it_comes_from(place: Place) -> None:
    made = vit()
    place.publish_network(made.module)
    place.fetch(made.spec)
    weights = hashlib.sha256(place.hub.files[f"{REPOSITORY}/model.safetensors"]).hexdigest()
    onnx_file = (place.folder / "1/model.onnx").read_bytes()
    written = place.provenance
    assert written["weights"] == f"sha256:{weights}"
    assert written["source"]["address"] == f"{place.hub.address}/{REPOSITORY}"
    assert written["source"]["revision"] == COMMIT
    assert written["source"]["license"] == "mit"
    assert written["source"]["files"]["model.safetensors"] == weights
    assert set(written["source"]["files"]) == {"config.json", "model.safetensors"}
    assert written["onnx"]["sha256"] == hashlib.sha256(onnx_file).hexdigest()
    assert written["labels_checked"] is True
    assert written["comparison"]["batch_sizes"] == [1, 3]
    assert 0 <= written["comparison"]["difference_ratio"] <= 1e-3
    assert set(written["tools"]) >= {"torch", "transformers", "onnxruntime"}
    config = (place.folder / "config.pbtxt").read_text()
    assert 'backend: "onnxruntime"' in config
    assert "max_batch_size: 8" in config
    assert f'"weights", value: {{ string_value: "sha256:{weights}" }}' in config
    assert pins.read(place.lock)["tiny"].revision == COMMIT
    # What was fetched has done its service.
    assert not list(place.downloads.rglob("*.safetensors"))


def test_the_graph_is_one_that_the_server_s_runtimes_read(place: Place) -> None:
    made = vit()
    place.publish_network(made.module)
    place.fetch(made.spec)
    model = onnx.load(str(place.folder / "1/model.onnx"))
    assert model.ir_version == 8
    assert [(one.domain, one.version) for one in model.opset_import] == [("", 17)]


def test_a_stand_in_gives_way_and_a_real_one_stays(place: Place) -> None:
    made = vit()
    place.publish_network(made.module)
    (place.folder / "1").mkdir(parents=True)
    (place.folder / "provenance.json").write_text('{"weights": "stand-in"}')
    (place.folder / "1/model.py").write_text("a stand-in")
    assert place.fetch(made.spec) == Outcome.FETCHED
    assert not (place.folder / "1/model.py").exists()
    asked = len(place.hub.seen)
    assert place.fetch(made.spec) == Outcome.THERE
    assert len(place.hub.seen) == asked
    assert place.fetch(made.spec, force=True) == Outcome.FETCHED


def test_another_revision_replaces_what_is_there(place: Place) -> None:
    made = vit()
    place.publish_network(made.module)
    place.fetch(made.spec)
    other = place.provenance
    other["source"]["revision"] = "f" * 40
    (place.folder / "provenance.json").write_text(json.dumps(other))
    assert place.fetch(made.spec) == Outcome.FETCHED
    assert place.provenance["source"]["revision"] == COMMIT


def test_a_kept_download_is_not_fetched_twice(place: Place) -> None:
    made = vit()
    place.publish_network(made.module)
    place.fetch(made.spec, keep_downloads=True)
    asked = len(place.hub.ranges())
    place.fetch(made.spec, keep_downloads=True, force=True)
    assert len(place.hub.ranges()) == asked


def test_weights_that_fit_in_part_are_refused(place: Place) -> None:
    made = vit()
    place.publish_network(made.module)
    tensors = made.module.state_dict()
    del tensors["classifier.weight"]
    place.publish("model.safetensors", safetensors.torch.save(tensors))
    with pytest.raises(WrongNetwork, match=r"no fitting weights for 1 .*classifier\.weight"):
        place.fetch(made.spec)
    assert list(place.models.iterdir()) == []


def test_an_architecture_that_nobody_checked_is_refused_by_name(place: Place) -> None:
    made = vit()
    place.publish_network(made.module, architectures=["ViTForSomethingElse"])
    with pytest.raises(NotFetchable, match="ViTForSomethingElse; known are ViTForImage"):
        place.fetch(made.spec)


def test_other_labels_than_the_catalogue_s_are_refused_with_both_lists(place: Place) -> None:
    place.publish_network(vit().module)
    other = row((32, 32), "logits", (3,), labels=("dog", "cat_big", "none"))
    with pytest.raises(WrongRow, match=r"\['Cat/Big', 'dog', 'none'\]; .* \['dog', 'cat_big'"):
        place.fetch(other)
    assert not place.folder.exists()


def test_other_tensors_than_the_catalogue_s_are_refused(place: Place) -> None:
    place.publish_network(resnet().module)
    with pytest.raises(WrongRow, match=r"logits FP32 \[\?, 5\].*logits FP32 \[\?, 6\]"):
        place.fetch(row((32, 32), "logits", (6,)))


def test_a_graph_that_answers_otherwise_is_refused(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = vit()
    place.publish_network(made.module)
    answers = graph.answers
    monkeypatch.setattr(
        graph, "answers", lambda opened, arrays: [a + 0.01 for a in answers(opened, arrays)]
    )
    with pytest.raises(WrongAnswers, match="differ from those of PyTorch"):
        place.fetch(made.spec)
    assert not place.folder.exists()


def test_a_model_that_is_gone_or_closed_changes_nothing(place: Place) -> None:
    made = vit()
    with pytest.raises(HubRefuses, match="not there"):
        place.fetch(made.spec)
    place.publish_network(made.module)
    place.hub.fail(f"{REPOSITORY}/model.safetensors", 401)
    with pytest.raises(HubRefuses, match="HF_TOKEN"):
        place.fetch(made.spec)
    place.hub.files.pop(f"{REPOSITORY}/model.safetensors")
    with pytest.raises(NotFetchable, match=r"none of model\.safetensors, pytorch_model\.bin"):
        place.fetch(made.spec)
    assert not place.models.exists()


def test_ctrl_c_leaves_nothing_half_written_and_the_next_fetch_goes_on(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = vit()
    place.publish_network(made.module)

    def interrupt(*arguments: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(graph, "compare_with", interrupt)
        with pytest.raises(KeyboardInterrupt):
            place.fetch(made.spec)
    assert list(place.models.iterdir()) == []
    asked = len(place.hub.ranges())
    assert place.fetch(made.spec) == Outcome.FETCHED
    assert len(place.hub.ranges()) == asked


def test_a_disk_that_fills_up_changes_nothing(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = vit()
    place.publish_network(made.module)

    def full(*arguments: object, **named: object) -> str:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(installing, "config_text", full)
    with pytest.raises(CannotWrite, match="No space left on device"):
        place.fetch(made.spec)
    assert list(place.models.iterdir()) == []


def test_pickled_tensors_are_read_and_pickled_code_is_not(place: Place) -> None:
    made = vit()
    place.publish_network(made.module)
    place.hub.files.pop(f"{REPOSITORY}/model.safetensors")
    place.publish("pytorch_model.bin", pickled(made.module.state_dict()))
    assert place.fetch(made.spec) == Outcome.FETCHED
    place.publish("pytorch_model.bin", pickled({"classifier.weight": Path("anything")}))
    place.lock.unlink()
    with pytest.raises(WrongNetwork, match=r"pytorch_model\.bin"):
        place.fetch(made.spec, force=True)


def pickled(content: object) -> bytes:
    buffer = io.BytesIO()
    torch.save(content, buffer)
    return buffer.getvalue()


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


def test_two_fetches_at_once_do_not_mix(place: Place) -> None:
    with (
        fetching.alone(place.downloads),
        pytest.raises(FetchRunning, match="under way"),
        fetching.alone(place.downloads),
    ):
        pass


def test_one_that_is_refused_does_not_stop_the_others(
    place: Place, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    made = vit()
    place.publish_network(made.module)
    specs = {name: made.spec.model_copy(update={"name": name}) for name in ("gone", "tiny")}
    gone = Source(repository="owner/gone", builder=Builder.TRANSFORMERS)
    where = {"gone": gone, "tiny": place.source}
    options = replace(place.options, names=("gone", "tiny"))
    assert fetch_models.run(options, specs, where) == 1
    lines = capsys.readouterr().out.splitlines()
    assert any(line.startswith("gone") and "refused" in line for line in lines)
    assert any(line.startswith("tiny") and "fetched" in line for line in lines)
    assert fetch_models.run(replace(options, names=("tiny",)), specs, where) == 0
    assert "already there" in capsys.readouterr().out


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


def test_a_yolo_checkpoint_without_its_package_is_refused_before_a_byte_is_fetched(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scripts.fetching.yolo.find_spec", lambda name: None)
    place.source = Source(repository=REPOSITORY, builder=Builder.YOLO)
    with pytest.raises(NotFetchable, match=r"pip install ultralytics.*--file"):
        place.fetch(vit().spec)
    with pytest.raises(NotFetchable, match=r"AGPL-3\.0"):
        place.fetch(vit().spec)
    assert place.hub.seen == []
