"""Which pictures share an answer, and what becomes of an entry that is not one."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from prometheus_client import REGISTRY

from backend.errors import UndecodablePicture
from backend.gateway.cache import AnswerCache
from backend.gateway.scoring import Quality
from backend.web.uploads import Upload

PICTURE = Upload(b"the bytes of a picture", "image/jpeg")
QUALITY = Quality(0.8452, {"sharpness": 91.6}, "1", "v1", {"decode": 4.0, "triton": 3.0})
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


class Model:
    """What this process saw last."""

    seen: tuple[str, str] | None = ("1", "v1")

    def __call__(self) -> tuple[str, str] | None:
        return self.seen


@pytest.fixture
def store() -> Store:
    return Store()


@pytest.fixture
def scorer() -> Scorer:
    return Scorer()


@pytest.fixture
def model() -> Model:
    return Model()


@pytest.fixture
def cache(store: Store, model: Model) -> AnswerCache:
    return AnswerCache(store, "m", model)


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
    assert cache.get_or_score(PICTURE, scorer) == QUALITY
    assert cache.get_or_score(PICTURE, scorer) == REMEMBERED
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
    cache.get_or_score(PICTURE, scorer)
    assert not cache.get_or_score(other, scorer).cached
    assert scorer.scored == 2


def test_the_answers_of_another_model_are_not_ours(
    cache: AnswerCache, store: Store, scorer: Scorer, model: Model
) -> None:
    cache.get_or_score(PICTURE, scorer)
    for seen in (("2", "v1"), ("1", "v2")):
        model.seen = seen
        assert not cache.get_or_score(PICTURE, scorer).cached
    assert not AnswerCache(store, "n", lambda: ("1", "v1")).get_or_score(PICTURE, scorer).cached
    model.seen = ("1", "v1")
    assert cache.get_or_score(PICTURE, scorer).cached


def test_an_answer_is_kept_under_the_version_that_made_it(
    cache: AnswerCache, scorer: Scorer, model: Model
) -> None:
    scorer.answer = replace(QUALITY, model_version="2")
    cache.get_or_score(PICTURE, scorer)
    assert not cache.get_or_score(PICTURE, scorer).cached
    model.seen = ("2", "v1")
    assert cache.get_or_score(PICTURE, scorer) == replace(REMEMBERED, model_version="2")


def test_before_any_model_was_seen_nothing_is_looked_up(
    cache: AnswerCache, scorer: Scorer, model: Model
) -> None:
    cache.get_or_score(PICTURE, scorer)
    model.seen = None
    assert not cache.get_or_score(PICTURE, scorer).cached


def test_an_error_is_not_remembered(cache: AnswerCache, store: Store, scorer: Scorer) -> None:
    scorer.failure = UndecodablePicture("broken")
    for _ in range(2):
        with pytest.raises(UndecodablePicture):
            cache.get_or_score(PICTURE, scorer)
    assert (scorer.scored, store.entries) == (2, {})


def test_the_picture_is_not_in_the_store(cache: AnswerCache, store: Store, scorer: Scorer) -> None:
    cache.get_or_score(PICTURE, scorer)
    ((key, value),) = store.entries.items()
    assert key.startswith("framegate:quality:m:1:v1:")
    assert PICTURE.data not in value
    assert json.loads(value) == {
        "key": key,
        "score": 0.8452,
        "measures": {"sharpness": 91.6},
        "version": "1",
        "variant": "v1",
    }


@pytest.mark.parametrize(
    "changes",
    [
        {"score": "0.8"},
        {"score": None},
        {"measures": {"sharpness": "91.6"}},
        {"measures": []},
        {"version": 1},
        {"key": "framegate:quality:m:1:v1:of-another-picture"},
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
    cache.get_or_score(PICTURE, scorer)
    ((key, value),) = store.entries.items()
    store.entries[key] = json.dumps(json.loads(value) | changes).encode()
    assert cache.get_or_score(PICTURE, scorer) == QUALITY
    assert cache.get_or_score(PICTURE, scorer).cached
    assert counted() == {"hits": 1, "misses": 2, "errors": 1}


@pytest.mark.parametrize("garbage", [b"", b"{", b"null", b"\xff", b'{"score": NaN}'])
def test_garbage_is_scored_anew(
    cache: AnswerCache, store: Store, scorer: Scorer, garbage: bytes
) -> None:
    cache.get_or_score(PICTURE, scorer)
    store.entries = dict.fromkeys(store.entries, garbage)
    assert cache.get_or_score(PICTURE, scorer) == QUALITY
