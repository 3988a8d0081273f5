"""Where remembered answers are kept: in this process, or in a Redis that all processes share."""

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, Protocol

from redis import Redis, RedisError, ResponseError
from redis.backoff import NoBackoff
from redis.retry import Retry

from backend.web import metrics

# About a kilobyte each.
MAX_ENTRIES = 10_000
# A Redis that takes longer than this costs more than it saves.
TIMEOUT_S = 0.05
PAUSE_S = 5.0
LOG_INTERVAL_S = 60.0

log = logging.getLogger("framegate")


class Store(Protocol):
    """Values by key, each for as long as the store was told; never raises, at worst has nothing."""

    def get(self, key: str) -> bytes | None: ...

    def put(self, key: str, value: bytes) -> None: ...


class MemoryStore:
    """At most `max_entries`; past them the oldest go."""

    def __init__(
        self,
        *,
        ttl_s: float,
        max_entries: int = MAX_ENTRIES,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._ttl_s = ttl_s
        self._max_entries = max_entries
        self._clock = clock
        self._lock = threading.Lock()
        # All live equally long, so the order of writing is the order of expiry.
        self._entries: OrderedDict[str, tuple[float, bytes]] = OrderedDict()

    def get(self, key: str) -> bytes | None:
        with self._lock:
            expires_s, value = self._entries.get(key, (0.0, None))
            return value if self._clock() < expires_s else None

    def put(self, key: str, value: bytes) -> None:
        with self._lock:
            now = self._clock()
            self._entries.pop(key, None)
            self._entries[key] = (now + self._ttl_s, value)
            while self._entries and (
                len(self._entries) > self._max_entries or self._oldest_expires_s() <= now
            ):
                self._entries.popitem(last=False)

    def _oldest_expires_s(self) -> float:
        return next(iter(self._entries.values()))[0]


class RedisStore:
    """Left alone for a few seconds after it failed: then requests are slower, not broken."""

    def __init__(
        self, url: str, *, ttl_s: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._redis = Redis.from_url(
            url,
            socket_timeout=TIMEOUT_S,
            socket_connect_timeout=TIMEOUT_S,
            retry=Retry(NoBackoff(), 0),
            # A connection opens without a round trip to introduce itself.
            protocol=2,
            driver_info=None,
        )
        self._ttl_ms = max(1, round(ttl_s * 1000))
        self._clock = clock
        self._resume_s = self._log_again_s = float("-inf")

    def get(self, key: str) -> bytes | None:
        value = self._ask(lambda: self._redis.get(key))
        return value if isinstance(value, bytes) else None

    def put(self, key: str, value: bytes) -> None:
        self._ask(lambda: self._redis.set(key, value, px=self._ttl_ms))

    def _ask(self, command: Callable[[], Any]) -> Any:
        if self._clock() < self._resume_s:
            return None
        try:
            return command()
        except RedisError as error:
            metrics.count_cache("errors")
            self._note(error)
            return None

    def _note(self, error: RedisError) -> None:
        now = self._clock()
        if not isinstance(error, ResponseError):  # that one is about the command, not about Redis
            self._resume_s = now + PAUSE_S
        if now >= self._log_again_s:
            self._log_again_s = now + LOG_INTERVAL_S
            log.warning("cache: Redis failed, so pictures are scored again: %s", error)
