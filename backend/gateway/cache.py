"""Answers remembered for a while: the same file is not decoded and scored again.

What is kept is the answer, never the picture: a picture is known by its digest alone.
"""

import hashlib
from collections.abc import Callable
from dataclasses import replace

from pydantic import BaseModel, ConfigDict, ValidationError

from backend.gateway.answer import Quality
from backend.gateway.cache_stores import Store
from backend.gateway.quality_model import Identity
from backend.web import metrics
from backend.web.uploads import Upload

Models = tuple[Identity, Identity]
"""What scored and what measured."""


class _Entry(BaseModel):
    """An answer at rest.

    Attributes:
        key: the entry's own; a store that answers with another's must not pass.
    """

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid", allow_inf_nan=False)

    key: str
    quality: Quality


class AnswerCache:
    """Answers by file, by what the caller says of it and asks, and by the models that answered.

    Args:
        last_seen: the models as this process last saw them; None before it has.
    """

    def __init__(self, store: Store, last_seen: Callable[[], Models | None]) -> None:
        self._store = store
        self._last_seen = last_seen

    def get_or_score(
        self, upload: Upload, find_face: bool, score: Callable[[], Quality]
    ) -> Quality:
        """The answer remembered for `upload`, else that of `score`, whose errors are not kept."""
        digest = _digest(upload, find_face)
        seen = self._last_seen()
        remembered = self._get(_key(seen, digest)) if seen else None
        metrics.count_cache("misses" if remembered is None else "hits")
        if remembered is not None:
            return remembered
        quality = score()
        # A model that changed meanwhile has its answer kept under its own name.
        self._put(_key((quality.model, quality.measured_by), digest), quality)
        return quality

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
        return replace(entry.quality, cached=True)

    def _put(self, key: str, quality: Quality) -> None:
        entry = _Entry(key=key, quality=replace(quality, stages_ms={}))
        self._store.put(key, entry.model_dump_json().encode())


def _key(models: Models, digest: str) -> str:
    names = (f"{model.name}:{model.version}:{model.variant}" for model in dict.fromkeys(models))
    return ":".join(("framegate:quality", *names, digest))


def _digest(upload: Upload, find_face: bool) -> str:
    digest = hashlib.sha256(f"{upload.media_type} {find_face}\n".encode())
    digest.update(upload.data)
    return digest.hexdigest()
