"""Text out of steps, blanks and repeats."""

from typing import Any

import numpy as np

from tests.unit.backend.enrichment.catalogue import MODELS, asked, picture

SPEC = MODELS["paddleocr"]
BLANK = "·"


def read(path: str, certainty: float = 1.0) -> dict[str, Any]:
    """The answer to a model that saw these characters, a step each, and blanks after them."""
    values = np.zeros((1, 40, 97), np.float32)
    for step, character in enumerate(path.ljust(40, BLANK)):
        values[0, step, 0 if character == BLANK else SPEC.alphabet.index(character) + 1] = certainty
    return asked(SPEC, {"probabilities": values}, picture(120, 40))


def test_a_character_that_lasts_is_read_once_and_a_blank_parts_two_of_a_kind() -> None:
    assert read("BBB··11111·1··K  Z·")["text"] == "B11K Z"
    assert read("AABA")["text"] == "ABA"


def test_the_score_is_the_mean_of_the_characters() -> None:
    assert read("A·B", certainty=0.8)["score"] == 0.8


def test_nothing_but_blanks_is_no_text_and_has_no_score() -> None:
    assert read("") == {"task": "ocr", "text": "", "score": None}


def test_the_alphabet_ends_where_the_output_does() -> None:
    assert len(SPEC.alphabet) == 96
    values = np.zeros((1, 40, 97), np.float32)
    values[0, :, 96] = 1
    assert asked(SPEC, {"probabilities": values}, picture(120, 40))["text"] == " "
