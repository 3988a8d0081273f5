import math
import subprocess
import sys
import tracemalloc

from hypothesis import given
from hypothesis import strategies as st

from loadtest._load._samples import Sample, Samples
from tests.processes import PROJECT

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


# So few that most of what is made here comes from the file, and so many that nothing does.
BLOCKS = st.sampled_from([1, 3, 100])


def made(samples: list[Sample], block: int = 3) -> Samples:
    kept = Samples(block)
    kept.extend(samples)
    return kept


@given(SAMPLES, BLOCKS, st.integers(0, 14))
def test_they_read_like_the_list_they_were_made_of(
    samples: list[Sample], block: int, position: int
) -> None:
    kept = made(samples, block)
    assert len(kept) == len(samples)
    assert list(kept) == samples
    assert list(kept.since(position)) == samples[position:]
    assert all(sample in kept for sample in samples)


@given(SAMPLES, SAMPLES, BLOCKS)
def test_what_is_packed_in_one_process_is_added_in_another(
    here: list[Sample], there: list[Sample], block: int
) -> None:
    kept = made(here, block)
    kept.unpack(made(there, block).packed())
    assert list(kept) == here + there


def test_memory_does_not_grow_with_samples() -> None:
    kept = Samples()
    sample = Sample(1.0, 0.0, 5.0, None, 0.5, 1.0, 1.0, 1.0, 1.0)
    kept.extend([sample] * 20_000)
    tracemalloc.start()
    kept.extend([sample] * 200_000)
    grown, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(kept) == 220_000
    # A sample in memory would be 68 bytes.
    assert grown < 200_000 * 68 / 10


def test_where_no_file_can_grow_samples_stay_in_memory() -> None:
    """As on a disk that is full: the limit is the kernel's, and ends a write half-way."""
    program = (
        "import resource, signal\n"
        "from loadtest._load._samples import Sample, Samples\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1_000, 1_000))\n"
        "sent = [Sample(float(n), 0.0, 5.0, None, *[None] * 5) for n in range(100)]\n"
        "kept = Samples(block=10)\n"
        "kept.extend(sent)\n"
        "assert list(kept) == sent\n"
    )
    subprocess.run([sys.executable, "-c", program], cwd=PROJECT, check=True, timeout=60)


def test_a_number_that_is_not_known_is_none_again_and_never_nan() -> None:
    unknown = Sample(1.0, 0.0, 5.0, "HTTP 503", None, None, None, None, None)
    (read,) = made([unknown])
    assert read == unknown
    assert not any(isinstance(value, float) and math.isnan(value) for value in read)


def test_what_was_cleared_is_gone_and_can_be_filled_again() -> None:
    first = Sample(1.0, 0.0, 5.0, "HTTP 503", None, None, None, None, None)
    second = first._replace(started_s=2.0, failure=None)
    kept = made([first] * 4)
    kept.clear()
    assert list(kept) == []
    kept.extend([second] * 4)
    assert list(kept) == [second] * 4
