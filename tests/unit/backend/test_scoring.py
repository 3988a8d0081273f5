"""Scoring where the model misbehaves; the triton here is a fake because it must."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from backend.errors import (
    Overloaded,
    TritonFailed,
    TritonOverloaded,
    TritonTimeout,
    UnsupportedPicture,
)
from backend.gateway.scoring import QualityModel, QualityScorer
from backend.triton import Inference, TritonClient
from backend.web.uploads import Upload
from tests.pictures import astronaut, encode

PICTURE = astronaut((64, 48))
PNG = Upload(encode(PICTURE, "PNG"), "image/png")


def config(measures: str = "light,noise", variant: str | None = "v1") -> dict[str, Any]:
    parameters = {"measures": {"string_value": measures}}
    if variant is not None:
        parameters["variant"] = {"string_value": variant}
    return {"input": [{"name": "image", "dims": ["40", "40", "3"]}], "parameters": parameters}


class FakeTriton(TritonClient):
    """Answers what it is given, and notes what it was asked."""

    def __init__(self) -> None:
        self.config = config()
        self.score = 0.123456
        self.measures = [1.26, 98.74]
        self.version = "1"
        self.failure: Exception | None = None
        self.meanwhile: Callable[[], None] | None = None
        self.images: list[NDArray[Any]] = []
        self.configs_asked = 0

    def model_config(self, model: str) -> dict[str, Any]:
        assert model == "m"
        self.configs_asked += 1
        return self.config

    def infer(
        self, model: str, inputs: Mapping[str, NDArray[Any]], outputs: Sequence[str]
    ) -> Inference:
        assert (model, list(inputs), list(outputs)) == ("m", ["image"], ["score", "measures"])
        self.images.append(inputs["image"])
        if self.meanwhile is not None:
            self.meanwhile()
        if self.failure is not None:
            raise self.failure
        return Inference(
            {
                "score": np.array([[self.score]], np.float32),
                "measures": np.array([self.measures], np.float32),
            },
            self.version,
        )


@pytest.fixture
def triton() -> FakeTriton:
    return FakeTriton()


@pytest.fixture
def scorer(triton: FakeTriton) -> QualityScorer:
    return QualityScorer(triton, "m", max_pixels=10_000, max_in_flight=1)


def test_the_model_describes_itself() -> None:
    assert QualityModel.from_config(config()) == QualityModel(40, ("light", "noise"), "v1")


@pytest.mark.parametrize("variant", [None, ""])
def test_a_model_that_names_no_variant_is_unknown(variant: str | None) -> None:
    assert QualityModel.from_config(config("", variant)) == QualityModel(40, (), "unknown")
    bare = {"input": [{"dims": ["352", "352", "3"]}]}
    assert QualityModel.from_config(bare) == QualityModel(352, (), "unknown")


def test_an_answer_is_rounded_named_and_timed(scorer: QualityScorer, triton: FakeTriton) -> None:
    quality = scorer.score(PNG)
    assert quality.score == 0.1235
    assert quality.measures == {"light": 1.3, "noise": 98.7}
    assert (quality.model_version, quality.model_variant) == ("1", "v1")
    assert list(quality.stages_ms) == ["decode", "preprocess", "triton"]
    assert all(duration > 0 for duration in quality.stages_ms.values())
    (image,) = triton.images
    expected = np.asarray(PICTURE.resize((40, 40), 2, box=(8, 0, 56, 48)))
    assert np.array_equal(image, expected[np.newaxis])


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_an_answer_that_is_not_a_number_is_a_failure(
    scorer: QualityScorer, triton: FakeTriton, value: float
) -> None:
    triton.score = value
    with pytest.raises(TritonFailed, match=r"^The model answered something that is not a number"):
        scorer.score(PNG)
    with pytest.raises(TritonFailed):
        scorer.canary()
    triton.score, triton.measures = 0.5, [1.0, value]
    with pytest.raises(TritonFailed):
        scorer.score(PNG)
    triton.measures = [1.0, 2.0]
    assert scorer.score(PNG).measures == {"light": 1.0, "noise": 2.0}


def test_with_no_slot_free_nothing_is_even_decoded(
    scorer: QualityScorer, triton: FakeTriton
) -> None:
    refused = []

    def another() -> None:
        triton.meanwhile = None
        with pytest.raises(Overloaded) as caught:
            scorer.score(Upload(b"no picture", None))
        refused.append(str(caught.value))

    triton.meanwhile = another
    assert scorer.score(PNG).score == 0.1235
    assert refused == ["The gateway is working on as many pictures as it may: try again."]
    with pytest.raises(UnsupportedPicture):
        scorer.score(Upload(b"no picture", None))


@pytest.mark.parametrize(
    "failure", [TritonTimeout("late"), TritonOverloaded("full"), RuntimeError("ours")]
)
def test_a_slot_is_given_back_after_an_error(
    scorer: QualityScorer, triton: FakeTriton, failure: Exception
) -> None:
    triton.failure = failure
    for _ in range(3):
        with pytest.raises(type(failure)):
            scorer.score(PNG)
    triton.failure = None
    assert scorer.score(PNG).score == 0.1235


def test_a_slot_is_given_back_after_a_bad_picture(scorer: QualityScorer) -> None:
    for _ in range(3):
        with pytest.raises(UnsupportedPicture):
            scorer.score(Upload(b"no picture", None))
    assert scorer.score(PNG).score == 0.1235


def test_the_canary_takes_no_slot_and_shows_a_grey_picture(
    scorer: QualityScorer, triton: FakeTriton
) -> None:
    def probe() -> None:
        triton.meanwhile = None
        scorer.canary()

    triton.meanwhile = probe
    scorer.score(PNG)
    shown = triton.images[1]
    assert shown.shape == (1, 40, 40, 3)
    assert shown.dtype == np.uint8
    assert np.unique(shown).tolist() == [128]


def test_the_model_is_asked_about_itself_once(scorer: QualityScorer, triton: FakeTriton) -> None:
    for _ in range(5):
        scorer.score(PNG)
    assert triton.configs_asked == 1


def test_after_a_failure_the_model_may_be_another(
    scorer: QualityScorer, triton: FakeTriton
) -> None:
    scorer.score(PNG)
    triton.failure = TritonTimeout("late")
    with pytest.raises(TritonTimeout):
        scorer.score(PNG)
    triton.failure, triton.config = None, config("dark,grain", "v2")
    quality = scorer.score(PNG)
    assert (quality.measures, quality.model_variant) == ({"dark": 1.3, "grain": 98.7}, "v2")


def test_another_version_is_described_anew(scorer: QualityScorer, triton: FakeTriton) -> None:
    scorer.score(PNG)
    triton.version, triton.config = "2", config("dark,grain", "v2")
    quality = scorer.score(PNG)
    assert (quality.model_version, quality.model_variant) == ("2", "v2")
    assert quality.measures == {"dark": 1.3, "grain": 98.7}
    scorer.score(PNG)
    assert triton.configs_asked == 2


@pytest.mark.parametrize("measures", [[], [1.0], [1.0, 2.0, 3.0]])
def test_another_number_of_measures_than_named_is_a_failure(
    scorer: QualityScorer, triton: FakeTriton, measures: list[float]
) -> None:
    triton.measures = measures
    with pytest.raises(TritonFailed, match=r"another number of measures than it names\.$"):
        scorer.score(PNG)


@pytest.mark.parametrize("wrong", [{}, {"input": []}, {"input": [{"dims": ["wide"]}]}])
def test_a_configuration_without_an_input_is_a_failure(wrong: dict[str, Any]) -> None:
    with pytest.raises(TritonFailed, match=r"configuration has no square input\.$"):
        QualityModel.from_config(wrong)
