"""A map of nearness in few numbers."""

import numpy as np
import pytest

from tests.unit.backend.enrichment.catalogue import MODELS, asked, picture

SPEC = MODELS["depth-anything-v2-small"]


def test_what_is_nearer_has_larger_cells_and_the_spread_is_in_the_models_numbers() -> None:
    near = np.tile(np.linspace(2, 12, 518, dtype=np.float32), (518, 1))[np.newaxis]
    answer = asked(SPEC, {"predicted_depth": near}, picture(320, 240))
    assert (answer["minimum"], answer["maximum"]) == (2, 12)
    # A slope has its percentiles where they are on its way, but for the width of a column.
    spread = {"p5": 2.5, "p25": 4.5, "p50": 7, "p75": 9.5, "p95": 11.5}
    assert answer["percentiles"] == pytest.approx(spread, abs=10 / 517)
    grid = np.array(answer["grid"])
    assert grid.shape == (12, 16)
    assert (np.diff(grid, axis=1) > 0).all()
    assert (grid == grid[0]).all()
    # The outer cells are 32 of 518 columns: their mean is half a cell from the edge.
    assert grid[0, 0] == np.round(15.5 / 517, 3)


def test_rows_of_the_grid_run_from_the_top_and_every_value_counts_once() -> None:
    near = np.zeros((1, 518, 518), np.float32)
    near[0, -44:] = 1
    grid = np.array(asked(SPEC, {"predicted_depth": near}, picture(320, 240))["grid"])
    # The last of twelve parts of 518 rows begins with row 474.
    assert (grid[-1] == 1).all()
    assert (grid[:-1] == 0).all()


def test_a_flat_map_has_nothing_nearer_than_the_rest() -> None:
    flat = np.full((1, 518, 518), 3, np.float32)
    answer = asked(SPEC, {"predicted_depth": flat}, picture(320, 240))
    assert not np.array(answer["grid"]).any()
