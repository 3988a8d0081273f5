"""Many models, one budget of memory: loaded when asked for, evicted when others need the room."""

import threading
from collections.abc import Iterable, Mapping

from backend.enrichment.zoo import upkeep
from backend.enrichment.zoo.control import Clock, Control, Memory, Observer, SystemClock
from backend.enrichment.zoo.keeper import Keeper
from backend.enrichment.zoo.lease import Lease
from backend.enrichment.zoo.ledger import Ledger
from backend.enrichment.zoo.reconcile import reconcile
from backend.enrichment.zoo.record import Record
from backend.enrichment.zoo.server import ModelServer
from backend.enrichment.zoo.states import LOADABLE, Measured, Policy, State, ZooModel
from backend.enrichment.zoo.status import LoadPlan, Status, model_status
from backend.enrichment.zoo.waiting import expected_s, feasible_held, why_not_now
from backend.errors import TritonError, UnknownModel, ZooBusy


class Zoo:
    """All of one server's models but those that are not in `models`, which are left alone.

    Its methods can be called from any thread. Deadlines are on the clock of time.monotonic().

    Args:
        known: what earlier runs measured.
    """

    def __init__(
        self,
        models: Iterable[ZooModel],
        control: Control,
        memory: Memory,
        policy: Policy,
        *,
        known: Mapping[str, Measured] | None = None,
        clock: Clock | None = None,
        observer: Observer | None = None,
    ) -> None:
        self._clock = clock or SystemClock()
        self._policy = policy
        measured = known or {}
        self._records = {
            model.name: Record(model, load_s=measured.get(model.name, Measured()).load_s)
            for model in models
        }
        peaks_bytes = {
            name: one.peak_bytes for name, one in measured.items() if one.peak_bytes is not None
        }
        self._keeper = Keeper(
            self._records,
            Ledger(policy.budget_bytes, peaks_bytes),
            ModelServer(control, memory, self._clock, policy),
            self._clock,
            policy,
            observer or Observer(),
        )
        self._lock = self._keeper.lock
        self._one_tends = threading.Lock()

    def lease(self, name: str, *, deadline_s: float | None = None) -> Lease:
        """To be entered with `with`: loads the model if it must, and keeps it until the end.

        Raises:
            UnknownModel: at once; the others on entering.
            ModelDisabled, ModelTooLarge, ModelFailed, ZooBusy, TritonUnavailable
        """
        return Lease(self._keeper, self._record(name), deadline_s)

    def load(self, name: str, *, deadline_s: float | None = None) -> None:
        """Return when the model is resident.

        Raises:
            As `lease`.
        """
        with self.lease(name, deadline_s=deadline_s):
            pass

    def unload(self, name: str, *, deadline_s: float | None = None) -> None:
        """Wait until nobody uses the model, unload it, and see its memory come back.

        It grants no new leases meanwhile. A pin is taken off.

        Raises:
            ZooBusy: it was in use until the deadline, and stays; or the server is not done yet.
        """
        record, keeper = self._record(name), self._keeper
        until_s = keeper.until_s(deadline_s)
        with self._lock:
            record.pinned = False
            departures = record.departures
            while record.state not in LOADABLE and record.departures == departures:
                if record.state is State.READY:
                    keeper.drain_held(record)
                if self._clock.now_s() >= until_s or record.state is State.STUCK:
                    text = f"{name} could not be unloaded in time: it is {record.state}."
                    if record.state is State.DRAINING:
                        text = f"{name} stays: it was in use all the time."
                        record.become(State.READY, self._clock.now_s())
                        keeper.changed.notify_all()
                    raise ZooBusy(text)
                keeper.wait_held(until_s)

    def pin(self, name: str) -> None:
        """Never evict the model once it is loaded, nor unload it for being idle.

        Raises:
            ModelTooLarge: with what is pinned already it is more than the budget.
        """
        record = self._record(name)
        with self._lock:
            feasible_held(self._keeper, record, with_all_pinned=True)
            record.pinned = True

    def unpin(self, name: str) -> None:
        record = self._record(name)
        with self._lock:
            record.pinned = False
            self._keeper.schedule_held()
            self._keeper.changed.notify_all()

    def plan(self, name: str) -> LoadPlan:
        """What loading the model would mean now; changes nothing."""
        record, keeper = self._record(name), self._keeper
        with self._lock:
            if record.state is State.READY:
                return LoadPlan(name, record.state, (), 0.0, None)
            if error := why_not_now(keeper, record):
                return LoadPlan(name, record.state, (), None, str(error))
            if record.state is State.LOADING or name in keeper.demands:
                return LoadPlan(name, record.state, (), expected_s(keeper, record, ()), None)
            decision = keeper.decide_held([*keeper.demands, name])
            if refusal := decision.refusals.get(name):
                return LoadPlan(name, record.state, (), None, refusal.text)
            earlier = keeper.decide_held(keeper.demands).evict
            evicts = tuple(victim for victim in decision.evict if victim not in earlier)
            return LoadPlan(name, record.state, evicts, expected_s(keeper, record, evicts), None)

    def status(self) -> Status:
        with self._lock:
            ledger, keeper = self._keeper.ledger, self._keeper
            now_s = self._clock.now_s()
            return Status(
                budget_bytes=ledger.budget_bytes,
                used_bytes=ledger.charged_bytes,
                available_bytes=max(0, ledger.free_bytes),
                quarantined_bytes=ledger.quarantined_bytes,
                utilization_ratio=ledger.charged_bytes / ledger.budget_bytes,
                models=tuple(model_status(r, ledger, now_s) for r in self._records.values()),
                pending=tuple(keeper.demands),
                lost_because=keeper.lost_because,
                restart_advised=ledger.quarantined_bytes > self._policy.quarantine_limit_bytes,
            )

    def idle_cleanup(self, idle_s: float | None = None) -> list[str]:
        """Begin to unload what has been idle for long; their names."""
        return upkeep.drain_idle(self._keeper, self._policy.idle_s if idle_s is None else idle_s)

    def reconcile(self) -> tuple[str, ...]:
        """Believe the server's index; to be called at start and when the server may have gone.

        Returns:
            Names of the models that were not what they were believed to be.

        Raises:
            TritonError: the server does not tell.
        """
        return reconcile(self._keeper)

    def tend(self) -> None:
        """All that time brings with it; for a timer, about every second. One at a time."""
        if not self._one_tends.acquire(blocking=False):
            return
        try:
            self.reconcile()
            upkeep.measure(self._keeper)
            self.idle_cleanup()
        except TritonError:
            pass  # noted in the status; the next time may see more
        finally:
            self._one_tends.release()

    def measured(self) -> dict[str, Measured]:
        """What to hand to the next zoo as `known`."""
        with self._lock:
            return {
                name: Measured(self._keeper.ledger.peak_of(name), record.load_s)
                for name, record in self._records.items()
            }

    def _record(self, name: str) -> Record:
        try:
            return self._records[name]
        except KeyError:
            raise UnknownModel(f"There is no model {name!r} in the zoo.") from None
