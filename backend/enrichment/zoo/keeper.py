"""What is where, and the threads that change it."""

import threading
from collections.abc import Callable, Iterable

from backend.enrichment.zoo.admission import Decision, Demand, decide
from backend.enrichment.zoo.control import Clock, Observer
from backend.enrichment.zoo.eviction import Eviction, Resident, plan
from backend.enrichment.zoo.ledger import Ledger
from backend.enrichment.zoo.record import Record, smoothed
from backend.enrichment.zoo.server import Loaded, LoadFailed, ModelServer, Unknown
from backend.enrichment.zoo.states import LEAVING, Policy, State

# What a thread is changing, so that what the driver calls free is about to be something else.
MOVING = frozenset({State.LOADING, State.UNLOADING, State.VERIFYING, State.STUCK})
# Waiting callers look again after this long: time alone can change what may be evicted.
LOOK_AGAIN_S = 0.25


class Keeper:
    """Owns the lock, which guards accounting only: whoever holds it never waits for the server.

    Methods whose names end in `_held` need it held. Each load and unload has a thread of its own,
    which outlives the caller that wanted it.
    """

    def __init__(
        self,
        records: dict[str, Record],
        ledger: Ledger,
        server: ModelServer,
        clock: Clock,
        policy: Policy,
        observer: Observer,
    ) -> None:
        self.lock = threading.Lock()
        self.changed = threading.Condition(self.lock)
        self.records = records
        self.ledger = ledger
        self.server = server
        self.clock = clock
        self.policy = policy
        self.observer = observer
        self.demands: dict[str, float] = {}  # name → until when; oldest demand first
        self.decision = Decision((), (), {})
        self.lost_because: str | None = None
        self._moves = 0  # begun so far; tells whether any began during a look at the driver

    def demand_held(self, record: Record, until_s: float) -> None:
        name = record.model.name
        self.demands[name] = max(until_s, self.demands.get(name, until_s))
        self.schedule_held()

    def schedule_held(self) -> None:
        """Begin what can begin. Called whenever anything has changed."""
        now_s = self.clock.now_s()
        self.demands = {name: until_s for name, until_s in self.demands.items() if until_s > now_s}
        self.decision = self.decide_held(self.demands)
        for name in self.decision.evict:
            self.drain_held(self.records[name], evicted=True)
        self._relieve_held()
        for name in self.decision.admit:
            self._begin_load_held(self.records[name])

    def decide_held(self, names: Iterable[str]) -> Decision:
        now_s = self.clock.now_s()
        wanted = [self.records[name] for name in names]
        return decide(
            [
                Demand(
                    record.model.name, self.ledger.size_bytes(record.model), record.loadable(now_s)
                )
                for record in wanted
            ],
            self.residents_held(),
            self.ledger.free_bytes,
            self._leaving_bytes_held(),
            now_s,
            self.policy,
        )

    def residents_held(self) -> list[Resident]:
        return [
            record.resident(self.ledger.charge_of(record.model.name))
            for record in self.records.values()
            if record.state is State.READY
        ]

    def drain_held(self, record: Record, *, evicted: bool = False) -> None:
        now_s = self.clock.now_s()
        if evicted:
            self.observer.evicted(record.model, now_s - record.loaded_at_s)
        record.become(State.DRAINING, now_s)
        self.unload_if_idle_held(record)

    def unload_if_idle_held(self, record: Record) -> None:
        if record.state is State.DRAINING and not record.leases:
            record.become(State.UNLOADING, self.clock.now_s())
            self._start_held(self._unload, record)

    def verify_held(self, record: Record) -> None:
        """The server has no such model any more: see that its memory came back."""
        record.become(State.VERIFYING, self.clock.now_s())
        self._start_held(self._verify, record)

    def adopt_held(self, record: Record) -> None:
        """The server has it, though not by an order of this zoo that is still remembered."""
        self.ledger.charge(record.model)
        record.loaded(None, self.clock.now_s())

    def sample_free(self) -> None:
        """Ask the driver, and believe it if nothing was being loaded or unloaded meanwhile."""
        with self.lock:
            moves = self._moves
            if any(record.state in MOVING for record in self.records.values()):
                return
        free_bytes = self.server.free_bytes()
        with self.lock:
            if free_bytes is not None and moves == self._moves:
                self.ledger.driver_saw(free_bytes)

    def wait_held(self, until_s: float) -> None:
        """Until anything has changed, but not long, and not beyond `until_s`."""
        left_s = until_s - self.clock.now_s()
        self.clock.wait(self.changed, max(0.0, min(left_s, LOOK_AGAIN_S)))

    def until_s(self, deadline_s: float | None) -> float:
        if deadline_s is None:
            return self.clock.now_s() + self.policy.lease_timeout_s
        return deadline_s

    def _leaving_bytes_held(self) -> int:
        return sum(
            self.ledger.charge_of(record.model.name)
            for record in self.records.values()
            if record.state in LEAVING
        )

    def _relieve_held(self) -> None:
        """Where models turned out larger than the budget bears, let idle ones go."""
        excess_bytes = self.ledger.overdrawn_bytes - self._leaving_bytes_held()
        if excess_bytes <= 0:
            return
        room = plan(self.residents_held(), 0, -excess_bytes, self.clock.now_s(), self.policy)
        if isinstance(room, Eviction):
            for name in room.names:
                self.drain_held(self.records[name], evicted=True)

    def _begin_load_held(self, record: Record) -> None:
        del self.demands[record.model.name]
        self.ledger.charge(record.model)
        record.become(State.LOADING, self.clock.now_s())
        self._start_held(self._load, record)

    def _start_held(self, job: Callable[[Record], None], record: Record) -> None:
        self._moves += 1
        threading.Thread(
            target=job, args=(record,), name=f"zoo-{record.state}-{record.model.name}", daemon=True
        ).start()

    def _load(self, record: Record) -> None:
        name = record.model.name
        outcome: Loaded | LoadFailed | Unknown = Unknown("Loading it ended without an outcome.")
        try:
            outcome = self.server.load(name)
            if isinstance(outcome, LoadFailed) and outcome.out_of_memory and self._make_room():
                outcome = self.server.load(name)
        finally:
            self._settle_load(record, outcome)

    def _make_room(self) -> bool:
        """Unload the one model that would go first, and say whether there was one."""
        with self.lock:
            room = plan(self.residents_held(), 1, 0, self.clock.now_s(), self.policy)
            if not isinstance(room, Eviction):
                return False
            (name,) = room.names
            victim = self.records[name]
            self.observer.evicted(victim.model, self.clock.now_s() - victim.loaded_at_s)
            victim.become(State.DRAINING, self.clock.now_s())
            victim.become(State.UNLOADING, self.clock.now_s())
            self._moves += 1
        self._unload(victim)
        return True

    def _settle_load(self, record: Record, outcome: Loaded | LoadFailed | Unknown) -> None:
        with self.lock:
            now_s = self.clock.now_s()
            match outcome:
                case Loaded(load_s, memory_bytes):
                    self.observer.loaded(record.model, load_s, record.load_s)
                    if memory_bytes is not None:
                        self.ledger.observe(record.model, memory_bytes)
                    record.loaded(load_s, now_s)
                case LoadFailed(reason):
                    record.failed(reason, now_s, self.policy)
                    # What failed may have left something behind.
                    self.verify_held(record)
                case Unknown():
                    self._stuck_held(record, outcome)
            self._moved_on_held()

    def _unload(self, record: Record) -> None:
        outcome: Unknown | float = Unknown("Unloading it ended without an outcome.")
        try:
            outcome = self.server.unload(record.model.name)
        finally:
            with self.lock:
                if isinstance(outcome, Unknown):
                    self._stuck_held(record, outcome)
                else:
                    record.unload_s = smoothed(record.unload_s, outcome)
                    record.become(State.VERIFYING, self.clock.now_s())
                self._moved_on_held()
        if not isinstance(outcome, Unknown):
            self._verify(record)

    def _verify(self, record: Record) -> None:
        left_bytes: int | None = self.ledger.charge_of(record.model.name)
        try:
            left_bytes = self.server.left_after(record.model.name)
        finally:
            with self.lock:
                self.ledger.release(record.model, left_bytes)
                record.departures += 1
                now_s = self.clock.now_s()
                record.become(State.FAILED if now_s < record.retry_at_s else State.ABSENT, now_s)
                self._moved_on_held()

    def _stuck_held(self, record: Record, outcome: Unknown) -> None:
        record.reason = outcome.reason
        record.become(State.STUCK, self.clock.now_s())
        if outcome.lost:
            self.lost_because = outcome.reason

    def _moved_on_held(self) -> None:
        self.schedule_held()
        self.changed.notify_all()
