"""How far scores moved."""

import numpy as np
import pytest

from scripts.efficient_fiqa.drift import drift, spearman


def floats(*values: float) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    return np.array(values, np.float32)


def test_mean_and_largest_difference_and_ranks() -> None:
    found = drift(floats(0.1, 0.25, 0.3), floats(0.1, 0.2, 0.4))
    assert found.pictures == 3
    assert found.mean == pytest.approx(0.05)
    assert found.max == pytest.approx(0.1)
    assert found.spearman == pytest.approx(1)


def test_a_score_that_is_no_number_is_as_far_away_as_can_be() -> None:
    assert drift(floats(0.1, np.nan), floats(0.1, 0.2)).max == np.inf


def test_ranks_turned_round_correlate_at_minus_one_and_ties_share_theirs() -> None:
    assert spearman(floats(1, 2, 3), floats(9, 5, 1)) == pytest.approx(-1)
    # By hand: ranks 1.5, 1.5, 3 against 1, 2, 3.
    assert spearman(floats(1, 1, 2), floats(1, 2, 3)) == pytest.approx(np.sqrt(3) / 2)


def test_where_nothing_varies_there_is_no_correlation() -> None:
    assert spearman(floats(1, 1), floats(1, 2)) is None
