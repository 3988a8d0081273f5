"""Which configurations are measured next."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.tuning.points import Batching
from scripts.tuning.search import GPU_INSTANCES, Space, next_line, usual_instances

SPACE = Space(instances=(1, 2, 3), batch_sizes=(1, 4, 8), delays_us=(0, 1000))


@pytest.mark.parametrize(
    ("cores", "counts"),
    [
        (1, (1, 2)),
        (2, (1, 2, 3, 4)),
        (4, (1, 2, 3, 4, 6, 8)),
        (16, (1, 2, 3, 4, 6, 9, 13, 19, 28, 32)),
    ],
)
def test_on_a_cpu_up_to_two_instances_per_core_are_tried(
    cores: int, counts: tuple[int, ...]
) -> None:
    assert usual_instances("KIND_CPU", cores) == counts
    assert usual_instances("KIND_AUTO", cores) == counts


def test_on_a_gpu_the_cores_do_not_count() -> None:
    assert usual_instances("KIND_GPU", 64) == GPU_INSTANCES


def test_the_instances_come_first_then_the_batch_size_then_the_delay() -> None:
    best = Batching(2, 8, 0)
    known = {best}
    line = next_line(SPACE, best, known)
    assert line == [Batching(1, 8, 0), Batching(3, 8, 0)]
    known.update(line)
    line = next_line(SPACE, best, known)
    assert line == [Batching(2, 1, 0), Batching(2, 4, 0)]
    known.update(line)
    line = next_line(SPACE, best, known)
    assert line == [Batching(2, 8, 1000)]
    known.update(line)
    assert next_line(SPACE, best, known) == []


def test_a_delay_is_not_tried_with_batches_of_one() -> None:
    best = Batching(2, 1, 0)
    known = {best, *next_line(SPACE, best, {best})}
    known.update(next_line(SPACE, best, known))
    assert next_line(SPACE, best, known) == []


def test_what_is_configured_is_part_of_the_space() -> None:
    assert SPACE.including(Batching(6, 4, 100)) == Space((1, 2, 3, 6), (1, 4, 8), (0, 100, 1000))


@given(st.data())
def test_the_search_ends_at_a_configuration_whose_lines_are_all_known(data: st.DataObject) -> None:
    """Whatever leads, and however often the lead changes."""
    best = Batching(2, 8, 0)
    known = {best}
    for _ in range(SPACE.size):
        line = next_line(SPACE, best, known)
        if not line:
            break
        assert not known & set(line)
        known.update(line)
        best = data.draw(st.sampled_from(sorted(known)))
    assert next_line(SPACE, best, known) == []
    assert len(known) <= SPACE.size
