"""YOLO checkpoints, with a package of a few lines in the place of the real one."""

import os
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from scripts.fetching.errors import NotFetchable, WrongNetwork, WrongRow
from scripts.fetching.fetching import Outcome
from scripts.fetching.sources import Builder, Source
from tests.torch.fetch_place import Place, new_place, pickled, served
from tests.torch.tiny_networks import REPOSITORY, row, vit

SPEC = row((32, 32), "output0", (6, 16), task="detection", labels=("gun", "knife"))


class Head(nn.Module):
    """Answers otherwise while it is trained, as the real ones do."""

    export = False

    def forward(self, maps: Tensor) -> Any:
        answer = maps.flatten(2).sigmoid()
        return answer if self.export else (answer, [maps])


class DetectionModel(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.model = nn.Sequential(nn.Conv2d(3, 6, 8, stride=8), Head())
        self.names = {0: "Gun", 1: "Knife"}

    def fuse(self) -> "DetectionModel":
        return self

    def forward(self, pixels: Tensor) -> Any:
        return self.model(pixels)


@pytest.fixture(autouse=True)
def package(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a checkpoint names its classes after."""
    for name in ("ultralytics", "ultralytics.nn", "ultralytics.nn.tasks"):
        monkeypatch.setitem(sys.modules, name, types.ModuleType(name))
    tasks = sys.modules["ultralytics.nn.tasks"]
    for layer in (Head, DetectionModel):
        monkeypatch.setattr(layer, "__module__", tasks.__name__)
        setattr(tasks, layer.__name__, layer)
    monkeypatch.setattr("scripts.fetching.yolo.find_spec", lambda name: tasks)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with new_place(tmp_path) as made:
        made.source = Source(
            repository=REPOSITORY, builder=Builder.YOLO, weights=("best.pt",), files=()
        )
        yield made


def test_a_checkpoint_of_layers_and_numbers_is_fetched(place: Place) -> None:
    network = DetectionModel()
    content = {"model": network.half(), "ema": None, "best_fitness": np.float64(0.5)}
    place.publish("best.pt", pickled(content), large=True)
    assert place.fetch(SPEC) == Outcome.FETCHED
    assert place.provenance["labels_checked"] is True
    pictures = np.random.default_rng(3).standard_normal((2, 3, 32, 32), dtype=np.float32)
    network.float()
    with torch.inference_mode():
        expected = network(torch.from_numpy(pictures))[0].numpy()
    np.testing.assert_allclose(served(place.folder, pictures), expected, atol=1e-3)


def test_other_classes_than_the_catalogue_s_are_refused(place: Place) -> None:
    network = DetectionModel()
    network.names = {0: "knife", 1: "gun"}
    place.publish("best.pt", pickled({"model": network}))
    with pytest.raises(WrongRow, match=r"\['knife', 'gun'\]"):
        place.fetch(SPEC)


class Attack:
    """What a pickle calls when it is read."""

    def __init__(self, target: Path) -> None:
        self._target = target

    def __reduce__(self) -> Any:
        return os.mkdir, (str(self._target),)


def test_a_checkpoint_that_would_run_code_is_refused_and_nothing_runs(
    place: Place, tmp_path: Path
) -> None:
    place.publish("best.pt", pickled({"model": Attack(tmp_path / "was-here")}))
    with pytest.raises(WrongNetwork, match=r"names posix\.mkdir, which is no layer"):
        place.fetch(SPEC)
    assert not (tmp_path / "was-here").exists()


@pytest.mark.parametrize("content", [b"no checkpoint", pickled([1]), pickled({"model": None})])
def test_what_holds_no_network_is_refused(place: Place, content: bytes) -> None:
    place.publish("best.pt", content)
    with pytest.raises(WrongNetwork, match=r"best\.pt"):
        place.fetch(SPEC)


def test_without_the_package_it_is_refused_before_a_byte_is_fetched(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scripts.fetching.yolo.find_spec", lambda name: None)
    with pytest.raises(NotFetchable, match=r"AGPL-3\.0.*pip install ultralytics.*--file"):
        place.fetch(vit().spec)
    assert place.hub.seen == []
