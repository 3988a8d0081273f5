"""A model that stays where it is for as long as somebody uses it."""

import threading
from types import TracebackType

from backend.enrichment.zoo.keeper import Keeper
from backend.enrichment.zoo.reconcile import reconcile
from backend.enrichment.zoo.record import Record
from backend.enrichment.zoo.states import State
from backend.enrichment.zoo.waiting import Asker
from backend.errors import TritonError


class Lease:
    """To be entered once, with `with`.

    Attributes:
        model: what is leased.
        waited_s: for it to be loaded; None where it was resident.
    """

    __slots__ = ("_deadline_s", "_keeper", "_record", "_thread", "model", "waited_s")

    def __init__(self, keeper: Keeper, record: Record, deadline_s: float | None) -> None:
        self._keeper = keeper
        self._record = record
        self._deadline_s = deadline_s
        self._thread = 0
        self.model = record.model
        self.waited_s: float | None = None

    @property
    def loaded_at_s(self) -> float:
        """Tells one load of the model from another."""
        return self._record.loaded_at_s

    def __enter__(self) -> "Lease":
        keeper, record = self._keeper, self._record
        thread = self._thread = threading.get_ident()
        with keeper.lock:
            if record.state is State.READY or record.grants_to(thread):
                record.take(thread, keeper.clock.now_s())
                keeper.observer.leased(record.model, None)
                return self
        self._prepare()
        began_s = keeper.clock.now_s()
        asker = Asker(thread, keeper.until_s(self._deadline_s), record.failed_loads)
        with keeper.lock:
            # Who waits is counted, so that nothing evicts the model before it could be leased.
            record.waiting += 1
            try:
                while not record.grants_to(thread):
                    asker.ask_held(keeper, record)
                    keeper.wait_held(asker.until_s)
            finally:
                record.waiting -= 1
            now_s = keeper.clock.now_s()
            record.take(thread, now_s)
            self.waited_s = now_s - began_s
            keeper.observer.leased(record.model, self.waited_s)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        keeper, record = self._keeper, self._record
        with keeper.lock:
            record.give_back(self._thread, keeper.clock.now_s())
            if record.leases:
                return
            keeper.unload_if_idle_held(record)
            if keeper.demands:
                keeper.schedule_held()

    def _prepare(self) -> None:
        """What asks the server or the driver is done before the lock is taken."""
        if self._keeper.lost_because is not None:
            try:
                reconcile(self._keeper)
            except TritonError:
                return  # the caller is told
        self._keeper.sample_free()
