"""An overload as a person reads it. Pure."""

from collections.abc import Iterable

from benchmarks.overload_phases import Outcome, Plan
from benchmarks.tables import aligned
from benchmarks.usage import Used


def describe(model: str, plan: Plan, found: Outcome, lateness_ms: float | None) -> str:
    """What was offered and what came of it."""
    statuses = ", ".join(f"{status}: {count}" for status, count in sorted(found.statuses.items()))
    faults = ", ".join(f"{fault}: {count}" for fault, count in sorted(found.faults.items()))
    rows = [
        ["capacity", f"{plan.capacity_per_s:.0f} requests/s"],
        ["planned", f"{plan.capacity_per_s * plan.factor:.0f} requests/s"],
        ["offered", f"{found.offered_per_s:.0f} requests/s"],
        ["offered late by, p95", _ms(lateness_ms)],
        ["goodput", f"{found.goodput_per_s:.0f} requests/s"],
        ["p95 of the admitted", _ms(found.admitted_p95_ms)],
        ["p95 of the rejected", _ms(found.rejected_p95_ms)],
        ["p50 before, after", f"{_ms(found.calm_p50_ms)}, {_ms(found.recovered_p50_ms)}"],
    ]
    return "\n".join(
        [
            f"{model}: overload for {plan.overload_s:g} s",
            aligned(rows),
            f"answers by status: {statuses or '-'}",
            f"wrong or incomplete: {faults or '-'}",
        ]
    )


def shares_table(shares: Iterable[Used]) -> str:
    """Processor time of every process during the overload."""
    rows = [
        [f"{share.role}: {share.process}", str(share.pid), f"{share.seconds * 100:.0f} %"]
        for share in shares
    ]
    return aligned([["process", "pid", "of a core"], *rows])


def _ms(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f} ms"
