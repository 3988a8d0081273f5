from hypothesis import given
from hypothesis import strategies as st

from monitor.output.columns import Column, cut, fitting

COLUMNS = (Column("a", 4, worth=2), Column("b", 6, worth=0), Column("c", 5, worth=1))


def names(width: int | None) -> str:
    return "".join(column.name for column in fitting(COLUMNS, width))


def test_columns_go_by_worth_and_the_rest_keep_their_order() -> None:
    assert [names(width) for width in (None, 14, 13, 8, 7, 0)] == [
        "abc",
        "abc",
        "ac",
        "ac",
        "a",
        "a",
    ]


@given(st.text(max_size=30), st.integers(min_value=0, max_value=40))
def test_a_text_is_whole_or_says_that_it_was_cut(text: str, width: int) -> None:
    short = cut(text, width)
    assert len(short) <= width
    if short != text:
        assert text.startswith(short[:-1])
        assert short in ("", short[:-1] + "…")
        assert len(short) == width


def test_without_a_width_nothing_is_cut() -> None:
    assert cut("abc" * 100, None) == "abc" * 100
