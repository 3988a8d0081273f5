"""The catalogue: complete, typed, and refused with every problem at once."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from backend.enrichment import catalog
from backend.enrichment.catalog import CatalogInvalid, parse
from backend.enrichment.model_spec import TaskName
from backend.enrichment.zoo.states import Priority
from scripts.document_catalog import DOCUMENT, render
from tests.processes import PROJECT

MODELS = catalog.load()

# Name, category, memory in MB and priority of every model.
TABLE = """
yolo11-license-plate            detection       300   medium
yolo11-face                     detection       200   medium
paddleocr                       ocr             100   medium
clip-vit-l                      embedding       800   medium
yolo-world-s                    detection       1500  medium
vitpose-small                   pose            1500  high
depth-anything-v2-small         depth           150   low
violence-detection              classification  500   high
weather-classification          classification  200   low
segformer-b2-clothes            segmentation    1500  high
xclip-base                      action          2000  low
fashion-clip                    classification  500   high
brisque-quality                 quality         0     medium
vehicle-segment-classification  classification  1500  medium
vehicle-damage-detection        detection       2000  medium
pet-classifier                  classification  200   medium
osnet-x0-25                     embedding       100   medium
threat-detection-yolov8n        detection       300   critical
vit-age-classifier              classification  200   high
vit-gender-classifier           classification  200   high
yolov8n-pose                    pose            200   high
"""

GOOD = """
[label_sets]
pets = ["dog", "cat"]
[models.pets]
category = "classification"
task = "classification"
memory_estimate_mb = 10
priority = "low"
purpose = "Tells pets apart."
source = "nobody/pets"
license = "MIT"
input = { name = "x", width = 8, height = 8, resize = "stretch" }
outputs = [{ name = "y", dims = [2], meaning = "logits" }]
labels = "pets"
"""


def problems(text: str) -> list[str]:
    with pytest.raises(CatalogInvalid) as caught:
        parse(text)
    return caught.value.problems


def test_it_has_the_twenty_one_models() -> None:
    rows = [
        (spec.name, spec.category, str(spec.memory_estimate_mb), spec.priority.name.lower())
        for spec in MODELS.values()
    ]
    assert rows == [tuple(line.split()) for line in TABLE.strip().splitlines()]
    assert all(name == spec.name and spec.enabled for name, spec in MODELS.items())


def test_every_task_has_a_model() -> None:
    assert {spec.task for spec in MODELS.values()} == set(TaskName)


def test_the_page_says_what_the_catalogue_says() -> None:
    assert (PROJECT / DOCUMENT).read_text() == render(), "run python -m scripts.document_catalog"


def test_a_row_is_a_frozen_value_in_bytes_and_priorities() -> None:
    spec = parse(GOOD)["pets"]
    assert spec.memory_estimate_bytes == 10 * 1_048_576
    assert spec.priority is Priority.LOW > Priority.CRITICAL
    assert spec.labels == ("dog", "cat")
    with pytest.raises(ValidationError, match="frozen"):
        spec.name = "cats"  # type: ignore[misc]


def test_a_model_that_takes_text_has_an_input_for_it() -> None:
    picture, prompts = MODELS["xclip-base"].inputs
    assert (picture.name, picture.dims) == ("pixel_values", (8, 3, 224, 224))
    assert (prompts.name, prompts.dims, prompts.data_type) == ("prompts", (-1,), "BYTES")
    (picture,) = MODELS["brisque-quality"].inputs
    assert (picture.dims, picture.data_type) == ((-1, -1, 3), "UINT8")


def test_every_problem_of_every_model_is_reported_at_once() -> None:
    broken = (
        GOOD.replace('license = "MIT"\n', "")
        .replace('"low"', '"urgent"')
        .replace("= 10", "= -1")
        .replace('"stretch"', '"squeeze"')
        .replace('labels = "pets"', 'labels = "pests"\ncolour = "red"')
    )
    other = GOOD.split("[models.pets]")[1].replace("dims = [2]", "dims = [3]")
    found = problems(f"extra = 1\n{broken}\n[models.others]\n{other}")
    assert sorted(line.split(": ")[:2] for line in found[1:]) == [
        ["others", "outputs have the dims [3]; the other fields ask for [2]."],
        ["pets", "colour"],
        ["pets", "input.resize"],
        ["pets", "labels"],
        ["pets", "license"],
        ["pets", "memory_estimate_mb"],
        ["pets", "priority"],
    ]
    assert found[0] == "The catalogue has an unknown table 'extra'."
    assert "pets: labels: there is no label set 'pests'." in found


@pytest.mark.parametrize(
    ("before", "after", "problem"),
    [
        ("dims = [2]", "dims = [3]", "the other fields ask for [2]"),
        ("width = 8", "width = 0", "0 where resize is none"),
        ("width = 8", "layout = 'NHWC', width = 8", "NHWC where resize is none"),
        ("width = 8", "frames = 4, width = 8", "frames goes with the layout NTCHW"),
        ('labels = "pets"', "", "needs labels, label_groups or prompts"),
        ('labels = "pets"', 'labels = "pets"\nprompts = ["a", "b"]', "labels or prompts, not both"),
        ('labels = "pets"', 'prompts = ["a"]', "at least two by default"),
        ('labels = "pets"', 'labels = "pets"\nalphabet = "ab"', "an alphabet goes with"),
        ("dims = [2]", "dims = [-1]", "at least 1, or -1 for as many as there are prompts"),
        ('task = "classification"', 'task = "pose"', "two axes or a map for each keypoint"),
        ('"low"', '"urgent"', "'urgent' is none of critical, high, medium, low"),
        ('task = "classification"', 'task = "depth"', "a map of height and width"),
        ('task = "classification"', 'task = "detection"', "ask for [6, 1]"),
        ('task = "classification"', 'task = "ocr"', "an alphabet goes with"),
        ('task = "classification"', 'task = "segmentation"', "the axes class, height and width"),
        ('task = "classification"', 'task = "open_vocabulary"', "needs prompts"),
        ('task = "classification"', 'task = "action"', "frames goes with the task action"),
        (
            'labels = "pets"',
            "label_groups = [{ label = 'dog', first = 1, last = 2 }]",
            "dog is empty, past the last class or over another",
        ),
    ],
)
def test_what_must_agree_within_a_row_is_checked(before: str, after: str, problem: str) -> None:
    text = GOOD.replace(before, after)
    if "detection" in after:
        text = text.replace("width = 8, height = 8", "width = 8, height = 15")
    found = problems(text)
    assert any(problem in line and line.startswith("pets: ") for line in found), found


def test_a_file_that_is_missing_or_no_toml_or_empty_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CatalogInvalid, match="cannot be read"):
        catalog.load(tmp_path / "none.toml")
    assert problems("models = [")[0].startswith("The catalogue is not TOML")
    assert problems("") == ["The catalogue has no models."]
    assert problems("models = { a = 1 }")[0].startswith("a: the row: ")
