"""A server that can be slow, fail, hang, keep memory and start again, on a clock of its own."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from backend.enrichment.zoo.control import Observer
from backend.enrichment.zoo.lease import Lease
from backend.enrichment.zoo.states import Measured, Policy, Priority, State, ZooModel
from backend.enrichment.zoo.status import ModelStatus
from backend.enrichment.zoo.zoo import Zoo
from backend.errors import FramegateError, TritonFailed, TritonTimeout, TritonUnavailable

MB = 2**20


class VirtualClock:
    """Time passes when somebody sleeps, or when the test says so."""

    def __init__(self) -> None:
        self._now_s = 1000.0
        self._lock = threading.Lock()

    def now_s(self) -> float:
        return self._now_s

    def sleep(self, duration_s: float) -> None:
        with self._lock:
            self._now_s += duration_s

    advance = sleep

    def wait(self, condition: threading.Condition, timeout_s: float) -> None:
        # In real time only until another look; whether time is up, the virtual clock says.
        condition.wait(0.002)


@dataclass
class Behaviour:
    """How one model behaves; a test changes it at any time.

    Attributes:
        holds_bytes: while it is loaded.
        keeps_bytes: of them after it was unloaded.
        fails: reasons of the next loads, one each.
        hangs: loads never end, and the client gives up.
        clings: an unload never ends.
        gate: a load waits for it, in real time.
    """

    holds_bytes: int
    load_s: float = 1.0
    unload_s: float = 0.1
    keeps_bytes: int = 0
    fails: list[str] = field(default_factory=list)
    hangs: bool = False
    clings: bool = False
    gate: threading.Event | None = None


class FakeTriton:
    """Implements `Control` and `Memory`.

    Attributes:
        most_bytes: the most that was ever held at once.
        loads: names, in the order in which loads began.
        twice: models asked to load while they held memory already.
    """

    def __init__(self, clock: VirtualClock, driver_bytes: int | None = None) -> None:
        self.clock = clock
        self.driver_bytes = driver_bytes
        self.models: dict[str, Behaviour] = {}
        self.down = False
        self.most_bytes = 0
        self.loads: list[str] = []
        self.unloads: list[str] = []
        self.twice: list[str] = []
        self._lock = threading.Lock()
        self._states: dict[str, str] = {}
        self._held_bytes: dict[str, int] = {}
        self._gone_at_s: dict[str, float] = {}

    def load(self, name: str) -> None:
        model = self.models[name]
        with self._lock:
            self._answer()
            self.loads.append(name)
            if self._states.get(name) in {"READY", "LOADING", "UNLOADING"}:
                self.twice.append(name)
            if model.fails:
                reason = model.fails.pop(0)
                self._states[name] = f"UNAVAILABLE: {reason}"
                raise TritonFailed(reason)
            self._states[name] = "LOADING"
            self._held_bytes[name] = self._held_bytes.get(name, 0) + model.holds_bytes
            self.most_bytes = max(self.most_bytes, sum(self._held_bytes.values()))
        if model.gate:
            assert model.gate.wait(20)
        self.clock.sleep(model.load_s)
        with self._lock:
            self._answer()
            if model.hangs:
                raise TritonTimeout("Triton did not answer in time.")
            if name in self._held_bytes:
                self._states[name] = "READY"

    def unload(self, name: str) -> None:
        with self._lock:
            self._answer()
            self.unloads.append(name)
            if self._states.get(name) == "READY":
                self._states[name] = "UNLOADING"
                self._gone_at_s[name] = self.clock.now_s() + self.models[name].unload_s

    def index(self) -> dict[str, str]:
        with self._lock:
            self._answer()
            return dict(self._states)

    def memory_of(self, name: str) -> int | None:
        with self._lock:
            self._pass_time()
            return self._held_bytes.get(name, 0)

    def free_bytes(self) -> int | None:
        with self._lock:
            if self.driver_bytes is None:
                return None
            return self.driver_bytes - sum(self._held_bytes.values())

    def restart(self) -> None:
        """Everything is gone at once, and an empty server answers."""
        with self._lock:
            self._states.clear()
            self._held_bytes.clear()
            self._gone_at_s.clear()
            self.down = False

    def crash(self) -> None:
        self.restart()
        self.down = True

    def finish_loading(self, name: str) -> None:
        """A load that hung ends well after all."""
        with self._lock:
            self._states[name] = "READY"

    def give_memory_back(self, name: str) -> None:
        with self._lock:
            self._held_bytes.pop(name)

    def grow(self, name: str, more_bytes: int) -> None:
        with self._lock:
            self._held_bytes[name] += more_bytes
            self.models[name].holds_bytes += more_bytes

    def ready(self) -> set[str]:
        return {name for name, state in self.index().items() if state == "READY"}

    def _answer(self) -> None:
        if self.down:
            raise TritonUnavailable("Triton cannot be reached.")
        self._pass_time()

    def _pass_time(self) -> None:
        for name, gone_at_s in list(self._gone_at_s.items()):
            model = self.models[name]
            if self.clock.now_s() >= gone_at_s and not model.clings:
                del self._gone_at_s[name]
                self._states[name] = "UNAVAILABLE: unloaded"
                self._held_bytes[name] -= model.holds_bytes - model.keeps_bytes
                if not self._held_bytes[name]:
                    del self._held_bytes[name]


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
    **policy: float,
) -> Stage:
    """A zoo of models that hold exactly what they are estimated to."""
    clock = VirtualClock()
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
