"""What is done once a second, whether it works or not."""

import threading

from backend.enrichment.timer import Timer


def test_it_goes_on_after_a_failure_and_ends_when_it_is_stopped() -> None:
    worked = threading.Semaphore(0)

    def work() -> None:
        worked.release()
        raise RuntimeError("no luck")

    timer = Timer(work, every_s=0.001)
    timer.start()
    for _ in range(3):
        assert worked.acquire(timeout=5)
    timer.stop()
    while worked.acquire(blocking=False):
        pass
    assert not worked.acquire(timeout=0.02)
