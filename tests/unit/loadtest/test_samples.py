import math

from hypothesis import given
from hypothesis import strategies as st

from loadtest._load._samples import Sample, Samples

TIMES = st.floats(0, 1e10)
UNKNOWN = st.none() | TIMES
SAMPLES = st.lists(
    st.builds(
        Sample,
        *(TIMES, TIMES, TIMES, st.none() | st.sampled_from(["HTTP 503", "HTTP 500", "no answer"])),
        *([UNKNOWN] * 5),
    ),
    max_size=12,
)


def made(samples: list[Sample]) -> Samples:
    columns = Samples()
    columns.extend(samples)
    return columns


@given(SAMPLES, st.slices(12))
def test_columns_read_like_the_list_they_were_made_of(samples: list[Sample], part: slice) -> None:
    columns = made(samples)
    assert len(columns) == len(samples)
    assert list(columns) == samples
    assert columns[part] == samples[part]
    assert [columns[index] for index in range(-len(samples), 0)] == samples


@given(SAMPLES, SAMPLES)
def test_what_is_packed_in_one_process_is_added_in_another(
    here: list[Sample], there: list[Sample]
) -> None:
    columns = made(here)
    columns.unpack(made(there).packed())
    assert list(columns) == here + there


def test_a_number_that_is_not_known_is_none_again_and_never_nan() -> None:
    unknown = Sample(1.0, 0.0, 5.0, "HTTP 503", None, None, None, None, None)
    (read,) = made([unknown])
    assert read == unknown
    assert not any(isinstance(value, float) and math.isnan(value) for value in read)


def test_what_was_cleared_is_gone_and_can_be_filled_again() -> None:
    first = Sample(1.0, 0.0, 5.0, "HTTP 503", None, None, None, None, None)
    second = first._replace(started_s=2.0, failure=None)
    columns = made([first])
    columns.clear()
    assert list(columns) == []
    columns.append(second)
    assert list(columns) == [second]
