"""A zoo before a fake server, and callers in threads of their own."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from backend.enrichment.zoo.control import Observer
from backend.enrichment.zoo.lease import Lease
from backend.enrichment.zoo.states import Measured, Policy, Priority, State, ZooModel
from backend.enrichment.zoo.status import ModelStatus
from backend.enrichment.zoo.zoo import Zoo
from backend.errors import FramegateError
from tests.unit.backend.enrichment.zoo.fake_triton import Behaviour, FakeTriton, VirtualClock

MB = 2**20


@dataclass
class Stage:
    """A zoo, the server behind it and the clock of both."""

    zoo: Zoo
    triton: FakeTriton
    clock: VirtualClock

    def in_s(self, duration_s: float) -> float:
        return self.clock.now_s() + duration_s

    def of(self, name: str) -> ModelStatus:
        (found,) = (one for one in self.zoo.status().models if one.name == name)
        return found

    def states(self) -> dict[str, State]:
        return {one.name: one.state for one in self.zoo.status().models}

    def until(self, is_so: Callable[[], bool]) -> None:
        """Wait in real time for what other threads are about to do."""
        deadline_s = time.monotonic() + 10
        changed = self.zoo._keeper.changed
        while not is_so():
            assert time.monotonic() < deadline_s, self.zoo.status()
            with changed:
                changed.wait(0.002)

    def until_state(self, name: str, state: State) -> None:
        self.until(lambda: self.of(name).state is state)

    def until_nothing_moves(self) -> None:
        """States that only a thread of the zoo can end have ended."""
        moving = {State.LOADING, State.UNLOADING, State.VERIFYING}
        self.until(lambda: not moving & set(self.states().values()))

    def asker(self, name: str, deadline_in_s: float = 30) -> "Asker":
        return Asker(self, name, deadline_in_s)


class Asker:
    """A caller in a thread of its own, which keeps its lease until it is told to stop.

    Attributes:
        answers: one for each time that the caller was answered.
    """

    def __init__(self, on: Stage, name: str, deadline_in_s: float) -> None:
        self.answers: list[Lease | FramegateError] = []
        self._answered = threading.Event()
        self._stop = threading.Event()
        self._on, self._name, self._deadline_s = on, name, on.in_s(deadline_in_s)
        self._thread = threading.Thread(target=self._ask, daemon=True)
        self._thread.start()

    def answer(self) -> Lease | FramegateError:
        assert self._answered.wait(10), self._on.zoo.status()
        (answer,) = self.answers
        return answer

    def leased(self) -> Lease:
        answer = self.answer()
        assert isinstance(answer, Lease), answer
        return answer

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(10)
        assert not self._thread.is_alive()

    def _ask(self) -> None:
        try:
            with self._on.zoo.lease(self._name, deadline_s=self._deadline_s) as lease:
                self.answers.append(lease)
                self._answered.set()
                assert self._stop.wait(20)
        except FramegateError as error:
            self.answers.append(error)
            self._answered.set()


def stage(
    sizes_mb: dict[str, int],
    budget_mb: int,
    *,
    priorities: dict[str, Priority] | None = None,
    disabled: tuple[str, ...] = (),
    driver_mb: int | None = None,
    known: dict[str, Measured] | None = None,
    observer: Observer | None = None,
    drift_s: float = 0.0,
    **policy: Any,
) -> Stage:
    """A zoo of models that hold exactly what they are estimated to."""
    clock = VirtualClock(drift_s)
    triton = FakeTriton(clock, None if driver_mb is None else driver_mb * MB)
    triton.models = {name: Behaviour(size_mb * MB) for name, size_mb in sizes_mb.items()}
    models = [
        ZooModel(
            name,
            (priorities or {}).get(name, Priority.MEDIUM),
            size_mb * MB,
            enabled=name not in disabled,
        )
        for name, size_mb in sizes_mb.items()
    ]
    strict = Policy(budget_mb * MB, minimum_residence_s=0, release_tolerance_bytes=0)
    zoo = Zoo(
        models,
        triton,
        triton,
        replace(strict, **policy),
        known=known,
        clock=clock,
        observer=observer,
    )
    return Stage(zoo, triton, clock)
