import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.judgement.verdict import (
    MEASURES,
    ThresholdsError,
    Verdict,
    judge,
    load_thresholds,
)

DEFAULT = load_thresholds()
RANK = {"healthy": 0, "degraded": 1, "overloaded": 2}


@pytest.mark.parametrize(
    ("measure", "value", "level"),
    [
        ("success_percent", 100.0, "healthy"),
        ("success_percent", 99.9, "healthy"),
        ("success_percent", 99.89, "degraded"),
        ("success_percent", 99.5, "degraded"),
        ("success_percent", 95.0, "degraded"),
        ("success_percent", 94.99, "overloaded"),
        ("success_percent", 0.0, "overloaded"),
        ("gpu_percent", 0.0, "healthy"),
        ("gpu_percent", 60.0, "healthy"),
        ("gpu_percent", 80.0, "healthy"),
        ("gpu_percent", 82.0, "degraded"),
        ("gpu_percent", 90.0, "degraded"),
        ("gpu_percent", 90.1, "overloaded"),
        ("gpu_memory_ratio", 9.9 / 12, "healthy"),
        ("gpu_memory_ratio", 10 / 12, "degraded"),
        ("gpu_memory_ratio", 10.5 / 12, "degraded"),
        ("gpu_memory_ratio", 11 / 12, "degraded"),
        ("gpu_memory_ratio", 11.1 / 12, "overloaded"),
        ("temperature_celsius", 30.0, "healthy"),
        ("temperature_celsius", 69.0, "healthy"),
        ("temperature_celsius", 70.0, "degraded"),
        ("temperature_celsius", 80.0, "degraded"),
        ("temperature_celsius", 81.0, "overloaded"),
        ("infer_ms", 19.9, "healthy"),
        ("infer_ms", 20.0, "degraded"),
        ("infer_ms", 50.0, "degraded"),
        ("infer_ms", 50.1, "overloaded"),
        ("e2e_ms", 499.9, "healthy"),
        ("e2e_ms", 500.0, "degraded"),
        ("e2e_ms", 1000.0, "degraded"),
        ("e2e_ms", 1000.1, "overloaded"),
    ],
)
def test_each_measure_alone_has_its_level(measure: str, value: float, level: str) -> None:
    assert judge(DEFAULT, **{measure: value}).level == level  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("values", "rule"),
    [
        ({"e2e_ms": 612.0, "e2e_label": "p50"}, "p50 end-to-end 612 ms > 500 ms"),
        ({"e2e_ms": 1200.4, "e2e_label": "median"}, "median end-to-end 1200 ms > 1000 ms"),
        ({"e2e_ms": 500.0}, "end-to-end 500 ms ≥ 500 ms"),
        ({"e2e_ms": 500.04}, "end-to-end 500.04 ms > 500 ms"),
        ({"success_percent": 99.85}, "success 99.8 % < 99.9 %"),
        ({"success_percent": 94.96}, "success 94.96 % < 95 %"),
        ({"gpu_memory_ratio": 0.95}, "GPU memory 95 % > 91.67 %"),
        ({"temperature_celsius": 84}, "temperature 84 °C > 80 °C"),
        ({"gpu_percent": 82.0}, "GPU utilisation 82 % > 80 %"),
        ({"infer_ms": math.inf}, "inference inf ms > 50 ms"),
    ],
)
def test_the_rule_is_said_in_words_that_are_true(values: dict[str, float], rule: str) -> None:
    assert judge(DEFAULT, **values).rule == rule  # type: ignore[arg-type]


def test_the_worst_level_wins_and_names_its_rule() -> None:
    verdict = judge(DEFAULT, success_percent=97.0, e2e_ms=100.0, temperature_celsius=85.0)
    assert verdict == Verdict("overloaded", "temperature 85 °C > 80 °C")


def test_of_one_level_the_rule_nearest_the_user_is_named() -> None:
    verdict = judge(DEFAULT, gpu_percent=99.0, infer_ms=60.0, success_percent=90.0)
    assert verdict == Verdict("overloaded", "success 90 % < 95 %")


def test_unknown_values_are_left_out_and_nothing_known_is_unknown() -> None:
    assert judge(DEFAULT) == Verdict("unknown", "nothing was measured")
    assert judge(DEFAULT, e2e_ms=math.nan).level == "unknown"
    assert judge(DEFAULT, e2e_ms=None, gpu_percent=3.0) == Verdict("healthy", "within every limit")


values = st.none() | st.floats(0, 2000)


@given(st.fixed_dictionaries({measure.name: values for measure in MEASURES}))
def test_the_verdict_is_the_worst_of_the_single_ones(found: dict[str, float | None]) -> None:
    together = judge(DEFAULT, **found)  # type: ignore[arg-type]
    alone = [judge(DEFAULT, **{name: value}).level for name, value in found.items()]  # type: ignore[arg-type]
    known = [level for level in alone if level != "unknown"]
    assert together.level == (max(known, key=RANK.__getitem__) if known else "unknown")


def test_a_profile_overrides_only_what_it_names(tmp_path: Path) -> None:
    file = tmp_path / "limits.toml"
    shipped = (Path(__file__).parents[4] / "monitor/thresholds.toml").read_text(encoding="utf-8")
    file.write_text(
        shipped + "\n[strict]\ne2e_ms = { healthy = 100, overloaded = 200 }\n", encoding="utf-8"
    )
    strict = load_thresholds(file, "strict")
    assert judge(strict, e2e_ms=150.0).rule == "end-to-end 150 ms > 100 ms"
    assert judge(strict, infer_ms=30.0) == judge(DEFAULT, infer_ms=30.0)
    assert judge(load_thresholds(file), e2e_ms=150.0).level == "healthy"


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (("e2e_ms", "e2e_s"), "e2e_s is none of success_percent, "),
        (("healthy = 500.0", "healthy = 5000.0"), "e2e_ms is overloaded before it is degraded"),
        (("healthy = 500.0", 'healthy = "x"'), "e2e_ms needs { healthy = number"),
        (("healthy = 500.0", "healthy = nan"), "e2e_ms needs { healthy = number"),
        (("healthy = 500.0, ", ""), "e2e_ms needs { healthy = number"),
        (("e2e_ms = ", "# "), "[default] has no e2e_ms"),
        (("[default]", "[other]"), "has no profile [default]; it has: other"),
        (("[default]", "[default"), "is not TOML"),
    ],
)
def test_a_mistake_in_the_file_is_named(
    tmp_path: Path, change: tuple[str, str], complaint: str
) -> None:
    shipped = (Path(__file__).parents[4] / "monitor/thresholds.toml").read_text(encoding="utf-8")
    assert change[0] in shipped
    file = tmp_path / "limits.toml"
    file.write_text(shipped.replace(*change), encoding="utf-8")
    with pytest.raises(ThresholdsError) as caught:
        load_thresholds(file)
    assert complaint in str(caught.value)


def test_a_missing_file_or_profile_is_named(tmp_path: Path) -> None:
    with pytest.raises(ThresholdsError, match="cannot be read: No such file"):
        load_thresholds(tmp_path / "absent.toml")
    with pytest.raises(ThresholdsError, match=r"has no profile \[absent\]; it has: default"):
        load_thresholds(profile="absent")
