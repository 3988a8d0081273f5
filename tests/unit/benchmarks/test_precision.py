"""Figures of precisions, from times whose answer is known."""

import pytest

from benchmarks.precision.figures import Call, Cell, drift_table, figures, speed_table
from scripts.efficient_fiqa.drift import Drift

FP32 = Cell("OpenVINO", "fp32", 1, 8)
INT8 = Cell("OpenVINO", "int8", 1, 8)
ALONE = Cell("ONNX Runtime", "int8", 2, 1)


def calls(*wall_ms: float, cpu_ms: float) -> list[Call]:
    return [Call(one, cpu_ms) for one in wall_ms]


def test_rates_go_by_the_clock_and_ratios_by_processor_time_within_a_round() -> None:
    # In the second round the machine is ten times slower by the clock, in processor time twice.
    fp32, int8, alone = figures(
        {
            FP32: [calls(80, 80, cpu_ms=80), calls(800, 800, cpu_ms=160)],
            INT8: [calls(60, 20, cpu_ms=32), calls(400, 400, cpu_ms=64)],
            ALONE: [calls(10, 30, cpu_ms=12)],
        }
    )
    assert (fp32.images_per_s_low, fp32.images_per_s_high) == pytest.approx((10, 100))
    assert fp32.images_per_s == pytest.approx(55)
    assert fp32.cpu_ms_per_image == pytest.approx(15)
    assert fp32.times_fp32 == pytest.approx(1)
    assert int8.times_fp32 == pytest.approx(2.5)
    assert int8.p50_ms == pytest.approx(230)
    assert alone.images_per_s == pytest.approx(50)
    assert alone.cpu_ms_per_image == pytest.approx(12)
    assert alone.times_fp32 is None


def test_what_is_unknown_is_a_dash() -> None:
    speed = speed_table(figures({ALONE: [calls(20, cpu_ms=7)]}))
    assert speed.splitlines()[1].split() == [
        *("ONNX", "Runtime", "int8", "2", "1", "50", "(50-50)", "20.0", "7.0", "-")
    ]
    table = drift_table({("OpenVINO", "int8"): Drift(pictures=1, mean=0.5, max=0.5, spearman=None)})
    assert table.splitlines()[1].split()[-1] == "-"
