"""How often one caller may call, by its own counting and by a real Redis."""

import itertools
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from limits.storage import MemoryStorage
from pydantic import SecretStr

from backend.errors import RateLimited
from backend.web.rate_limit import (
    COMPLAINT_INTERVAL_S,
    PAUSE_S,
    RateLimit,
    caller_at,
    make_rate_limit,
    redis_storage,
    time_to_next_s,
)
from tests.processes import Redis

LimitIn = Callable[[str, str], RateLimit]


def admitted(limit: RateLimit, caller: str, requests: int) -> int:
    count = 0
    for _ in range(requests):
        with suppress(RateLimited):
            limit.count(caller)
            count += 1
    return count


def refused_for_s(limit: RateLimit, caller: str) -> float:
    """Call until it is one too many; how long that one is told to wait."""
    for _ in range(10_000):
        try:
            limit.count(caller)
        except RateLimited as error:
            return error.retry_after_s or 0
    raise AssertionError("nothing was refused")


class Clock:
    now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def limit_in(clock: Clock) -> Iterator[LimitIn]:
    """Makes limits that count in a Redis."""
    storages = []

    def make(url: str, rate: str) -> RateLimit:
        storages.append(redis_storage(url))
        return RateLimit(rate, storages[-1], clock=clock)

    yield make
    for storage in storages:
        storage.storage.connection_pool.disconnect()


@pytest.fixture(params=["memory", "redis"])
def limit_of(request: pytest.FixtureRequest) -> Callable[[str], RateLimit]:
    """Makes limits of both kinds."""
    if request.param == "memory":
        return lambda rate: RateLimit(rate, MemoryStorage())
    redis: Redis = request.getfixturevalue("redis")
    limit_in: LimitIn = request.getfixturevalue("limit_in")
    return lambda rate: limit_in(redis.url, rate)


def test_no_rate_is_no_limit() -> None:
    assert make_rate_limit("", None) is None
    assert make_rate_limit("", SecretStr("redis://a")) is None


def test_a_rate_without_a_redis_is_counted_in_the_process() -> None:
    limit = make_rate_limit("2/day", None)
    assert limit is not None
    assert admitted(limit, "key:a", 4) == 2


def test_each_caller_has_the_whole_rate(
    limit_of: Callable[[str], RateLimit],
) -> None:
    limit = limit_of("5/day")
    assert admitted(limit, "key:a", 8) == 5
    assert admitted(limit, "key:b", 8) == 5


def test_a_caller_who_waits_as_long_as_told_gets_in(
    limit_of: Callable[[str], RateLimit],
) -> None:
    limit = limit_of("3/second")
    for _ in range(4):
        wait_s = refused_for_s(limit, "key:a")
        assert 0 <= wait_s <= 1
        time.sleep(wait_s + 0.002)  # clocks of a millisecond
        limit.count("key:a")


def test_workers_share_the_counts_in_redis_and_nothing_without(
    redis: Redis, limit_in: LimitIn
) -> None:
    first, second = (limit_in(redis.url, "6/day") for _ in range(2))
    assert admitted(first, "key:a", 4) + admitted(second, "key:a", 4) == 6
    first, second = (RateLimit("6/day", MemoryStorage()) for _ in range(2))
    assert admitted(first, "key:a", 8) + admitted(second, "key:a", 8) == 12


@given(
    amount=st.integers(1, 1000),
    window_s=st.sampled_from([1, 60, 3600]),
    previous=st.integers(0, 1000),
    current=st.integers(0, 1000),
    elapsed_ratio=st.floats(0, 1, exclude_max=True),
)
def test_the_time_told_is_the_first_at_which_there_is_room(
    amount: int, window_s: int, previous: int, current: int, elapsed_ratio: float
) -> None:
    previous, current = min(previous, amount), min(current, amount)
    left_s = (1 - elapsed_ratio) * window_s

    def has_room(after_s: float) -> bool:
        last, this, left = previous, current, left_s - after_s
        if left <= 0:  # the next window has begun
            last, this, left = current, 0, left + window_s
        return int(last * max(left, 0) / window_s) + this < amount

    if has_room(0):
        return
    wait_s = time_to_next_s(amount, window_s, previous, left_s, current, left_s + window_s)
    assert 0 <= wait_s <= window_s
    assert has_room(wait_s + 1e-6 * window_s)
    assert wait_s == 0 or not has_room(wait_s - 1e-6 * window_s)


@pytest.mark.parametrize(
    ("address", "caller"),
    [
        ("10.1.2.3", "address:10.1.2.3"),
        ("2001:db8:1:2:aaaa::1", "address:2001:db8:1:2::"),
        ("2001:db8:1:2:bbbb::1", "address:2001:db8:1:2::"),
        ("2001:db8:1:3::1", "address:2001:db8:1:3::"),
        ("", "address:"),
        (None, "address:None"),
    ],
)
def test_an_ipv6_network_of_one_subscriber_is_one_caller(address: str | None, caller: str) -> None:
    assert caller_at(address) == caller


@pytest.fixture
def deaf() -> Iterator[socket.socket]:
    """Accepts connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


def test_a_redis_that_is_silent_lets_everyone_in_and_is_left_alone_for_a_while(
    deaf: socket.socket, limit_in: LimitIn, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    limit = limit_in(f"redis://:secret-of-redis@127.0.0.1:{deaf.getsockname()[1]}/0", "1/day")
    deaf.setblocking(False)

    def connections() -> int:
        for count in itertools.count():
            try:
                deaf.accept()[0].close()
            except BlockingIOError:
                return count
        raise AssertionError("unreachable")

    assert admitted(limit, "key:a", 50) == 50
    assert connections() == 1
    clock.now_s += PAUSE_S
    assert admitted(limit, "key:a", 50) == 50
    assert connections() == 1
    assert len(caplog.messages) == 1
    clock.now_s += COMPLAINT_INTERVAL_S
    assert admitted(limit, "key:a", 50) == 50
    assert len(caplog.messages) == 2
    assert caplog.messages[0].startswith("Redis is away, so nobody's rate is limited: ")
    assert "secret-of-redis" not in caplog.text


def test_a_redis_that_comes_back_limits_again(
    redis: Redis, limit_in: LimitIn, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    limit = limit_in(redis.url, "3/day")
    assert admitted(limit, "key:a", 5) == 3
    redis.stop()
    assert admitted(limit, "key:a", 5) == 5
    redis.start()
    assert admitted(limit, "key:a", 5) == 5  # the pause is not over
    clock.now_s += PAUSE_S
    assert admitted(limit, "key:a", 5) == 3
    assert len(caplog.messages) == 1
