"""Scoring where the model misbehaves; the Triton here is a fake because it must."""

import math
import threading
import time
from collections.abc import Callable
from typing import Any

import gevent
import numpy as np
import pytest
from gevent.event import Event
from numpy.typing import NDArray

from backend import images
from backend.errors import (
    DeadlineExceeded,
    Overloaded,
    TritonFailed,
    TritonOverloaded,
    TritonTimeout,
    TritonUnavailable,
    UndecodablePicture,
    UnsupportedPicture,
)
from backend.gateway.scoring import LARGE_PIXELS, QualityModel, QualityScorer
from backend.triton.model import ModelClient
from backend.triton.wire import Inference
from backend.web.uploads import Upload
from tests.pictures import astronaut, encode

PICTURE = astronaut((64, 48))
TIMEOUT_S = 5.0
LARGE = encode(astronaut((1000, LARGE_PIXELS // 1000)), "JPEG")
PNG = Upload(encode(PICTURE, "PNG"), "image/png")


def config(measures: str = "light,noise", variant: str | None = "v1") -> dict[str, Any]:
    parameters = {"measures": {"string_value": measures}}
    if variant is not None:
        parameters["variant"] = {"string_value": variant}
    return {"input": [{"name": "image", "dims": ["40", "40", "3"]}], "parameters": parameters}


class FakeModel(ModelClient):
    """Answers what it is given, and notes what it was asked."""

    def __init__(self) -> None:
        self.name = "m"
        self.description = config()
        self.score = 0.123456
        self.measures = [1.26, 98.74]
        self.version = "1"
        self.failure: Exception | None = None
        self.meanwhile: Callable[[], None] | None = None
        self.images: list[NDArray[Any]] = []
        self.deadlines_s: list[float] = []
        self.config_deadlines_s: list[float] = []

    def config(self, *, deadline_s: float) -> dict[str, Any]:
        self.config_deadlines_s.append(deadline_s)
        return self.description

    def infer(self, pixels: NDArray[Any], *, deadline_s: float) -> Inference:
        self.images.append(pixels)
        self.deadlines_s.append(deadline_s)
        if self.meanwhile is not None:
            self.meanwhile()
        if self.failure is not None:
            raise self.failure
        return Inference(
            {
                "score": np.array([self.score], np.float32),
                "measures": np.array(self.measures, np.float32),
            },
            self.version,
        )


@pytest.fixture
def model() -> FakeModel:
    return FakeModel()


@pytest.fixture
def scorer(model: FakeModel) -> QualityScorer:
    return QualityScorer(model, max_pixels=4 * 10**6, max_in_flight=1, timeout_s=TIMEOUT_S)


def test_the_model_describes_itself() -> None:
    assert QualityModel.from_config(config()) == QualityModel(40, ("light", "noise"), "v1")


@pytest.mark.parametrize("variant", [None, ""])
def test_a_model_that_names_no_variant_is_unknown(variant: str | None) -> None:
    assert QualityModel.from_config(config("", variant)) == QualityModel(40, (), "unknown")
    bare = {"input": [{"dims": ["352", "352", "3"]}]}
    assert QualityModel.from_config(bare) == QualityModel(352, (), "unknown")


def test_an_answer_is_rounded_named_and_timed(scorer: QualityScorer, model: FakeModel) -> None:
    quality = scorer.score(PNG)
    assert quality.score == 0.1235
    assert quality.measures == {"light": 1.3, "noise": 98.7}
    assert (quality.model_version, quality.model_variant) == ("1", "v1")
    assert list(quality.stages_ms) == ["decode", "preprocess", "triton"]
    assert all(duration > 0 for duration in quality.stages_ms.values())
    (image,) = model.images
    expected = np.asarray(PICTURE.resize((40, 40), 2, box=(8, 0, 56, 48)))
    assert np.array_equal(image, expected)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_an_answer_that_is_not_a_number_is_a_failure(
    scorer: QualityScorer, model: FakeModel, value: float
) -> None:
    model.score = value
    with pytest.raises(TritonFailed, match=r"^The model answered something that is not a number"):
        scorer.score(PNG)
    with pytest.raises(TritonFailed):
        scorer.canary()
    model.score, model.measures = 0.5, [1.0, value]
    with pytest.raises(TritonFailed):
        scorer.score(PNG)
    model.measures = [1.0, 2.0]
    assert scorer.score(PNG).measures == {"light": 1.0, "noise": 2.0}


def test_with_no_slot_free_nothing_is_even_decoded(scorer: QualityScorer, model: FakeModel) -> None:
    refused = []

    def another() -> None:
        model.meanwhile = None
        with pytest.raises(Overloaded) as caught:
            scorer.score(Upload(b"no picture", None))
        refused.append(str(caught.value))

    model.meanwhile = another
    assert scorer.score(PNG).score == 0.1235
    assert refused == ["The gateway is working on as many pictures as it may: try again."]
    with pytest.raises(UnsupportedPicture):
        scorer.score(Upload(b"no picture", None))


@pytest.mark.parametrize(
    "failure", [TritonTimeout("late"), TritonOverloaded("full"), RuntimeError("ours")]
)
def test_a_slot_is_given_back_after_an_error(
    scorer: QualityScorer, model: FakeModel, failure: Exception
) -> None:
    model.failure = failure
    for _ in range(3):
        with pytest.raises(type(failure)):
            scorer.score(PNG)
    model.failure = None
    assert scorer.score(PNG).score == 0.1235


def test_a_slot_is_given_back_after_a_bad_picture(scorer: QualityScorer) -> None:
    for _ in range(3):
        with pytest.raises(UnsupportedPicture):
            scorer.score(Upload(b"no picture", None))
    assert scorer.score(PNG).score == 0.1235


def test_there_is_room_until_the_last_slot_is_taken(
    scorer: QualityScorer, model: FakeModel
) -> None:
    scorer.check_room()

    def another() -> None:
        with pytest.raises(Overloaded, match=r"^The gateway is working on as many pictures as it"):
            scorer.check_room()

    model.meanwhile = another
    assert scorer.score(PNG).score == 0.1235
    scorer.check_room()


def test_the_canary_takes_no_slot_and_shows_a_grey_picture(
    scorer: QualityScorer, model: FakeModel
) -> None:
    def probe() -> None:
        model.meanwhile = None
        scorer.canary()

    model.meanwhile = probe
    scorer.score(PNG)
    shown = model.images[1]
    assert shown.shape == (40, 40, 3)
    assert shown.dtype == np.uint8
    assert np.unique(shown).tolist() == [128]


def test_the_model_is_asked_about_itself_once(scorer: QualityScorer, model: FakeModel) -> None:
    for _ in range(5):
        scorer.score(PNG)
    assert len(model.config_deadlines_s) == 1


def test_after_a_failure_the_model_may_be_another(scorer: QualityScorer, model: FakeModel) -> None:
    scorer.score(PNG)
    model.failure = TritonUnavailable("late")
    with pytest.raises(TritonUnavailable):
        scorer.score(PNG)
    model.failure, model.description = None, config("dark,grain", "v2")
    quality = scorer.score(PNG)
    assert (quality.measures, quality.model_variant) == ({"dark": 1.3, "grain": 98.7}, "v2")


def test_another_version_is_described_anew(scorer: QualityScorer, model: FakeModel) -> None:
    scorer.score(PNG)
    model.version, model.description = "2", config("dark,grain", "v2")
    quality = scorer.score(PNG)
    assert (quality.model_version, quality.model_variant) == ("2", "v2")
    assert quality.measures == {"dark": 1.3, "grain": 98.7}
    scorer.score(PNG)
    assert len(model.config_deadlines_s) == 2


@pytest.mark.parametrize("measures", [[], [1.0], [1.0, 2.0, 3.0]])
def test_another_number_of_measures_than_named_is_a_failure(
    scorer: QualityScorer, model: FakeModel, measures: list[float]
) -> None:
    model.measures = measures
    with pytest.raises(TritonFailed, match=r"another number of measures than it names\.$"):
        scorer.score(PNG)


@pytest.mark.parametrize("wrong", [{}, {"input": []}, {"input": [{"dims": ["wide"]}]}])
def test_a_configuration_without_an_input_is_a_failure(wrong: dict[str, Any]) -> None:
    with pytest.raises(TritonFailed, match=r"configuration has no square input\.$"):
        QualityModel.from_config(wrong)


# Deadlines


def test_triton_is_given_the_sooner_of_the_callers_deadline_and_the_gateways(
    scorer: QualityScorer, model: FakeModel
) -> None:
    callers_s = time.monotonic() + 3
    scorer.score(PNG, deadline_s=callers_s)
    for deadline_s in (time.monotonic() + 1000, math.inf):
        scorer.score(PNG, deadline_s=deadline_s)
    scorer.canary()
    first_s, *others_s = model.deadlines_s
    assert first_s == callers_s
    now_s = time.monotonic()
    assert [deadline_s for deadline_s in others_s if deadline_s > now_s + TIMEOUT_S] == []
    assert all(now_s < deadline_s for deadline_s in [*others_s, *model.config_deadlines_s])


def test_past_its_deadline_a_picture_is_decoded_and_triton_is_not_asked(
    scorer: QualityScorer, model: FakeModel
) -> None:
    late = r"^The request's own deadline passed before Triton was asked\.$"
    for _ in range(3):  # the slot is given back
        with pytest.raises(DeadlineExceeded, match=late):
            scorer.score(PNG, deadline_s=time.monotonic() - 1)
    assert model.images == []
    with pytest.raises(UnsupportedPicture):
        scorer.score(Upload(b"no picture", None), deadline_s=time.monotonic() - 1)


# Large pictures


def test_others_go_on_while_a_large_picture_is_decoded(
    scorer: QualityScorer, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoding = gevent.get_hub().loop.async_()
    started, others_went_on = Event(), threading.Event()
    decoding.start(started.set)
    decode, fit_square = images.decode, images.fit_square
    threads = []

    def slow_decode(picture: images.EncodedPicture, *, side: int | None) -> NDArray[np.uint8]:
        threads.append(threading.get_ident())
        decoding.send()
        assert others_went_on.wait(10)
        return decode(picture, side=side)

    def noted_fit(pixels: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
        threads.append(threading.get_ident())
        return fit_square(pixels, side)

    def go_on() -> None:
        assert started.wait(10)
        others_went_on.set()

    monkeypatch.setattr(images, "decode", slow_decode)
    monkeypatch.setattr(images, "fit_square", noted_fit)
    other = gevent.spawn(go_on)
    assert scorer.score(Upload(LARGE, "image/jpeg")).score == 0.1235
    other.get()
    assert threading.get_ident() not in threads
    assert len(threads) == 2


def test_a_small_picture_stays_in_its_thread(
    scorer: QualityScorer, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads = []
    decode = images.decode

    def noted(picture: images.EncodedPicture, *, side: int | None) -> NDArray[np.uint8]:
        threads.append(threading.get_ident())
        return decode(picture, side=side)

    monkeypatch.setattr(images, "decode", noted)
    scorer.score(PNG)
    assert threads == [threading.get_ident()]


def test_what_is_wrong_with_a_large_picture_is_told_from_its_thread(scorer: QualityScorer) -> None:
    with pytest.raises(UndecodablePicture):
        scorer.score(Upload(LARGE[: len(LARGE) // 2], "image/jpeg"))
    assert scorer.score(Upload(LARGE, "image/jpeg")).score == 0.1235
