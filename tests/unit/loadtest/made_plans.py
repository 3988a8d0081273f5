"""A plan that tests vary."""

from loadtest._course._plan import Plan

START_S = 1000.0


def plan(**changes: object) -> Plan:
    values: dict[str, object] = {
        "stages": (10, 25),
        "stage_duration_s": 20.0,
        "warmup_s": 5.0,
        "think_time_s": 2.0,
        "min_samples": 0,
        "max_drain_s": 10.0,
    }
    return Plan(**(values | changes))  # type: ignore[arg-type]
