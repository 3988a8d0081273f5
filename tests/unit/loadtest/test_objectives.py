import math
import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtest._analysis._metrics import summarise
from loadtest._analysis._objectives import (
    AGGREGATES,
    METRICS,
    OPERATORS,
    SCALARS,
    evaluate,
    parse,
    parse_all,
)
from loadtest._analysis._stages import Measured

NONE = summarise([], "ms")
NOTHING = Measured(0, 0, {}, 10.0, NONE, NONE, NONE, NONE, NONE, NONE, NONE)
limits = st.floats(0, 1e6).map(lambda value: round(value, 3))
blanks = st.sampled_from(["", " ", "  "])


def measured(good_ms: list[float], failed: int = 0) -> Measured:
    return replace(
        NOTHING,
        requests=len(good_ms) + failed,
        successful=len(good_ms),
        response_ms=summarise(good_ms, "ms"),
        triton_ms=summarise([value / 2 for value in good_ms], "ms"),
    )


def refusal(text: str) -> str | None:
    try:
        parse(text)
    except ValueError as error:
        return str(error)
    return None


@given(
    st.sampled_from([None, *METRICS]),
    st.sampled_from(list(AGGREGATES)),
    st.sampled_from(["<", "<=", ">", ">="]),
    limits,
    st.sampled_from(["", "ms", "s"]),
    blanks,
)
def test_what_is_written_of_a_time_is_what_is_read(
    metric: str | None, aggregate: str, operator: str, limit: float, unit: str, blank: str
) -> None:
    prefix = "" if metric is None else f"{metric}{blank}:{blank}"
    text = f"{blank}{prefix}{aggregate}{blank}{operator}{blank}{limit:f}{unit}{blank}"
    objective = parse(text)
    assert objective.text == text
    assert objective.metric == (metric or "response")
    assert (objective.aggregate, objective.operator) == (aggregate, operator)
    assert objective.limit == pytest.approx(limit * (1000 if unit == "s" else 1))
    assert objective.unit == "ms"


@given(
    st.sampled_from(["success", "failed"]),
    st.sampled_from(list(OPERATORS)),
    st.floats(0, 100).map(lambda value: round(value, 3)),
    st.sampled_from(["", "%", " %"]),
)
def test_what_is_written_of_success_is_what_is_read(
    scalar: str, operator: str, limit: float, unit: str
) -> None:
    objective = parse(f"{scalar}{operator}{limit:f}{unit}")
    assert (objective.metric, objective.aggregate) == (None, scalar)
    assert (objective.operator, objective.limit, objective.unit) == (operator, limit, "%")


@given(st.text(alphabet="p(95)avgmedx:<=>! .0123s%nif-é", max_size=20))
def test_any_text_is_read_or_refused_with_a_sentence_and_a_limit_is_a_number(text: str) -> None:
    told = refusal(text)
    if told is not None:
        assert repr(text) in told
        return
    objective = parse(text)
    assert math.isfinite(objective.limit)
    assert objective.limit >= 0
    assert (objective.metric is None) == (objective.aggregate in SCALARS)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("p(95)", "an objective is like p(95)<500"),
        ("", "an objective is like p(95)<500"),
        ("p(95)<500<600", "an objective is like p(95)<500"),
        ("p(95)=<500", "'=<' in 'p(95)=<500' is none of the operators <, <=, >, >=, ==, !="),
        ("http:avg<5", "'http' in 'http:avg<5' is none of the metrics response, scheduled, decode"),
        (":avg<5", "'' in ':avg<5' is none of the metrics"),
        (
            "p(99.9)<5",
            "'p(99.9)' in 'p(99.9)<5' is none of the aggregates avg, med, min, max, p(50)",
        ),
        ("mean<5", "without a metric also success, failed, rate"),
        ("avg<nan", "'nan' in 'avg<nan' is not a number from 0 up"),
        ("avg<inf", "'inf' in 'avg<inf' is not a number"),
        ("avg<-5", "'-5' in 'avg<-5' is not a number"),
        ("avg<5min", "'5min' in 'avg<5min' is not a number"),
        ("avg<5%", "a time is in ms (the default) or s, not in %"),
        ("avg==5", "a time is never exactly a number"),
        ("rate!=5", "a rate is never exactly a number"),
        ("rate>5%", "rate is good answers per second, without a unit, not in %"),
        ("failed<5ms", "failed is a percentage, not in ms"),
        ("success>=101", "success is a percentage from 0 to 100"),
        ("triton:success>9", "success stands alone, without 'triton' before"),
    ],
)
def test_a_wrong_objective_is_refused_by_what_is_wrong_with_it(text: str, told: str) -> None:
    with pytest.raises(ValueError, match=re.escape(told)):
        parse(text)


@pytest.mark.parametrize("digits", [400, 306])
def test_a_limit_too_large_for_a_number_is_refused_in_either_unit(digits: int) -> None:
    with pytest.raises(ValueError, match="is not a number"):
        parse(f"avg<{'9' * digits}s")


def test_several_are_read_in_their_order_and_one_may_come_twice() -> None:
    texts = ["p(95)<500", "failed<1", "p(95)<500"]
    assert [objective.text for objective in parse_all(texts)] == texts


@pytest.mark.parametrize(
    ("text", "value", "met", "sentence"),
    [
        ("p(95)<500", 400.0, True, "response p(95) is 400 ms, objective < 500 ms: met."),
        (
            "p( 95.0 ) < 0.4s",
            400.0,
            False,
            "response p(95) is 400 ms, objective < 400 ms: not met.",
        ),
        ("avg<=400", 400.0, True, "response avg is 400 ms, objective <= 400 ms: met."),
        ("max<399.9", 400.0, False, "response max is 400 ms, objective < 399.9 ms: not met."),
        ("triton:med>100", 200.0, True, "triton med is 200 ms, objective > 100 ms: met."),
        ("success>=99", 130 / 1.31, True, "success is 99.2 %, objective >= 99 %: met."),
        ("failed==0", 1 / 1.31, False, "failed is 1 %, objective == 0 %: not met."),
        ("failed!=0", 1 / 1.31, True, "failed is 1 %, objective != 0 %: met."),
        ("rate>=50", 13.0, False, "rate is 13 per s, objective >= 50 per s: not met."),
    ],
)
def test_an_objective_is_held_against_what_was_measured(
    text: str, value: float, met: bool, sentence: str
) -> None:
    result = evaluate(parse(text), measured([400.0] * 130, failed=1))
    assert result.text == text
    assert result.value == pytest.approx(value)
    assert result.met is met
    assert result.sentence == sentence


def test_the_value_shown_stays_on_its_side_of_the_limit() -> None:
    result = evaluate(parse("avg<500"), measured([499.96]))
    assert "is 499.96 ms" in result.sentence


def test_with_too_few_samples_a_percentile_is_neither_met_nor_missed() -> None:
    result = evaluate(parse("p(95)<500"), measured([400.0] * 90))
    assert (result.value, result.met) == (None, None)
    assert result.sentence == (
        "response p(95) < 500 ms cannot be said: insufficient samples: 90, 130 needed."
    )


@pytest.mark.parametrize(
    "text", ["p(95)<500", "avg<500", "triton:max<5", "success>=99", "failed<1"]
)
def test_where_nothing_was_measured_nothing_is_met_or_missed(text: str) -> None:
    result = evaluate(parse(text), NOTHING)
    assert (result.value, result.met) == (None, None)
    assert result.sentence.endswith("cannot be said: nothing was measured.")
