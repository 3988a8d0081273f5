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

from backend import faces, framing, images
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
from backend.framing import Box
from backend.gateway.answer import Face, Picture
from backend.gateway.quality_model import QualityModel
from backend.gateway.scoring import LARGE_PIXELS, QualityScorer
from backend.triton.batching import Frame
from backend.triton.model import ModelClient
from backend.triton.wire import Inference
from backend.web.uploads import Upload
from tests.pictures import astronaut, encode

PICTURE = astronaut((64, 48))
TIMEOUT_S = 5.0
LARGE = encode(astronaut((1000, LARGE_PIXELS // 1000)), "JPEG")
PNG = Upload(encode(PICTURE, "PNG"), "image/png")


MEASURED = {
    "luminance_mean": 79.66,
    "over_exposure": 50.0,
    "sharpness": 91.6,
    "noise": 98.74,
    "compression": 97.0,
}
ROUNDED = MEASURED | {"luminance_mean": 79.7, "noise": 98.7}


def config(
    measures: str = ",".join(MEASURED), variant: str = "v1", **parameters: str
) -> dict[str, Any]:
    values = {"bands": "fair=0.1,good=0.5", "measures": measures, "variant": variant} | parameters
    return {
        "input": [{"name": "image", "dims": ["40", "40", "3"]}],
        "parameters": {name: {"string_value": value} for name, value in values.items()},
    }


class FakeModel(ModelClient):
    """Answers what it is given, and notes what it was asked."""

    def __init__(self, name: str = "m", measures: dict[str, float] = MEASURED) -> None:
        self.name = name
        self.description = config(",".join(measures))
        self.score = 0.123456
        self.measures = list(measures.values())
        self.version = "1"
        self.failure: Exception | None = None
        self.meanwhile: Callable[[], None] | None = None
        self.images: list[NDArray[Any]] = []
        self.deadlines_s: list[float] = []
        self.config_deadlines_s: list[float] = []

    def config(self, *, deadline_s: float) -> dict[str, Any]:
        self.config_deadlines_s.append(deadline_s)
        return self.description

    def submit(
        self, pixels: NDArray[Any], *, deadline_s: float, traceparent: str | None = None
    ) -> Frame:
        self.images.append(pixels)
        self.deadlines_s.append(deadline_s)
        return Frame(pixels, deadline_s)

    def collect(self, frame: Frame) -> Inference:
        if self.meanwhile is not None:
            self.meanwhile()
        if self.failure is not None:
            raise self.failure
        outputs = {"score": np.array([self.score], np.float32)}
        if self.measures:
            outputs["measures"] = np.array(self.measures, np.float32)
        return Inference(outputs, self.version)


def scorer_of(scoring: FakeModel, measuring: FakeModel) -> QualityScorer:
    return QualityScorer(
        QualityModel(scoring, timeout_s=TIMEOUT_S),
        QualityModel(measuring, timeout_s=TIMEOUT_S),
        max_pixels=4 * 10**6,
        max_in_flight=1,
        timeout_s=TIMEOUT_S,
    )


@pytest.fixture
def model() -> FakeModel:
    """It scores and measures."""
    return FakeModel()


@pytest.fixture
def scorer(model: FakeModel) -> QualityScorer:
    return scorer_of(model, FakeModel("unasked", {}))


def test_an_answer_is_rounded_named_and_timed(scorer: QualityScorer, model: FakeModel) -> None:
    quality = scorer.score(PNG)
    assert (quality.score, quality.raw_score, quality.band) == (0.1235, 0.1235, "fair")
    assert quality.measures == ROUNDED
    assert (quality.model.version, quality.model.variant) == ("1", "v1")
    assert (quality.picture, quality.face) == (Picture(64, 48), None)
    assert list(quality.stages_ms) == ["decode", "preprocess", "triton"]
    assert all(duration > 0 for duration in quality.stages_ms.values())
    (image,) = model.images
    expected = np.asarray(PICTURE.resize((40, 40), 2, box=(8, 0, 56, 48)))
    assert np.array_equal(image, expected)


@pytest.mark.parametrize(
    ("raw_score", "score", "band"),
    [(-0.25, 0.0, "poor"), (1.75, 1.0, "good"), (0.5, 0.5, "good"), (0.1, 0.1, "fair")],
)
def test_a_score_is_clipped_and_told_as_it_was(
    scorer: QualityScorer, model: FakeModel, raw_score: float, score: float, band: str
) -> None:
    model.score = raw_score
    quality = scorer.score(PNG)
    assert (quality.score, quality.raw_score, quality.band) == (score, raw_score, band)


def test_one_model_scores_and_another_measures() -> None:
    scoring, measuring = FakeModel("s", {}), FakeModel()
    scoring.score, measuring.version = 0.7, "9"
    quality = scorer_of(scoring, measuring).score(PNG)
    assert (quality.score, quality.band, quality.measures) == (0.7, "good", ROUNDED)
    assert (quality.model.name, quality.measured_by.name) == ("s", "m")
    assert (quality.model.version, quality.measured_by.version) == ("1", "9")
    assert np.array_equal(scoring.images[0], measuring.images[0])


@pytest.mark.parametrize("broken", ["s", "m"])
def test_without_either_of_two_models_there_is_no_answer(broken: str) -> None:
    models = {"s": FakeModel("s", {}), "m": FakeModel()}
    scorer = scorer_of(models["s"], models["m"])
    models[broken].failure = TritonUnavailable("gone")
    for attempt in (lambda: scorer.score(PNG), scorer.canary):
        with pytest.raises(TritonUnavailable):
            attempt()
    models[broken].failure = None
    assert scorer.score(PNG).score == 0.1235


def test_what_answered_last_is_known_once_both_have() -> None:
    scorer = scorer_of(FakeModel("s", {}), FakeModel())
    assert scorer.last_seen is None
    quality = scorer.score(PNG)
    assert scorer.last_seen == (quality.model, quality.measured_by)


def test_reasons_are_told_from_the_measures(scorer: QualityScorer, model: FakeModel) -> None:
    model.measures = list((MEASURED | {"sharpness": 20.0, "luminance_mean": 1.0}).values())
    assert scorer.score(PNG).reasons == ("too_dark", "blurry")


# Faces


@pytest.fixture
def found(monkeypatch: pytest.MonkeyPatch) -> list[Box]:
    """What the look for faces finds."""
    boxes: list[Box] = []
    monkeypatch.setattr(faces, "find", lambda pixels: tuple(boxes))
    return boxes


def test_nobody_looks_for_a_face_unasked(
    scorer: QualityScorer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(faces, "find")
    assert scorer.score(PNG).face is None


def test_the_largest_face_is_scored_and_measured(
    scorer: QualityScorer, model: FakeModel, found: list[Box]
) -> None:
    box = Box(30, 10, 16, 16)
    found += [box, Box(4, 4, 2, 2)]
    quality = scorer.score(PNG, find_face=True)
    assert quality.face == Face(2, box)
    assert list(quality.stages_ms) == ["decode", "detect", "preprocess", "triton"]
    assert set(quality.measures) == {*MEASURED, "face_size", "face_position", "single_face"}
    part = PICTURE.crop(framing.crop_square(box, 64, 48))
    difference = model.images[0].astype(int) - np.asarray(part.resize((40, 40), 2))
    assert np.abs(difference).mean() < 3


def test_a_face_in_a_large_jpeg_loses_no_pixels(scorer: QualityScorer, found: list[Box]) -> None:
    sizes = []

    def find(pixels: NDArray[np.uint8]) -> tuple[Box, ...]:
        sizes.append(pixels.shape[:2])
        return ()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(faces, "find", find)
        quality = scorer.score(Upload(LARGE, "image/jpeg"), find_face=True)
    assert sizes == [(LARGE_PIXELS // 1000, 1000)]
    assert quality.picture == Picture(1000, LARGE_PIXELS // 1000)


def test_without_a_face_nothing_is_scored_but_measured(found: list[Box]) -> None:
    scoring, measuring = FakeModel("s", {}), FakeModel()
    scorer = scorer_of(scoring, measuring)
    quality = scorer.score(PNG, find_face=True)
    assert (quality.score, quality.raw_score, quality.band) == (None, None, None)
    assert (quality.face, quality.reasons) == (Face(0, None), ("no_face",))
    assert quality.measures == ROUNDED
    assert (quality.model.name, quality.model.version) == ("s", None)
    assert (len(scoring.images), len(measuring.images)) == (0, 1)
    scorer.score(PNG)
    assert scorer.score(PNG, find_face=True).model.version == "1"


def test_without_a_face_the_model_that_does_both_gives_no_score_either(
    scorer: QualityScorer, found: list[Box]
) -> None:
    quality = scorer.score(PNG, find_face=True)
    assert (quality.score, quality.band, quality.measures) == (None, None, ROUNDED)


# Models that misbehave


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_an_answer_that_is_not_a_number_is_a_failure(
    scorer: QualityScorer, model: FakeModel, value: float
) -> None:
    model.score = value
    with pytest.raises(TritonFailed, match=r"^The model answered something that is not a number"):
        scorer.score(PNG)
    with pytest.raises(TritonFailed):
        scorer.canary()
    model.score, model.measures = 0.5, [value, *list(MEASURED.values())[1:]]
    with pytest.raises(TritonFailed):
        scorer.score(PNG)
    model.measures = list(MEASURED.values())
    assert scorer.score(PNG).measures == ROUNDED


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
    model.failure, model.description = None, config(variant="v2")
    assert scorer.score(PNG).model.variant == "v2"


def test_another_version_is_described_anew(scorer: QualityScorer, model: FakeModel) -> None:
    scorer.score(PNG)
    model.version, model.description = "2", config(variant="v2")
    quality = scorer.score(PNG)
    assert (quality.model.version, quality.model.variant) == ("2", "v2")
    scorer.score(PNG)
    assert len(model.config_deadlines_s) == 2


@pytest.mark.parametrize("measures", [[], [1.0], [1.0] * 6])
def test_another_number_of_measures_than_named_is_a_failure(
    scorer: QualityScorer, model: FakeModel, measures: list[float]
) -> None:
    model.measures = measures
    with pytest.raises(TritonFailed, match=r"another number of measures than it names\.$"):
        scorer.score(PNG)


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

    def noted_fit(
        pixels: NDArray[np.uint8], side: int, square: images.Part | None
    ) -> NDArray[np.uint8]:
        threads.append(threading.get_ident())
        return fit_square(pixels, side, square)

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
