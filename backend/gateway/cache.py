"""Answers remembered for a while: the same file is not decoded and scored again.

What is kept is the answer, never the picture: a picture is known by its digest alone.
"""

import hashlib
from collections.abc import Callable

from pydantic import BaseModel, ConfigDict, FiniteFloat, ValidationError

from backend.gateway.cache_stores import Store
from backend.gateway.scoring import Quality
from backend.web import metrics
from backend.web.uploads import Upload


class _Entry(BaseModel):
    """An answer at rest.

    Attributes:
        key: the entry's own; a store that answers with another's must not pass.
    """

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")

    key: str
    score: FiniteFloat
    measures: dict[str, FiniteFloat]
    version: str
    variant: str


class AnswerCache:
    """Answers by file, by what the caller says it is, and by the model that scored it.

    Args:
        last_seen: version and variant of `model` as this process last saw it; None before it has.
    """

    def __init__(
        self, store: Store, model: str, last_seen: Callable[[], tuple[str, str] | None]
    ) -> None:
        self._store = store
        self._model = model
        self._last_seen = last_seen

    def get_or_score(self, upload: Upload, score: Callable[[], Quality]) -> Quality:
        """The answer remembered for `upload`, else that of `score`, whose errors are not kept."""
        digest = _digest(upload)
        seen = self._last_seen()
        remembered = self._get(self._key(*seen, digest)) if seen else None
        metrics.count_cache("misses" if remembered is None else "hits")
        if remembered is not None:
            return remembered
        quality = score()
        # A model that changed meanwhile has its answer kept under its own name.
        self._put(self._key(quality.model_version, quality.model_variant, digest), quality)
        return quality

    def _key(self, version: str, variant: str, digest: str) -> str:
        return f"framegate:quality:{self._model}:{version}:{variant}:{digest}"

    def _get(self, key: str) -> Quality | None:
        stored = self._store.get(key)
        if stored is None:
            return None
        try:
            entry = _Entry.model_validate_json(stored)
        except ValidationError:
            entry = None
        if entry is None or entry.key != key:
            metrics.count_cache("errors")
            return None
        return Quality(
            score=entry.score,
            measures=entry.measures,
            model_version=entry.version,
            model_variant=entry.variant,
            stages_ms={},
            cached=True,
        )

    def _put(self, key: str, quality: Quality) -> None:
        entry = _Entry(
            key=key,
            score=quality.score,
            measures=quality.measures,
            version=quality.model_version,
            variant=quality.model_variant,
        )
        self._store.put(key, entry.model_dump_json().encode())


def _digest(upload: Upload) -> str:
    digest = hashlib.sha256(f"{upload.media_type}\n".encode())
    digest.update(upload.data)
    return digest.hexdigest()
