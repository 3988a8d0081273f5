"""One small model loaded and unloaded again and again: what it takes, and what it leaves behind.

Triton alone is the same server over the same interface, with copies of the models that the zoo
does not know; both take turns.
"""

import argparse
import time
from collections.abc import Callable, Sequence
from typing import Any

from backend.triton.grpc_server import TritonServer
from benchmarks import pictures
from benchmarks.figures import Target, difference, percentile_or_none
from benchmarks.rounds import progress
from benchmarks.tables import aligned
from benchmarks.zoo.client import Client
from benchmarks.zoo.operations import Kind, Operation
from benchmarks.zoo.part import Part
from benchmarks.zoo.system import System, Zoo
from scripts._stack import StackError

# Until then both servers are still filling what they keep.
SETTLED_AFTER = 20
GROWTH_MB = 10.0
# An unload by itself also waits to see the memory come back, which Triton alone does not.
LIMITS_MS = {"load": 50.0, "swap": 50.0}
# The zoo evicts nothing younger; see Policy.minimum_residence_s.
RESIDENCE_S = 2.2
LOOK_EVERY_S, GONE_WITHIN_S = 0.002, 30.0

Timed = Callable[[], float]


def budget_mb(zoo: Zoo) -> int:
    """Room for either of two small models, not for both."""
    sizes_mb = {model.name: model.size_mb for model in zoo.models()}
    small_mb, large_mb = sorted(sizes_mb[name] for name in zoo.smallest(2))
    return large_mb + small_mb // 2


def measure(zoo: Zoo, system: System, options: argparse.Namespace) -> Part:
    first, second = zoo.smallest(2)
    alone_first, alone_second = zoo.copy(first), zoo.copy(second)
    ours, alone = Ours(system), Alone(system.triton())
    memory = repeat(system, ours, first, options.cycles)
    pairs = compare(ours, alone, first, alone_first, options.pairs)
    pairs["swap"] = swap(ours, alone, (first, second), (alone_first, alone_second), options)
    ours.close()
    growth = {
        role: grown_mb([look[role] for look in memory]) for role in ("triton", "zoo") if memory
    }
    targets = [
        *(
            Target(
                f"growth of {name}, {options.cycles} cycles",
                growth.get(role),
                GROWTH_MB,
                False,
                " MB",
            )
            for role, name in (("triton", "tritonserver"), ("zoo", "the zoo's process"))
        ),
        *(
            Target.over_rounds(
                f"{what} beyond Triton's own, p50", over(both), LIMITS_MS.get(what), False, " ms"
            )
            for what, both in pairs.items()
        ),
    ]
    figures = {"model": first, "memory_mb": memory, "pairs_ms": pairs, "growth_mb": growth}
    return Part(f"Cycles of {first}\n{table(pairs)}", targets, figures)


class Ours:
    """The zoo's own port, as an administrator asks it."""

    def __init__(self, system: System) -> None:
        self._client = Client(system.doors, pictures.files())
        self.close = self._client.close

    def load(self, name: str) -> float:
        return self._ask(Kind.LOAD, name)

    def unload(self, name: str) -> float:
        return self._ask(Kind.UNLOAD, name)

    def _ask(self, kind: Kind, name: str) -> float:
        answer = self._client.ask(Operation(0, kind, (name,), direct=True))
        if answer.status != 200:
            raise StackError(f"{kind} of {name}: {answer.error or answer.document}")
        return answer.latency_s * 1000


class Alone:
    """Triton's own model control."""

    def __init__(self, server: TritonServer) -> None:
        self._server = server

    def load(self, name: str) -> float:
        began_s = time.perf_counter()
        self._server.load(name)
        return (time.perf_counter() - began_s) * 1000

    def unload(self, name: str) -> float:
        """Until the model is gone, not until the server has heard."""
        began_s = time.perf_counter()
        self._server.unload(name)
        while not self._server.index().get(name, "UNAVAILABLE").startswith("UNAVAILABLE"):
            if time.perf_counter() - began_s > GONE_WITHIN_S:
                raise StackError(f"Triton does not get rid of {name}.")
            time.sleep(LOOK_EVERY_S)
        return (time.perf_counter() - began_s) * 1000


def repeat(system: System, ours: Ours, name: str, cycles: int) -> list[dict[str, float]]:
    """Load and unload it that often; the processes' resident memory after each time, in 2**20."""
    looks = []
    for number in range(cycles):
        ours.load(name)
        ours.unload(name)
        looks.append(
            {
                "triton": system.triton_process().memory_info().rss / 2**20,
                "zoo": system.zoo_worker().memory_info().rss / 2**20,
            }
        )
        if (number + 1) % SETTLED_AFTER == 0:
            progress(f"cycles: {number + 1} of {cycles}")
    return looks


def grown_mb(looks: Sequence[float]) -> float | None:
    """From when it has settled to the end; None where there were no more than settle it."""
    return looks[-1] - looks[SETTLED_AFTER - 1] if len(looks) > SETTLED_AFTER else None


Both = dict[str, list[float]]


def compare(ours: Ours, alone: Alone, name: str, other: str, pairs: int) -> dict[str, Both]:
    found: dict[str, Both] = {
        "load": {"zoo": [], "alone": []},
        "unload": {"zoo": [], "alone": []},
    }
    for number in range(pairs):
        progress(f"cycles: beside Triton alone, {number + 1} of {pairs}")
        found["load"]["zoo"].append(ours.load(name))
        found["load"]["alone"].append(alone.load(other))
        found["unload"]["zoo"].append(ours.unload(name))
        found["unload"]["alone"].append(alone.unload(other))
    return found


def swap(
    ours: Ours,
    alone: Alone,
    names: tuple[str, str],
    others: tuple[str, str],
    options: argparse.Namespace,
) -> Both:
    """Load each past the other, for which the budget has no room."""
    found: Both = {"zoo": [], "alone": []}
    ours.load(names[1])
    alone.load(others[1])
    for number in range(options.swaps):
        progress(f"cycles: loading past the budget, {number + 1} of {options.swaps}")
        time.sleep(RESIDENCE_S)
        here, there = number % 2, 1 - number % 2
        found["zoo"].append(ours.load(names[here]))
        found["alone"].append(alone.unload(others[there]) + alone.load(others[here]))
    alone.unload(others[(options.swaps - 1) % 2])
    return found


def over(both: Both) -> Any:
    """What the zoo takes beyond Triton alone, pair by pair."""
    return difference(both["zoo"], both["alone"])


def table(pairs: dict[str, Both]) -> str:
    def shown(values: Sequence[float], percent: float) -> str:
        found = percentile_or_none(sorted(values), percent)
        return "-" if found is None else f"{found:.0f}"

    rows = [
        [what, *(shown(both[who], percent) for who in ("zoo", "alone") for percent in (50, 95))]
        for what, both in pairs.items()
    ]
    header = ["", "zoo p50 ms", "p95 ms", "Triton alone p50 ms", "p95 ms"]
    return aligned([header, *rows])
