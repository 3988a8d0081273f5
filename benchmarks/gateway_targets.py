"""How the gateway compares with the others, and how it should. Pure."""

from collections.abc import Mapping

from benchmarks.figures import Target, difference, ratio, spread
from benchmarks.lineup import GATEWAY, TITLES
from benchmarks.rounds import Result

OVER_REFERENCE = 10.0
OF_TRITON = 0.6
GATEWAY_CPU_MS = 0.7
BEYOND_TRITON_MS = 1.0


def targets_of(results: Mapping[str, Result], limits: bool) -> list[Target]:
    """Every comparison that these results allow.

    Args:
        limits: whether speed is asked for. Right answers always are.
    """
    gateway = results.get(GATEWAY)
    if gateway is None:
        return []
    targets = []
    for name, least in (
        ("reference", OVER_REFERENCE),
        ("reference-delayed", OVER_REFERENCE),
        ("triton", OF_TRITON),
        ("triton-shm", OF_TRITON),
    ):
        if name in results:
            quotient = ratio(rates(gateway), rates(results[name]))
            title = f"requests/s, this gateway / {TITLES[name]}"
            limit = least if limits else None
            targets.append(Target.over_rounds(title, quotient, limit, True))
    cpu_ms = spread(window.cpu_ms.get("gateway") for window in gateway.busy)
    limit_ms = GATEWAY_CPU_MS if limits else None
    targets.append(Target.over_rounds("gateway CPU per request", cpu_ms, limit_ms, False, " ms"))
    if "triton" in results:
        beyond_ms = difference(alone_p50s_ms(gateway), alone_p50s_ms(results["triton"]))
        limit_ms = BEYOND_TRITON_MS if limits else None
        title = "p50 at 1 connection, this gateway - Triton alone"
        targets.append(Target.over_rounds(title, beyond_ms, limit_ms, False, " ms"))
    return [*targets, faults_target(results)]


def faults_target(results: Mapping[str, Result]) -> Target:
    """No candidate may fail a request or score another picture."""
    faults = sum(
        window.errors + (window.wrong or 0)
        for result in results.values()
        for window in (*result.busy, *result.alone)
    )
    return Target("errors and wrong answers, all candidates", faults, 0, False)


def rates(result: Result) -> list[float | None]:
    return [window.requests_per_s for window in result.busy]


def alone_p50s_ms(result: Result) -> list[float | None]:
    return [window.p50_ms for window in result.alone]
