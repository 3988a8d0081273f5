"""Figures of precisions, from times whose answer is known."""

import pytest

from benchmarks.precision.figures import Cell, drift_table, figures, speed_table
from scripts.efficient_fiqa.drift import Drift

FP32 = Cell("OpenVINO", "fp32", 1, 8)
INT8 = Cell("OpenVINO", "int8", 1, 8)
ALONE = Cell("ONNX Runtime", "int8", 2, 1)


def test_rates_count_pictures_and_ratios_are_taken_within_a_round() -> None:
    # The second round is ten times slower for both: the ratio does not move.
    taken_ms = {
        FP32: [[80.0, 80.0], [800.0, 800.0]],
        INT8: [[40.0, 40.0], [400.0, 400.0]],
        ALONE: [[10.0, 30.0]],
    }
    fp32, int8, alone = figures(taken_ms)
    assert (fp32.images_per_s_low, fp32.images_per_s_high) == pytest.approx((10, 100))
    assert fp32.images_per_s == pytest.approx(55)
    assert fp32.times_fp32 == pytest.approx(1)
    assert int8.times_fp32 == pytest.approx(2)
    assert int8.p50_ms == pytest.approx(220)
    assert alone.images_per_s == pytest.approx(50)
    assert alone.times_fp32 is None


def test_what_is_unknown_is_a_dash() -> None:
    speed = speed_table(figures({ALONE: [[20.0]]}))
    assert speed.splitlines()[1].split() == [
        *("ONNX", "Runtime", "int8", "2", "1", "50", "(50-50)", "20.0", "-")
    ]
    table = drift_table({("OpenVINO", "int8"): Drift(pictures=1, mean=0.5, max=0.5, spearman=None)})
    assert table.splitlines()[1].split()[-1] == "-"
