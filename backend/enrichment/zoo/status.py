"""What the zoo tells about itself."""

from dataclasses import dataclass

from backend.enrichment.zoo.ledger import Ledger
from backend.enrichment.zoo.record import Record
from backend.enrichment.zoo.states import Priority, State

RESIDENT = frozenset({State.READY, State.DRAINING})


@dataclass(frozen=True)
class ModelStatus:
    """Attributes:
    charged_bytes: of the budget, now.
    peak_bytes: the most it was measured to hold.
    idle_s: since its last use; None unless it is resident.
    retry_after_s: until a failed model is tried again.
    """

    name: str
    priority: Priority
    enabled: bool
    state: State
    leases: int
    waiting: int
    pinned: bool
    size_bytes: int
    charged_bytes: int
    quarantined_bytes: int
    peak_bytes: int | None
    idle_s: float | None
    load_s: float | None
    failures: int
    reason: str | None
    retry_after_s: float | None

    @property
    def resident(self) -> bool:
        return self.state in RESIDENT


@dataclass(frozen=True)
class Status:
    """Attributes:
    used_bytes: of the budget, with what did not come back.
    available_bytes: of the budget, or of what the driver has where that is less.
    pending: models asked for that wait for room, oldest first.
    lost_because: why the server cannot be reached; None while it can.
    restart_advised: so much memory did not come back that only a new server frees it.
    """

    budget_bytes: int
    used_bytes: int
    available_bytes: int
    quarantined_bytes: int
    utilization_ratio: float
    models: tuple[ModelStatus, ...]
    pending: tuple[str, ...]
    lost_because: str | None
    restart_advised: bool


@dataclass(frozen=True)
class LoadPlan:
    """What loading a model would mean now.

    Attributes:
        evicts: models that would go, the first to go first.
        expected_s: until it could be used; None where no load was ever measured.
        why_not: None where it can be loaded, or is.
    """

    name: str
    state: State
    evicts: tuple[str, ...]
    expected_s: float | None
    why_not: str | None


def model_status(record: Record, ledger: Ledger, now_s: float) -> ModelStatus:
    model = record.model
    resident = record.state in RESIDENT
    return ModelStatus(
        name=model.name,
        priority=model.priority,
        enabled=model.enabled,
        state=record.state,
        leases=record.leases,
        waiting=record.waiting,
        pinned=record.pinned,
        size_bytes=ledger.size_bytes(model),
        charged_bytes=ledger.charge_of(model.name),
        quarantined_bytes=ledger.quarantined_of(model.name),
        peak_bytes=ledger.peak_of(model.name),
        idle_s=max(0.0, now_s - record.last_used_s) if resident and not record.leases else None,
        load_s=record.load_s,
        failures=record.failures,
        reason=record.reason,
        retry_after_s=record.retry_at_s - now_s if record.retry_at_s > now_s else None,
    )
