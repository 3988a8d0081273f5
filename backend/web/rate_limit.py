"""How often one caller may call.

A sliding window made of two counters: a caller's memory is two numbers at any rate, where a log of
requests would grow with it, and no burst at the border of two windows gets through twice, as under
a fixed window. Counts are kept in each worker, or in a Redis for all of them together.
"""

import ipaddress
import logging
import math
import time
from collections.abc import Callable

import limits
from gevent import Timeout
from limits.storage import MemoryStorage, RedisStorage
from limits.strategies import SlidingWindowCounterRateLimiter
from pydantic import SecretStr
from redis import ConnectionPool
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from backend.errors import RateLimited

log = logging.getLogger("framegate")

REDIS_TIMEOUT_S = 0.1
# Also bounds what the socket's own time-outs do not: looking up a name, several round trips.
REDIS_DEADLINE_S = 0.2
PAUSE_S = 1.0
COMPLAINT_INTERVAL_S = 60.0


class RateLimit:
    """So many requests per caller; where counts cannot be reached, any number."""

    def __init__(
        self,
        rate: str,
        storage: MemoryStorage | RedisStorage,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._rate = limits.parse(rate)
        self._text = rate
        self._storage = storage
        self._limiter = SlidingWindowCounterRateLimiter(storage)
        self._clock = clock
        self._resume_s = -math.inf
        self._complain_s = -math.inf

    def count(self, caller: str) -> None:
        """Count one request.

        Raises:
            RateLimited: it is one too many; the error says when the next one may come.
        """
        if self._clock() < self._resume_s:
            return
        try:
            with Timeout(REDIS_DEADLINE_S):
                wait_s = self._wait_s(caller)
        except (RedisError, Timeout) as error:
            self._pause(error)
            return
        if wait_s is not None:
            raise RateLimited(f"More than {self._text}: wait {wait_s:.3f} s.", retry_after_s=wait_s)

    def _wait_s(self, caller: str) -> float | None:
        if self._limiter.hit(self._rate, caller):
            return None
        window_s = self._rate.get_expiry()
        counters = self._storage.get_sliding_window(self._rate.key_for(caller), window_s)
        return time_to_next_s(self._rate.amount, window_s, *counters)

    def _pause(self, error: BaseException) -> None:
        now_s = self._clock()
        self._resume_s = now_s + PAUSE_S
        if now_s >= self._complain_s:
            self._complain_s = now_s + COMPLAINT_INTERVAL_S
            log.warning("Redis is away, so nobody's rate is limited: %s", error)


def time_to_next_s(
    amount: int,
    window_s: float,
    previous: int,
    previous_left_s: float,
    current: int,
    current_left_s: float,
) -> float:
    """When a caller who is at the limit may send the next request.

    Args:
        previous, current: requests in the last window and in this one.
        previous_left_s: how much of the last window still counts, which makes its weight.
        current_left_s: until this window's requests stop counting: at the end of the next one.
    """
    if previous == 0 or current >= amount:
        return max(0.0, current_left_s - window_s)
    # floor(previous × left / window) + current must fall below the amount.
    return max(0.0, previous_left_s - (amount - current) * window_s / previous)


def caller_at(address: str | None) -> str:
    """The name under which requests from an address are counted.

    One subscriber has a whole IPv6 network of 64 bits, so all of it counts as one.
    """
    try:
        ip = ipaddress.ip_address(address or "")
    except ValueError:
        return f"address:{address}"
    network = ipaddress.ip_network((ip, 64 if ip.version == 6 else 32), strict=False)
    return f"address:{network.network_address}"


def make_rate_limit(rate: str, redis_url: SecretStr | None) -> RateLimit | None:
    """The limit that settings describe; an empty rate is none."""
    if not rate:
        return None
    if redis_url is None:
        return RateLimit(rate, MemoryStorage())
    return RateLimit(rate, redis_storage(redis_url.get_secret_value()))


def redis_storage(url: str) -> RedisStorage:
    """Counts in a Redis that is asked once and briefly, for a request waits meanwhile."""
    pool = ConnectionPool.from_url(
        url,
        socket_timeout=REDIS_TIMEOUT_S,
        socket_connect_timeout=REDIS_TIMEOUT_S,
        retry=Retry(NoBackoff(), 0),
    )
    return RedisStorage(url, pool, key_prefix="framegate-rate")
