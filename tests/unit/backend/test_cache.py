"""Which pictures share an answer, and what becomes of an entry that is not one."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from prometheus_client import REGISTRY

from backend.errors import UndecodablePicture
from backend.faces import Box
from backend.gateway.answer import Face, Quality
from backend.gateway.cache import AnswerCache
from backend.gateway.quality_model import Identity
from backend.web.uploads import Upload
from tests.unit.backend.answers import MEASURER, MODEL, QUALITY

PICTURE = Upload(b"the bytes of a picture", "image/jpeg")
REMEMBERED = replace(QUALITY, stages_ms={}, cached=True)


class Store:
    """A dict that can be looked into."""

    def __init__(self) -> None:
        self.entries: dict[str, bytes] = {}

    def get(self, key: str) -> bytes | None:
        return self.entries.get(key)

    def put(self, key: str, value: bytes) -> None:
        self.entries[key] = value


class Scorer:
    """Answers what it is told, and counts."""

    def __init__(self) -> None:
        self.answer = QUALITY
        self.failure: Exception | None = None
        self.scored = 0

    def __call__(self) -> Quality:
        self.scored += 1
        if self.failure is not None:
            raise self.failure
        return self.answer


class Models:
    """What this process saw last."""

    seen: tuple[Identity, Identity] | None = (MODEL, MEASURER)

    def __call__(self) -> tuple[Identity, Identity] | None:
        return self.seen


@pytest.fixture
def store() -> Store:
    return Store()


@pytest.fixture
def scorer() -> Scorer:
    return Scorer()


@pytest.fixture
def models() -> Models:
    return Models()


@pytest.fixture
def cache(store: Store, models: Models) -> AnswerCache:
    return AnswerCache(store, models)


@pytest.fixture
def counted() -> Callable[[], dict[str, float]]:
    """How far each counter of the cache has moved since the test began."""

    def values() -> dict[str, float]:
        names = ("hits", "misses", "errors")
        return {
            name: REGISTRY.get_sample_value(f"framegate_cache_{name}_total") or 0 for name in names
        }

    before = values()
    return lambda: {name: value - before[name] for name, value in values().items()}


def test_the_same_file_is_scored_once(
    cache: AnswerCache, scorer: Scorer, counted: Callable[[], dict[str, float]]
) -> None:
    assert cache.get_or_score(PICTURE, False, scorer) == QUALITY
    assert cache.get_or_score(PICTURE, False, scorer) == REMEMBERED
    assert scorer.scored == 1
    assert counted() == {"hits": 1, "misses": 1, "errors": 0}


@pytest.mark.parametrize(
    "other",
    [
        Upload(PICTURE.data + b"\0", PICTURE.media_type),
        Upload(PICTURE.data, "image/png"),
        Upload(PICTURE.data, None),
    ],
)
def test_another_file_or_another_claim_about_it_is_scored(
    cache: AnswerCache, scorer: Scorer, other: Upload
) -> None:
    cache.get_or_score(PICTURE, False, scorer)
    assert not cache.get_or_score(other, False, scorer).cached
    assert scorer.scored == 2


def test_a_face_that_was_not_looked_for_is_another_answer(
    cache: AnswerCache, scorer: Scorer
) -> None:
    cache.get_or_score(PICTURE, False, scorer)
    assert not cache.get_or_score(PICTURE, True, scorer).cached
    assert cache.get_or_score(PICTURE, True, scorer).cached


@pytest.mark.parametrize(
    "seen",
    [
        (replace(MODEL, version="2"), MEASURER),
        (replace(MODEL, variant="v2"), MEASURER),
        (replace(MODEL, name="n"), MEASURER),
        (MODEL, replace(MEASURER, version="2")),
        (MEASURER, MEASURER),
    ],
)
def test_the_answers_of_another_model_are_not_ours(
    cache: AnswerCache, scorer: Scorer, models: Models, seen: tuple[Identity, Identity]
) -> None:
    cache.get_or_score(PICTURE, False, scorer)
    models.seen = seen
    assert not cache.get_or_score(PICTURE, False, scorer).cached
    models.seen = (MODEL, MEASURER)
    assert cache.get_or_score(PICTURE, False, scorer).cached


def test_an_answer_is_kept_under_the_version_that_made_it(
    cache: AnswerCache, scorer: Scorer, models: Models
) -> None:
    newer = replace(MODEL, version="2")
    scorer.answer = replace(QUALITY, model=newer)
    cache.get_or_score(PICTURE, False, scorer)
    assert not cache.get_or_score(PICTURE, False, scorer).cached
    models.seen = (newer, MEASURER)
    assert cache.get_or_score(PICTURE, False, scorer) == replace(REMEMBERED, model=newer)


def test_before_any_model_was_seen_nothing_is_looked_up(
    cache: AnswerCache, scorer: Scorer, models: Models
) -> None:
    cache.get_or_score(PICTURE, False, scorer)
    models.seen = None
    assert not cache.get_or_score(PICTURE, False, scorer).cached


def test_an_error_is_not_remembered(cache: AnswerCache, store: Store, scorer: Scorer) -> None:
    scorer.failure = UndecodablePicture("broken")
    for _ in range(2):
        with pytest.raises(UndecodablePicture):
            cache.get_or_score(PICTURE, False, scorer)
    assert (scorer.scored, store.entries) == (2, {})


def test_the_picture_is_not_in_the_store(cache: AnswerCache, store: Store, scorer: Scorer) -> None:
    cache.get_or_score(PICTURE, False, scorer)
    ((key, value),) = store.entries.items()
    assert key.startswith("framegate:quality:m:1:v1:capture_quality:1:v1:")
    assert PICTURE.data not in value
    kept = json.loads(value)
    assert kept["key"] == key
    assert kept["quality"]["score"] == 0.8452
    assert kept["quality"]["model"]["bands"] == {"fair": 0.35, "good": 0.6}


def test_an_answer_comes_back_as_it_was_but_for_its_times(
    cache: AnswerCache, scorer: Scorer
) -> None:
    scorer.answer = replace(
        QUALITY, score=None, raw_score=None, band=None, reasons=(), face=Face(1, Box(1, 2, 3, 4))
    )
    cache.get_or_score(PICTURE, True, scorer)
    remembered = cache.get_or_score(PICTURE, True, scorer)
    assert remembered == replace(scorer.answer, stages_ms={}, cached=True)


@pytest.mark.parametrize(
    "changes",
    [
        {"key": "framegate:quality:m:1:v1:capture_quality:1:v1:of-another-picture"},
        {"quality": {}},
        {"quality": None},
        {"more": 1},
    ],
)
def test_an_entry_that_is_no_answer_to_this_picture_is_scored_anew(
    cache: AnswerCache,
    store: Store,
    scorer: Scorer,
    counted: Callable[[], dict[str, float]],
    changes: dict[str, Any],
) -> None:
    cache.get_or_score(PICTURE, False, scorer)
    ((key, value),) = store.entries.items()
    store.entries[key] = json.dumps(json.loads(value) | changes).encode()
    assert cache.get_or_score(PICTURE, False, scorer) == QUALITY
    assert cache.get_or_score(PICTURE, False, scorer).cached
    assert counted() == {"hits": 1, "misses": 2, "errors": 1}


@pytest.mark.parametrize(
    "changes",
    [
        {"score": "0.8"},
        {"measures": {"sharpness": "91.6"}},
        {"measures": []},
        {"band": "great"},
        {"model": {"name": "m"}},
        {"picture": {"width": 640.5, "height": 480}},
    ],
)
def test_an_entry_whose_answer_is_broken_is_scored_anew(
    cache: AnswerCache, store: Store, scorer: Scorer, changes: dict[str, Any]
) -> None:
    cache.get_or_score(PICTURE, False, scorer)
    ((key, value),) = store.entries.items()
    entry = json.loads(value)
    store.entries[key] = json.dumps(entry | {"quality": entry["quality"] | changes}).encode()
    assert cache.get_or_score(PICTURE, False, scorer) == QUALITY


@pytest.mark.parametrize("garbage", [b"", b"{", b"null", b"\xff", b'{"score": NaN}'])
def test_garbage_is_scored_anew(
    cache: AnswerCache, store: Store, scorer: Scorer, garbage: bytes
) -> None:
    cache.get_or_score(PICTURE, False, scorer)
    store.entries = dict.fromkeys(store.entries, garbage)
    assert cache.get_or_score(PICTURE, False, scorer) == QUALITY
