"""What the zoo believes, held against the server's index."""

from backend.enrichment.zoo.keeper import Keeper
from backend.enrichment.zoo.record import Record
from backend.enrichment.zoo.server import in_memory, is_ready
from backend.enrichment.zoo.states import LOADABLE, State
from backend.errors import TritonError

# Others are in the hands of a thread, which looks at the index itself.
CHECKED = frozenset({State.ABSENT, State.READY, State.DRAINING, State.FAILED, State.STUCK})


def reconcile(keeper: Keeper) -> tuple[str, ...]:
    """Correct what is believed of each model.

    A server that was started again has nothing resident; one that outlived an earlier zoo may have
    much. Models that are not the zoo's are left alone.

    Returns:
        Names of the models that were not what they were believed to be.

    Raises:
        TritonError: the server does not tell.
    """
    with keeper.lock:
        before = {
            name: record.changes
            for name, record in keeper.records.items()
            if record.state in CHECKED
        }
    try:
        index = keeper.server.index()
    except TritonError as error:
        with keeper.lock:
            keeper.lost_because = str(error)
            keeper.changed.notify_all()
        raise
    with keeper.lock:
        keeper.lost_because = None
        corrected = []
        for name, changes in before.items():
            record = keeper.records[name]
            # One that has moved on since is newer than what the index said.
            if record.changes == changes and _correct_held(
                keeper, record, index.get(name, "UNAVAILABLE")
            ):
                corrected.append(name)
        keeper.schedule_held()
        keeper.changed.notify_all()
    return tuple(corrected)


def _correct_held(keeper: Keeper, record: Record, text: str) -> bool:
    if record.state not in LOADABLE and not in_memory(text):
        keeper.verify_held(record)
    elif record.state in LOADABLE | {State.STUCK} and is_ready(text):
        keeper.adopt_held(record)
        if not record.model.enabled:
            keeper.drain_held(record)
    else:
        return False
    return True
