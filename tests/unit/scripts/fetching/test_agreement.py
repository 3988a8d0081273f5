"""Tensors and labels against the catalogue's rows."""

import pytest

from backend.enrichment import catalog
from backend.enrichment.model_spec import ModelSpec
from scripts.fetching.agreement import Port, check_labels, check_ports, plain
from scripts.fetching.errors import WrongRow

SPECS = catalog.load()
PICTURES = Port("pixel_values", "FP32", (None, 3, 224, 224))


def check(spec: ModelSpec, *outputs: Port, picture: Port = PICTURES) -> None:
    check_ports([picture], list(outputs), spec.inputs, spec.outputs)


def test_the_row_s_tensors_are_agreed_with() -> None:
    check(SPECS["weather-classification"], Port("logits", "FP32", (None, 5)))
    # An exporter that does not know a length says so, and the comparison finds it out.
    check(SPECS["weather-classification"], Port("logits", "FP32", (None, None)))


@pytest.mark.parametrize(
    "output",
    [
        Port("scores", "FP32", (None, 5)),
        Port("logits", "INT64", (None, 5)),
        Port("logits", "FP32", (None, 6)),
        Port("logits", "FP32", (None, 5, 1)),
        Port("logits", "FP32", (1, 5)),
    ],
    ids=["name", "type", "length", "axes", "one picture alone"],
)
def test_every_difference_of_a_tensor_is_refused_with_both(output: Port) -> None:
    with pytest.raises(WrongRow, match=r"its outputs are .* the catalogue's logits FP32 \[\?, 5\]"):
        check(SPECS["weather-classification"], output)


def test_both_sides_are_named_at_once() -> None:
    with pytest.raises(WrongRow, match=r"inputs are x .*outputs are y"):
        check(
            SPECS["weather-classification"],
            Port("y", "FP32", (None, 5)),
            picture=Port("x", "FP32", (None, 3, 224, 224)),
        )


def test_an_output_too_many_is_refused() -> None:
    logits = Port("logits", "FP32", (None, 5))
    with pytest.raises(WrongRow):
        check(SPECS["weather-classification"], logits, Port("hidden", "FP32", (None, 5)))


def named(*labels: str) -> dict[int, str]:
    return dict(enumerate(labels))


def test_labels_agree_whatever_their_case_and_punctuation() -> None:
    weather = named("cloudy/overcast", "Foggy/Hazy", "rain storm", "snow-frosty", "sun/clear")
    assert check_labels(SPECS["weather-classification"], weather, {})


def test_the_order_of_labels_counts_not_that_of_the_file() -> None:
    assert check_labels(SPECS["vit-gender-classifier"], {1: "male", 0: "female"}, {})
    with pytest.raises(WrongRow, match=r"\['male', 'female'\]; the catalogue lists \['female'"):
        check_labels(SPECS["vit-gender-classifier"], named("male", "female"), {})


def test_a_label_with_another_word_needs_an_alias() -> None:
    spec = SPECS["vit-age-classifier"]
    ages = named(*spec.labels[:-1], "more than 70")
    with pytest.raises(WrongRow, match="more than 70"):
        check_labels(spec, ages, {})
    assert check_labels(spec, ages, {"more than 70": "70+"})


def test_keypoints_named_by_the_letter_of_their_side_agree() -> None:
    short = [label.replace("left_", "L_").replace("right_", "R_") for label in
             SPECS["vitpose-small"].labels]  # fmt: skip
    assert check_labels(SPECS["vitpose-small"], named(*short), {})
    assert plain("L_Eye") == "left_eye"
    assert plain("lamp_broken") == "lamp_broken"


@pytest.mark.parametrize("labels", [None, named("LABEL_0", "LABEL_1"), named("class_0", "class1")])
def test_a_checkpoint_that_names_no_classes_is_not_said_to_agree(
    labels: dict[int, str] | None,
) -> None:
    assert not check_labels(SPECS["violence-detection"], labels, {})


def test_of_groups_of_many_classes_the_number_is_checked() -> None:
    breeds = {index: f"breed {index}" for index in range(1000)}
    assert check_labels(SPECS["pet-classifier"], breeds, {})
    del breeds[999]
    with pytest.raises(WrongRow, match="999 classes and its row 1000"):
        check_labels(SPECS["pet-classifier"], breeds, {})
