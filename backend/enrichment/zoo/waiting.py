"""One caller's wait for a model that is not resident: when to go on, when to be refused."""

from collections.abc import Collection
from dataclasses import dataclass

from backend.enrichment.zoo.eviction import Why, too_large
from backend.enrichment.zoo.keeper import Keeper
from backend.enrichment.zoo.record import Record
from backend.enrichment.zoo.states import LEAVING, State
from backend.errors import (
    FramegateError,
    ModelDisabled,
    ModelFailed,
    ModelTooLarge,
    TritonUnavailable,
    ZooBusy,
)


@dataclass
class Asker:
    """Attributes:
    failed_loads: of the model before this caller came.
    """

    thread: int
    until_s: float
    failed_loads: int
    asked: bool = False

    def ask_held(self, keeper: Keeper, record: Record) -> None:
        """See to it that the model is being loaded, or raise why it will not be in time."""
        name, now_s = record.model.name, keeper.clock.now_s()
        if record.failed_loads > self.failed_loads:
            raise _failed(record, now_s)
        if error := why_not_now(keeper, record):
            raise error
        _not_of_its_own_making(keeper, record, self.thread)
        expected = expected_s(keeper, record, ())
        if now_s >= self.until_s:
            late = _late(keeper, record)
            keeper.schedule_held()  # without this caller's demand, which is over
            raise ZooBusy(late, retry_after_s=expected)
        too_long = not self.asked and expected is not None and now_s + expected > self.until_s
        self.asked = True
        if record.state is not State.LOADING:
            # One that is refused for its haste has it loaded all the same, for when it comes back.
            until_s = now_s + 2 * expected if too_long and expected is not None else self.until_s
            keeper.demand_held(record, until_s)
        if too_long:
            raise ZooBusy(
                f"{name} takes about {expected:.1f} s more to load, which is longer than you wait.",
                retry_after_s=expected,
            )
        refusal = keeper.decision.refusals.get(name)
        if refusal and refusal.why is Why.YOUNG and now_s + refusal.retry_after_s > self.until_s:
            raise ZooBusy(f"{name}: {refusal.text}", retry_after_s=refusal.retry_after_s)


def why_not_now(keeper: Keeper, record: Record) -> FramegateError | None:
    """What forbids to load the model at all, for now or for good."""
    name, now_s = record.model.name, keeper.clock.now_s()
    if not record.model.enabled:
        return ModelDisabled(f"The model {name} is switched off.")
    if record.retry_at_s > now_s:
        return _failed(record, now_s)
    if keeper.lost_because is not None:
        return TritonUnavailable(keeper.lost_because)
    if record.state is State.STUCK:
        return ZooBusy(f"{name}: {record.reason}")
    try:
        feasible_held(keeper, record)
    except ModelTooLarge as error:
        return error
    return None


def feasible_held(keeper: Keeper, record: Record, *, with_all_pinned: bool = False) -> None:
    """Before anybody is evicted: could the model fit if all went that may go?

    Args:
        with_all_pinned: count pinned models that are not loaded, too.

    Raises:
        ModelTooLarge: with the sizes.
    """
    ledger = keeper.ledger
    pinned_bytes = sum(
        ledger.size_bytes(other.model) if with_all_pinned else ledger.charge_of(other.model.name)
        for other in keeper.records.values()
        if other.pinned and other is not record
    )
    size_bytes = ledger.size_bytes(record.model)
    if size_bytes > ledger.budget_bytes - pinned_bytes and size_bytes:
        text = too_large(size_bytes, pinned_bytes, ledger.budget_bytes)
        raise ModelTooLarge(f"{record.model.name} can never be loaded. {text}")


def expected_s(keeper: Keeper, record: Record, evicts: Collection[str]) -> float | None:
    """How long until the model can be used, from measured loads and unloads."""
    if record.load_s is None:
        return None
    in_state_s = keeper.clock.now_s() - record.since_s
    if record.state is State.LOADING:
        return max(0.0, record.load_s - in_state_s)
    unloads_s = [keeper.records[name].unload_s or 0.0 for name in evicts]
    if record.state in LEAVING:
        unloads_s.append(max(0.0, (record.unload_s or 0.0) - in_state_s))
    return record.load_s + max(unloads_s, default=0.0)


def _not_of_its_own_making(keeper: Keeper, record: Record, thread: int) -> None:
    """A caller whose own leases leave no room would wait for itself."""
    own = [
        other
        for other in keeper.records.values()
        if (thread in other.holders or other.pinned) and other is not record
    ]
    ledger = keeper.ledger
    kept_bytes = sum(ledger.charge_of(other.model.name) for other in own)
    size_bytes = ledger.size_bytes(record.model)
    if size_bytes and size_bytes > ledger.budget_bytes - kept_bytes:
        names = ", ".join(other.model.name for other in own)
        raise ZooBusy(f"{record.model.name} has no room while this request uses {names}.")


def _late(keeper: Keeper, record: Record) -> str:
    name = record.model.name
    refusal = keeper.decision.refusals.get(name)
    if refusal and record.state is not State.LOADING:
        return f"{name} cannot be loaded now: {refusal.text}"
    return f"{name} was not ready in time: it is {record.state}."


def _failed(record: Record, now_s: float) -> ModelFailed:
    wait_s = record.retry_at_s - now_s
    text = f"{record.model.name} could not be loaded: {record.reason}"
    if wait_s <= 0:
        return ModelFailed(text)
    return ModelFailed(
        f"{text} It failed {record.failures} times in a row and is tried again in {wait_s:.0f} s.",
        retry_after_s=wait_s,
    )
