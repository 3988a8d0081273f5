"""A server that can be slow, fail, hang, keep memory and start again, on a clock of its own."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from backend.errors import TritonFailed, TritonTimeout, TritonUnavailable


class VirtualClock:
    """Time passes when somebody sleeps, or when the test says so.

    While it stands still, whoever sleeps does so in real time.

    Args:
        drift_s: passes whenever somebody waits in vain, for tests in which all may wait for all.
    """

    def __init__(self, drift_s: float = 0.0) -> None:
        self._drift_s = drift_s
        self._now_s = 1000.0
        self._lock = threading.Lock()
        self._runs = threading.Event()
        self._runs.set()

    def now_s(self) -> float:
        return self._now_s

    def sleep(self, duration_s: float) -> None:
        assert self._runs.wait(20)
        self.advance(duration_s)

    def advance(self, duration_s: float) -> None:
        with self._lock:
            self._now_s += duration_s

    def stand_still(self) -> None:
        self._runs.clear()

    def run_on(self) -> None:
        self._runs.set()

    def wait(self, condition: threading.Condition, timeout_s: float) -> None:
        # In real time only until another look; whether time is up, the virtual clock says.
        if not condition.wait(0.002):
            self.advance(self._drift_s)


@dataclass
class Behaviour:
    """How one model behaves; a test changes it at any time.

    Attributes:
        holds_bytes: while it is loaded.
        keeps_bytes: of them after it was unloaded or failed to load.
        fails: reasons of the next loads, one each.
        hangs: the client gives up on loads, which do not end by themselves.
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
        calls: of any kind.
        on_call: called with each.
        on_unload: called with the name of each unload.
        run: counts the server's starts; `loaded_in_run` has that of each model's load.
        after_index: called once, between an index and its arrival.
        gives_back_after_s: how long after "unloaded" kept memory comes back after all.
        breaks: loads raise what nobody expects.
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
        self.calls = 0
        self.on_call: Callable[[], None] = lambda: None
        self.on_unload: Callable[[str], None] = lambda name: None
        self.loaded_in_run: dict[str, int] = {}
        self.after_index: Callable[[], None] = lambda: None
        self.gives_back_after_s: float | None = None
        self.breaks = False
        self.refuses_unloads = False
        self._lock = threading.Lock()
        self._states: dict[str, str] = {}
        self._held_bytes: dict[str, int] = {}
        self._gone_at_s: dict[str, float] = {}
        self._back_at_s: dict[str, float] = {}
        self.run = 0

    def load(self, name: str) -> None:
        model = self.models[name]
        with self._call():
            self._be_up()
            self.loads.append(name)
            if self.breaks:
                raise RuntimeError("nobody expects this")
            if self._states.get(name) in {"READY", "LOADING", "UNLOADING"}:
                self.twice.append(name)
            self._states[name] = "LOADING"
            self._held_bytes[name] = self._held_bytes.get(name, 0) + model.holds_bytes
            self.most_bytes = max(self.most_bytes, sum(self._held_bytes.values()))
            run = self.run
        if model.gate:
            assert model.gate.wait(20)
        self.clock.sleep(model.load_s)
        with self._call():
            self._be_up()
            if run != self.run:
                raise TritonUnavailable("Triton closed the connection.")
            if model.hangs:
                raise TritonTimeout("Triton did not answer in time.")
            if model.fails:
                reason = model.fails.pop(0)
                self._drop(name, f"UNAVAILABLE: {reason}")
                raise TritonFailed(reason)
            self._states[name] = "READY"
            self.loaded_in_run[name] = run

    def unload(self, name: str) -> None:
        with self._call():
            self._be_up()
            self.unloads.append(name)
            self.on_unload(name)
            if self.refuses_unloads:
                raise TritonFailed("not allowed")
            if self._states.get(name) == "READY":
                self._states[name] = "UNLOADING"
                self._gone_at_s[name] = self.clock.now_s() + self.models[name].unload_s

    def index(self) -> dict[str, str]:
        with self._call():
            self._be_up()
            found = dict(self._states)
        once, self.after_index = self.after_index, lambda: None
        once()
        return found

    def memory_of(self, name: str) -> int | None:
        with self._call():
            return self._held_bytes.get(name, 0)

    def free_bytes(self) -> int | None:
        with self._call():
            if self.driver_bytes is None:
                return None
            return self.driver_bytes - sum(self._held_bytes.values())

    def restart(self) -> None:
        """Everything is gone at once, and an empty server answers."""
        with self._lock:
            self._states.clear()
            self._held_bytes.clear()
            self._gone_at_s.clear()
            self._back_at_s.clear()
            self.run += 1
            self.down = False

    def crash(self) -> None:
        self.restart()
        self.down = True

    def finish_loading(self, name: str) -> None:
        """A load that hung ends well after all."""
        with self._lock:
            if self._states.get(name) == "LOADING":
                self._states[name] = "READY"
                self.loaded_in_run[name] = self.run

    def fail_loading(self, name: str, reason: str) -> None:
        with self._lock:
            self._drop(name, f"UNAVAILABLE: {reason}")

    def memory_of_now(self, name: str) -> int:
        with self._lock:
            return self._held_bytes.get(name, 0)

    def give_memory_back(self, name: str) -> None:
        with self._lock:
            self._held_bytes.pop(name)

    def grow(self, name: str, more_bytes: int) -> None:
        with self._lock:
            self._held_bytes[name] += more_bytes
            self.models[name].holds_bytes += more_bytes

    def ready(self) -> set[str]:
        with self._lock:
            return {name for name, state in self._states.items() if state == "READY"}

    @contextmanager
    def _call(self) -> Iterator[None]:
        self.on_call()
        with self._lock:
            self.calls += 1
            now_s = self.clock.now_s()
            for name, gone_at_s in list(self._gone_at_s.items()):
                if now_s >= gone_at_s and not self.models[name].clings:
                    del self._gone_at_s[name]
                    self._drop(name, "UNAVAILABLE: unloaded")
            for name, back_at_s in list(self._back_at_s.items()):
                if now_s >= back_at_s:
                    del self._back_at_s[name], self._held_bytes[name]
            yield

    def _be_up(self) -> None:
        if self.down:
            raise TritonUnavailable("Triton cannot be reached.")

    def _drop(self, name: str, state: str) -> None:
        model = self.models[name]
        self._states[name] = state
        self._held_bytes[name] -= model.holds_bytes - model.keeps_bytes
        if model.keeps_bytes and self.gives_back_after_s is not None:
            self._back_at_s[name] = self.clock.now_s() + self.gives_back_after_s
