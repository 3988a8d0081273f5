"""Two real Tritons behind one gateway: one goes in the middle of a load, and comes back."""

import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import psutil
import pytest

from tests.pictures import astronaut, encode
from tests.processes import Gateway, Session, Triton, wait_until

pytestmark = pytest.mark.triton
JPEG = encode(astronaut((352, 352)), "JPEG")
WORKERS, CONNECTIONS, MOST_FRAMES = 2, 2, 8


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[tuple[Triton, Triton, Gateway]]:
    one, other = Triton(tmp_path / "one"), Triton(tmp_path / "other")
    gateway = Gateway(
        tmp_path / "gateway",
        triton_port=one.http_port,
        # A name and an address: the name is resolved anew for every connection.
        FRAMEGATE_TRITON_URLS=f"http://localhost:{one.http_port},{other.url}",
        FRAMEGATE_WORKERS=str(WORKERS),
        FRAMEGATE_TRITON_CONNECTIONS=str(CONNECTIONS),
    )
    with one, other, gateway:
        yield one, other, gateway


def inferences(triton: Triton) -> int:
    with Session() as session:
        answer = session.get(f"{triton.url}/v2/models/capture_quality/stats", timeout=10)
    (stats,) = answer.json()["model_stats"]
    return int(stats["inference_count"])


def test_a_triton_that_stops_costs_at_most_what_it_was_running_and_is_found_again(
    pair: tuple[Triton, Triton, Gateway],
) -> None:
    one, other, gateway = pair
    enough = Event()

    def caller(_: int) -> Counter[int]:
        seen: Counter[int] = Counter()
        with Session() as session:
            while not enough.is_set():
                answer = session.post(
                    f"{gateway.url}/v1/quality",
                    data=JPEG,
                    headers={"Content-Type": "image/jpeg"},
                    timeout=10,
                )
                seen[answer.status_code] += 1
        return seen

    with ThreadPoolExecutor(8) as pool:
        callers = [pool.submit(caller, number) for number in range(8)]
        try:
            wait_until(lambda: min(inferences(one), inferences(other)) > 20, what="both work")
            (server,) = psutil.Process(other.process.popen.pid).children()
            server.kill()
            before = inferences(one)
            wait_until(lambda: inferences(one) > before + 100, what="the other one carries on")
            other.process.popen.wait(15)
            other.start()
            fresh = inferences(other)
            wait_until(lambda: inferences(other) > fresh + 20, what="its return is noticed")
        finally:
            enough.set()
        seen = sum((future.result() for future in callers), Counter[int]())
    assert set(seen) <= {200, 503}
    assert seen[503] <= WORKERS * CONNECTIONS * MOST_FRAMES


def test_a_triton_that_stalls_keeps_only_what_it_has_and_the_other_serves(
    pair: tuple[Triton, Triton, Gateway],
) -> None:
    _, other, gateway = pair
    for _ in range(8):
        assert gateway.post(JPEG).status_code == 200
    (server,) = psutil.Process(other.process.popen.pid).children()
    server.suspend()
    try:
        with ThreadPoolExecutor(8) as pool:
            started_s = time.monotonic()
            answers = list(pool.map(lambda _: gateway.post(JPEG), range(60)))
    finally:
        server.resume()
    statuses = Counter(answer.status_code for answer in answers)
    assert set(statuses) <= {200, 504}
    assert statuses[504] <= WORKERS * CONNECTIONS * MOST_FRAMES
    assert statuses[200] >= 60 - WORKERS * CONNECTIONS * MOST_FRAMES
    # Each caller waits for the deadline of 2 s a few times at most.
    assert time.monotonic() - started_s < 20
    before = inferences(other)

    def works_again() -> bool:
        return all(gateway.post(JPEG).ok for _ in range(8)) and inferences(other) > before

    wait_until(works_again, what="the stalled one goes on")
