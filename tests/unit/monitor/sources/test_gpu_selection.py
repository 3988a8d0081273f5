import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.sources.gpu_selection import Candidate, Unselected, select

GPUS = [
    Candidate(0, "GPU-aa1"),
    Candidate(1, "GPU-aa2"),
    Candidate(1, "MIG-b", mig_index=3),
]


def test_an_index_is_that_of_a_whole_gpu() -> None:
    assert select(["1"], GPUS) == {"GPU-aa2"}


def test_the_beginning_of_a_uuid_is_enough_in_any_case_of_letters() -> None:
    assert select(["gpu-AA1", "mig"], GPUS) == {"GPU-aa1", "MIG-b"}


def test_a_whole_uuid_is_meant_even_where_another_begins_with_it() -> None:
    assert select(["GPU-a"], [Candidate(0, "GPU-a"), Candidate(1, "GPU-ab")]) == {"GPU-a"}


@pytest.mark.parametrize(
    ("wanted", "sentence"),
    [
        (
            "GPU-aa",
            "GPU-aa fits several GPUs, 0 (GPU-aa1), 1 (GPU-aa2): give more of the UUID",
        ),
        (
            "2",
            "no GPU is called '2'; there are: 0 (GPU-aa1), 1 (GPU-aa2), 1 part 3 (MIG-b)",
        ),
        (
            "",
            "no GPU is called ''; there are: 0 (GPU-aa1), 1 (GPU-aa2), 1 part 3 (MIG-b)",
        ),
    ],
)
def test_what_fits_none_or_several_is_refused_with_what_there_is(
    wanted: str, sentence: str
) -> None:
    with pytest.raises(Unselected, match=f"^{re.escape(sentence)}$"):
        select(["0", wanted], GPUS)


def test_where_a_uuid_is_not_known_yet_only_an_index_can_be_wrong() -> None:
    gpus = [Candidate(0, "GPU-a"), Candidate(1)]
    assert select(["GPU-b"], gpus) == frozenset()
    assert select(["1"], gpus) == {1}
    with pytest.raises(Unselected, match="UUID not known"):
        select(["2"], gpus)


@given(st.text(max_size=4000))
def test_nonsense_is_refused_and_never_anything_else(wanted: str) -> None:
    try:
        chosen = select([wanted], [Candidate(0, "GPU-a")])
    except Unselected:
        return
    assert chosen == {"GPU-a"}
    assert wanted == "0" or "gpu-a".startswith(wanted.casefold())
