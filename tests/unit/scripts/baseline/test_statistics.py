"""Rank correlation, intervals and the ship gate."""

import numpy as np
import pytest

from scripts.baseline.statistics import judge, order_kept, ranks, resampled


def test_equal_values_share_the_mean_of_their_ranks() -> None:
    np.testing.assert_array_equal(ranks(np.array([3.0, 1.0, 3.0, 2.0])), [2.5, 0, 2.5, 1])


def test_scores_that_fall_at_every_step_keep_the_order() -> None:
    assert order_kept(np.array([0.9, 0.8, 0.79, 0.1])) == pytest.approx(1)
    assert order_kept(np.array([0.1, 0.2, 0.3])) == pytest.approx(-1)


def test_one_exchange_costs_what_spearmans_formula_says() -> None:
    # 1 − 6 Σd² / (n(n² − 1)) with two ranks exchanged: Σd² = 2, n = 4.
    assert order_kept(np.array([0.9, 0.7, 0.8, 0.1])) == pytest.approx(1 - 12 / 60)


def test_a_score_that_never_moves_says_nothing() -> None:
    assert order_kept(np.full(6, 0.5)) == 0


def test_an_interval_surrounds_its_mean_and_is_the_same_again() -> None:
    values = np.random.default_rng(1).normal(0.5, 0.1, 40)
    interval = resampled(values, seed=3)
    assert interval == resampled(values, seed=3)
    assert interval.low < interval.mean < interval.high
    # Twice the standard error on either side, roughly.
    assert interval.high - interval.low == pytest.approx(4 * 0.1 / np.sqrt(40), rel=0.3)


def test_the_gate_opens_for_a_model_that_beats_the_best_baseline_for_sure() -> None:
    rng = np.random.default_rng(2)
    base = rng.normal(0.6, 0.2, 40)
    gate = judge(base + rng.normal(0.1, 0.05, 40), {"good": base, "poor": base - 0.3}, seed=1)
    assert gate.best == "good"
    assert gate.difference.mean == pytest.approx(0.1, abs=0.03)
    assert gate.passed


def test_the_gate_stays_shut_where_the_interval_reaches_zero() -> None:
    rng = np.random.default_rng(2)
    base = rng.normal(0.6, 0.2, 40)
    gate = judge(base + rng.normal(0.01, 0.2, 40), {"good": base}, seed=1)
    assert gate.difference.low <= 0
    assert not gate.passed


def test_the_gate_stays_shut_for_a_model_that_is_worse() -> None:
    base = np.random.default_rng(2).normal(0.6, 0.2, 40)
    assert not judge(base - 0.1, {"good": base, "poor": base - 0.5}, seed=1).passed
