"""What is done every second or so, whether anybody asks or not."""

from backend.enrichment.zoo.keeper import Keeper
from backend.enrichment.zoo.states import LOADABLE, State


def drain_idle(keeper: Keeper, idle_s: float) -> list[str]:
    """Begin to unload what nobody has used for `idle_s`, but what is pinned."""
    with keeper.lock:
        now_s = keeper.clock.now_s()
        idle = [
            record
            for record in keeper.records.values()
            if record.state is State.READY
            and not (record.leases or record.waiting or record.pinned)
            and now_s - record.last_used_s > idle_s
        ]
        for record in idle:
            keeper.drain_held(record)
        return [record.model.name for record in idle]


def measure(keeper: Keeper) -> list[str]:
    """Look at the memory of all that is resident, and of all that should be gone.

    Returns:
        Models that are being unloaded because they have outgrown what they were measured to hold.
    """
    with keeper.lock:
        before = {
            name: record.changes
            for name, record in keeper.records.items()
            if record.state is State.READY
            or (record.state in LOADABLE and keeper.ledger.quarantined_of(name))
        }
    found = {name: keeper.server.memory_of(name) for name in before}
    outgrown = []
    with keeper.lock:
        for name, memory_bytes in found.items():
            record = keeper.records[name]
            if memory_bytes is None or record.changes != before[name]:
                continue
            if record.state is not State.READY:
                tolerated = memory_bytes <= keeper.policy.release_tolerance_bytes
                keeper.ledger.release(record.model, 0 if tolerated else memory_bytes)
                continue
            own_bytes = memory_bytes - keeper.ledger.quarantined_of(name)
            charged_bytes = keeper.ledger.charge_of(name)
            if charged_bytes and own_bytes > keeper.policy.outgrown_ratio * charged_bytes:
                keeper.observer.outgrew(record.model, own_bytes)
                keeper.drain_held(record)
                outgrown.append(name)
            else:
                keeper.ledger.observe(record.model, memory_bytes)
        keeper.schedule_held()
        keeper.changed.notify_all()
    keeper.sample_free()
    return outgrown
