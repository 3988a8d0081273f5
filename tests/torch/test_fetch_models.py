"""Models with random weights, fetched from a hub on this machine: what changes, and what stays."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import onnx
import pytest
import safetensors.torch

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
from scripts.fetching.sources import Builder, Source
from scripts.fetching.stream import Hub
from tests.hub import COMMIT
from tests.torch.fetch_place import Place, new_place, pickled
from tests.torch.tiny_networks import REPOSITORY, resnet, row, vit


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with new_place(tmp_path) as made:
        yield made


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


def test_without_a_network_one_sentence_is_said_and_no_other_model_is_tried(
    place: Place, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr("scripts.fetching.hub.PAUSES_S", ())
    spec = vit().spec
    names = ("first", "second")
    specs = {name: spec.model_copy(update={"name": name}) for name in names}
    nobody = Hub("http://127.0.0.1:9")
    options = replace(place.options, names=names, hub=nobody)
    assert fetch_models.run(options, specs, dict.fromkeys(names, place.source)) == 1
    shown = " ".join(capsys.readouterr().out.split())
    assert shown.count("cannot be reached") == 1
    assert "second" not in shown
