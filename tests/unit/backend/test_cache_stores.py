"""How long and how much is kept, and a real Redis that is killed, hung and broken."""

import signal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import REGISTRY
from redis import Redis as Client

from backend.gateway.cache_stores import LOG_INTERVAL_S, PAUSE_S, MemoryStore, RedisStore
from tests.processes import Redis, free_port


class Clock:
    now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


def errors() -> float:
    return REGISTRY.get_sample_value("framegate_cache_errors_total") or 0


# In memory


def test_a_value_is_kept_for_its_time(clock: Clock) -> None:
    store = MemoryStore(ttl_s=10, clock=clock)
    store.put("a", b"1")
    clock.now_s += 9.9
    assert store.get("a") == b"1"
    clock.now_s += 0.1
    assert store.get("a") is None
    store.put("a", b"2")
    assert store.get("a") == b"2"


def test_the_oldest_go_when_there_are_too_many(clock: Clock) -> None:
    store = MemoryStore(ttl_s=10, max_entries=2, clock=clock)
    for key in ("a", "b", "a", "c"):
        store.put(key, key.encode())
    assert [store.get(key) for key in ("a", "b", "c")] == [b"a", None, b"c"]


@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.floats(0, 20))))
def test_no_sequence_keeps_more_than_allowed_or_anything_expired(
    steps: list[tuple[str, float]],
) -> None:
    clock = Clock()
    store = MemoryStore(ttl_s=10, max_entries=3, clock=clock)
    written: dict[str, float] = {}
    for key, pause_s in steps:
        clock.now_s += pause_s
        store.put(key, b"x")
        written[key] = clock.now_s
        kept = {name for name in written if store.get(name)}
        assert key in kept
        assert len(store._entries) <= 3
        assert all(clock.now_s - written[name] < 10 for name in kept)


def test_a_time_too_short_to_measure_keeps_nothing() -> None:
    store = MemoryStore(ttl_s=1e-300, clock=lambda: 100.0)
    store.put("a", b"1")
    assert store.get("a") is None


# In Redis


def test_stores_on_one_redis_share_what_they_hold(redis: Redis) -> None:
    one, other = (RedisStore(redis.url, ttl_s=60) for _ in range(2))
    assert other.get("a") is None
    one.put("a", b"1")
    assert other.get("a") == b"1"
    with Client.from_url(redis.url) as client:
        assert 0 < client.pttl("a") <= 60_000


def test_a_dead_redis_is_left_alone_for_a_while_and_found_again(
    redis: Redis, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    store = RedisStore(redis.url, ttl_s=60, clock=clock)
    store.put("a", b"1")
    assert store.get("a") == b"1"
    redis.stop()
    before = errors()
    for _ in range(5):
        assert store.get("a") is None
        store.put("a", b"2")
    assert errors() - before == 1
    redis.start()
    clock.now_s += PAUSE_S - 0.1
    store.put("a", b"3")
    assert store.get("a") is None
    clock.now_s += 0.1
    store.put("a", b"4")
    assert store.get("a") == b"4"
    assert errors() - before == 1
    (message,) = caplog.messages
    assert message.startswith("cache: Redis failed, so pictures are scored again: ")


def test_a_redis_that_hangs_is_given_up_on(redis: Redis, clock: Clock) -> None:
    store = RedisStore(redis.url, ttl_s=60, clock=clock)
    store.put("a", b"1")
    before = errors()
    redis.process.popen.send_signal(signal.SIGSTOP)
    try:
        for _ in range(100):  # each of which would wait, were it asked
            assert store.get("a") is None
    finally:
        redis.process.popen.send_signal(signal.SIGCONT)
    assert errors() - before == 1
    clock.now_s += PAUSE_S
    # What the hung Redis answered late belongs to nobody.
    assert store.get("b") is None
    assert store.get("a") == b"1"


def test_it_is_logged_once_a_minute(clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    store = RedisStore(f"redis://:secret@127.0.0.1:{free_port()}/0", ttl_s=60, clock=clock)
    logged = []
    for _ in range(int(2 * LOG_INTERVAL_S / PAUSE_S)):
        store.get("a")
        logged.append(len(caplog.messages))
        clock.now_s += PAUSE_S
    assert logged == [1] * 12 + [2] * 12
    assert "secret" not in caplog.text


def test_a_value_of_another_kind_is_no_value_and_no_outage(redis: Redis) -> None:
    with Client.from_url(redis.url) as client:
        client.rpush("list", "x")
    store = RedisStore(redis.url, ttl_s=60)
    before = errors()
    assert store.get("list") is None
    assert errors() - before == 1
    store.put("list", b"1")
    assert store.get("list") == b"1"
