"""Which files a stand-in has, and what becomes of those that are there."""

import json
from pathlib import Path

import pytest

from backend.enrichment.catalog import load
from scripts.zoo_models import standins
from scripts.zoo_models.standins import Action

CATALOG = {name: spec for name, spec in load().items() if name != "brisque-quality"}
FACE = CATALOG["yolo11-face"]


@pytest.mark.parametrize("name", CATALOG)
def test_a_stand_in_cannot_be_mistaken_for_the_real_model(name: str) -> None:
    files = standins.files_of(CATALOG[name], "cpu")
    assert 'key: "weights", value: { string_value: "stand-in" }' in files["config.pbtxt"].decode()
    provenance = json.loads(files["provenance.json"])
    assert (provenance["name"], provenance["weights"]) == (name, "stand-in")
    assert "learnt nothing" in provenance["what"]


@pytest.mark.parametrize("name", CATALOG)
def test_at_rest_it_holds_most_of_the_estimate_and_leaves_the_rest_to_requests(name: str) -> None:
    spec = CATALOG[name]
    assert 0.86 <= standins.resident_mb(spec) / spec.memory_estimate_mb <= 0.995


def test_two_models_are_two_networks() -> None:
    seeds = {
        line
        for spec in CATALOG.values()
        for line in standins.files_of(spec, "cpu")["config.pbtxt"].decode().splitlines()
        if '"seed"' in line
    }
    assert len(seeds) == len(CATALOG)


def test_pictures_that_are_small_come_in_batches() -> None:
    assert standins.max_batch_size(CATALOG["osnet-x0-25"]) == 4
    assert standins.max_batch_size(FACE) == 1


def test_what_is_missing_is_written_and_then_up_to_date(tmp_path: Path) -> None:
    files = standins.files_of(FACE, "cpu")
    place = tmp_path / FACE.name
    assert standins.action(place, files) is Action.WRITE
    standins.write(tmp_path, FACE.name, files)
    assert standins.action(place, files) is Action.NOTHING
    (place / "1/__pycache__").mkdir()
    (place / "1/__pycache__/network.pyc").touch()
    assert standins.action(place, files) is Action.NOTHING


@pytest.mark.parametrize(
    "path", ["config.pbtxt", "1/model.py", "1/network.py", "provenance.json", "1/more.py"]
)
def test_a_stand_in_that_differs_is_renewed(tmp_path: Path, path: str) -> None:
    files = standins.files_of(FACE, "cpu")
    standins.write(tmp_path, FACE.name, files)
    with (tmp_path / FACE.name / path).open("a") as file:
        file.write("# older\n")
    assert standins.action(tmp_path / FACE.name, files) is Action.RENEW


@pytest.mark.parametrize("weights", [None, f"sha256:{'0' * 64}"])
def test_files_that_are_no_stand_in_s_are_left_alone(tmp_path: Path, weights: str | None) -> None:
    config = f'parameters {{ key: "weights", value: {{ string_value: "{weights}" }} }}'
    (tmp_path / "config.pbtxt").write_text(config if weights else "")
    assert standins.action(tmp_path, standins.files_of(FACE, "cpu")) is Action.KEEP_REAL


def test_a_stand_in_says_whose_memory_it_fills(tmp_path: Path) -> None:
    assert standins.device_of(tmp_path / "nowhere") == "cpu"
    for device in standins.DEVICES:
        standins.write(tmp_path, FACE.name, standins.files_of(FACE, device))
        assert standins.device_of(tmp_path / FACE.name) == device
