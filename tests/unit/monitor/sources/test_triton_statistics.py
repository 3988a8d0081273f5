import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.counters import ModelKey
from monitor.sources.http import BadUrl
from monitor.sources.triton_statistics import (
    ModelStatistics,
    batch_sizes,
    between,
    parse,
    statistics_url,
)
from tests.unit.monitor.sources.triton_text import statistics_text

KEY = ModelKey("capture_quality", "1")


def test_executions_are_counted_by_model_and_batch_size() -> None:
    # 1 ms for each execution, whatever its size.
    assert parse(statistics_text({1: 7, 8: 2})) == {KEY: ModelStatistics({1: 7, 8: 2}, 9000)}


@pytest.mark.parametrize(
    "text", ["nonsense", "[]", "{}", '{"model_stats": [{"name": "m"}]}', "null"]
)
def test_what_is_no_statistics_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"statistics|Expecting"):
        parse(text)


def test_a_model_without_executions_has_none() -> None:
    document: dict[str, Any] = json.loads(statistics_text({}))
    assert document["model_stats"][0]["batch_stats"] == []
    assert parse(json.dumps(document)) == {KEY: ModelStatistics({}, 0)}


def did(executions: dict[int, int], busy_us: int = 0) -> ModelStatistics:
    return ModelStatistics(executions, busy_us)


def test_the_difference_leaves_out_what_did_not_move_and_is_summed_over_models() -> None:
    other = ModelKey("other", "1")
    before = {KEY: did({1: 10, 4: 3}, 500)}
    after = {KEY: did({1: 12, 4: 3, 8: 1}, 750), other: did({1: 5}, 20)}
    added = between(before, after)
    assert added == {KEY: did({1: 2, 8: 1}, 250), other: did({1: 5}, 20)}
    assert batch_sizes(added) == {1: 7, 8: 1}


@pytest.mark.parametrize("after", [{1: 2, 4: 6}, {4: 6}])
def test_after_a_reload_everything_is_new(after: dict[int, int]) -> None:
    found = between({KEY: did({1: 10, 4: 3}, 900)}, {KEY: did(after, 950)})
    assert found == {KEY: did(after, 950)}


COUNTS = st.dictionaries(st.integers(1, 64), st.integers(0, 100))
BUSY_US = st.integers(0, 10**9)


@given(COUNTS, COUNTS, BUSY_US, BUSY_US)
def test_no_difference_is_ever_negative(
    before: dict[int, int], after: dict[int, int], busy_before_us: int, busy_after_us: int
) -> None:
    found = between({KEY: did(before, busy_before_us)}, {KEY: did(after, busy_after_us)})[KEY]
    assert all(count > 0 for count in found.executions.values())
    assert all(count <= after[size] for size, count in found.executions.items())
    assert 0 <= found.busy_us <= busy_after_us


def test_the_path_is_added_where_none_is_named() -> None:
    assert statistics_url("http://127.0.0.1:8003") == "http://127.0.0.1:8003/v2/models/stats"
    assert statistics_url("http://proxy/t/stats") == "http://proxy/t/stats"
    with pytest.raises(BadUrl):
        statistics_url("localhost:8003")
