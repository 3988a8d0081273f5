"""Classes with their probabilities, of labels, prompts and groups."""

import math

import numpy as np
import pytest

from backend.enrichment.tasks.options import Options
from backend.enrichment.tasks.scores import softmax
from tests.unit.backend.enrichment.catalogue import MODELS, asked, picture, row


def test_softmax_sums_to_one_and_survives_large_numbers() -> None:
    assert softmax(row(0, math.log(3))[0]) == pytest.approx([0.25, 0.75])
    assert softmax(row(3e38, -3e38)[0]).tolist() == [1, 0]


def test_the_most_likely_classes_come_first_and_no_more_than_asked() -> None:
    logits = np.log(row(0.1, 0.2, 0.05, 0.05, 0.6))
    spec = MODELS["weather-classification"]
    answer = asked(spec, {"logits": logits}, picture(64, 64), Options(max_classes=2))
    assert answer == {
        "task": "classification",
        "classes": [
            {"label": "sun_clear", "score": 0.6},
            {"label": "foggy_hazy", "score": 0.2},
        ],
    }


def test_a_model_that_takes_text_classifies_into_the_prompts() -> None:
    spec = MODELS["fashion-clip"]
    options = Options(prompts=("a coat", "a gown"))
    logits = np.log(row(0.25, 0.75))
    answer = asked(spec, {"logits_per_image": logits}, picture(64, 64), options)
    assert answer["classes"] == [
        {"label": "a gown", "score": 0.75},
        {"label": "a coat", "score": 0.25},
    ]


def test_breeds_are_summed_into_cats_and_dogs_and_the_rest_is_other() -> None:
    probabilities = np.full(1000, 1e-9)
    probabilities[[151, 268]] = 0.2, 0.1
    probabilities[[281, 285]] = 0.15, 0.05
    probabilities[[150, 269, 280, 286]] = 0.125
    logits = np.log(row(*probabilities))
    answer = asked(MODELS["pet-classifier"], {"logits": logits}, picture(64, 64))
    assert answer["classes"] == [
        {"label": "other", "score": 0.5},
        {"label": "dog", "score": 0.3},
        {"label": "cat", "score": 0.2},
    ]
