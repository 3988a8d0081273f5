"""Leases alone, in this process, on a zoo whose server does nothing."""

import threading
import time

from backend.enrichment.zoo.states import Policy, Priority, ZooModel
from backend.enrichment.zoo.zoo import Zoo as Manager
from benchmarks.figures import Target, percentile_or_none
from benchmarks.zoo.part import Part

NAME = "model"
ALONE, ALONE_US = 20_000, 20.0
THREADS, EACH, HELD_S, CONTENDED_MS = 32, 100, 0.001, 5.0


class NoServer:
    """Loads and unloads at once, and holds no memory."""

    def __init__(self) -> None:
        self._state = "UNAVAILABLE"

    def load(self, name: str) -> None:
        self._state = "READY"

    def unload(self, name: str) -> None:
        self._state = "UNAVAILABLE"

    def index(self) -> dict[str, str]:
        return {NAME: self._state}

    def memory_of(self, name: str) -> int | None:
        return 0

    def free_bytes(self) -> int | None:
        return None


def measure() -> Part:
    server = NoServer()
    model = ZooModel(NAME, Priority.MEDIUM, 2**20)
    manager = Manager([model], server, server, Policy(budget_bytes=2**30))
    manager.load(NAME)
    alone_us = sorted(1e6 * _lease(manager, 0.0) for _ in range(ALONE))
    contended_ms = sorted(1e3 * taken_s for taken_s in _contended(manager))
    figures = {
        "alone_p50_us": percentile_or_none(alone_us, 50),
        "alone_p99_us": percentile_or_none(alone_us, 99),
        "contended_p50_ms": percentile_or_none(contended_ms, 50),
        "contended_p99_ms": percentile_or_none(contended_ms, 99),
    }
    targets = [
        Target("lease of a resident model, p50", figures["alone_p50_us"], ALONE_US, False, " µs"),
        Target(
            f"the same among {THREADS} threads, p99",
            figures["contended_p99_ms"],
            CONTENDED_MS,
            False,
            " ms",
        ),
    ]
    return Part("Leases", targets, dict(figures))


def _lease(manager: Manager, held_s: float) -> float:
    """Seconds that taking a lease and giving it back took, without holding it."""
    began_s = time.perf_counter()
    with manager.lease(NAME):
        taken_s = time.perf_counter() - began_s
        if held_s:
            time.sleep(held_s)
        began_s = time.perf_counter()
    return taken_s + time.perf_counter() - began_s


def _contended(manager: Manager) -> list[float]:
    taken_s: list[float] = []
    together = threading.Barrier(THREADS)

    def run() -> None:
        together.wait()
        own = [_lease(manager, HELD_S) for _ in range(EACH)]
        taken_s.extend(own)

    threads = [threading.Thread(target=run, daemon=True) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return taken_s
