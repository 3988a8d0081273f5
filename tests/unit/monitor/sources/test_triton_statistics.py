import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.counters import ModelKey
from monitor.sources.triton_metrics import BadUrl
from monitor.sources.triton_statistics import between, parse, statistics_url
from tests.unit.monitor.sources.triton_text import statistics_text

KEY = ModelKey("capture_quality", "1")


def test_executions_are_counted_by_model_and_batch_size() -> None:
    assert parse(statistics_text({1: 7, 8: 2})) == {KEY: {1: 7, 8: 2}}


@pytest.mark.parametrize(
    "text", ["nonsense", "[]", "{}", '{"model_stats": [{"name": "m"}]}', "null"]
)
def test_what_is_no_statistics_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"statistics|Expecting"):
        parse(text)


def test_a_model_without_executions_has_none() -> None:
    document: dict[str, Any] = json.loads(statistics_text({}))
    assert document["model_stats"][0]["batch_stats"] == []
    assert parse(json.dumps(document)) == {KEY: {}}


def test_the_difference_is_summed_over_models_and_leaves_out_what_did_not_move() -> None:
    other = ModelKey("other", "1")
    before = {KEY: {1: 10, 4: 3}}
    after = {KEY: {1: 12, 4: 3, 8: 1}, other: {1: 5}}
    assert between(before, after) == {1: 7, 8: 1}


@pytest.mark.parametrize("after", [{1: 2, 4: 6}, {4: 6}])
def test_after_a_reload_everything_is_new(after: dict[int, int]) -> None:
    assert between({KEY: {1: 10, 4: 3}}, {KEY: after}) == after


@given(
    st.dictionaries(st.integers(1, 64), st.integers(0, 100)),
    st.dictionaries(st.integers(1, 64), st.integers(0, 100)),
)
def test_no_difference_is_ever_negative(before: dict[int, int], after: dict[int, int]) -> None:
    found = between({KEY: before}, {KEY: after})
    assert all(count > 0 for count in found.values())
    assert all(found[size] <= after[size] for size in found)


def test_the_path_is_added_where_none_is_named() -> None:
    assert statistics_url("http://127.0.0.1:8003") == "http://127.0.0.1:8003/v2/models/stats"
    assert statistics_url("http://proxy/t/stats") == "http://proxy/t/stats"
    with pytest.raises(BadUrl):
        statistics_url("localhost:8003")
