"""Sizes for the zoo: merged with what it knew, and never a stand-in's by accident."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.enrichment.measurements import Measurements
from backend.enrichment.zoo.states import Measured
from scripts.vram.catalogue_update import merged, sentences, update
from scripts.vram.result import BenchmarkResult
from scripts.vram.troubles import BenchmarkError

MB = 2**20


def result(
    name: str, size_bytes: int | None, *, weights: str | None = "sha256:1", error: str | None = None
) -> BenchmarkResult:
    return BenchmarkResult(
        name, "depth", 1, weights=weights, load_s=2.0, loaded_bytes=size_bytes, error=error
    )


def test_the_larger_size_stays_and_other_models_too() -> None:
    known = {
        "grown": Measured(100, 1.0),
        "shrunk": Measured(300, None),
        "other": Measured(7, 7.0),
    }
    made = merged(
        known,
        [result("grown", 150), result("shrunk", 200), result("new", 50)],
        allow_stand_ins=False,
    )
    assert made.measured == {
        "grown": Measured(150, 1.5),
        "shrunk": Measured(300, 2.0),
        "other": Measured(7, 7.0),
        "new": Measured(50, 2.0),
    }
    assert (made.written, made.refused) == (("grown", "shrunk", "new"), ())


def test_stand_ins_are_refused_unless_they_are_allowed() -> None:
    results = [result("real", 5), result("drawn", 9, weights="stand-in")]
    made = merged({}, results, allow_stand_ins=False)
    assert (set(made.measured), made.refused) == ({"real"}, ("drawn",))
    made = merged({}, results, allow_stand_ins=True)
    assert (set(made.measured), made.refused) == ({"real", "drawn"}, ())


def test_what_failed_or_was_not_seen_teaches_nothing() -> None:
    results = [
        result("failed", 5, error="Out of memory: x"),
        result("unseen", None),
        result("nothing", 0),
    ]
    assert merged({}, results, allow_stand_ins=True).measured == {}


@given(
    st.dictionaries(st.sampled_from("abc"), st.integers(1)), st.lists(st.integers(1), max_size=3)
)
def test_no_size_ever_gets_smaller(known: dict[str, int], sizes: list[int]) -> None:
    before = {name: Measured(size, 1.0) for name, size in known.items()}
    results = [result(name, size) for name, size in zip("abc", sizes, strict=False)]
    after = merged(before, results, allow_stand_ins=True).measured
    for name, size in known.items():
        assert (after[name].peak_bytes or 0) >= size
    for one in results:
        assert (after[one.name].peak_bytes or 0) >= (one.loaded_bytes or 0)


def test_the_zoo_reads_what_was_written(tmp_path: Path) -> None:
    path = tmp_path / "zoo/measured.json"
    Measurements(path).keep({"old": Measured(3, 4.0)})
    made = update(path, [result("a", 5 * MB)], allow_stand_ins=False)
    assert Measurements(path).read() == {"old": Measured(3, 4.0), "a": Measured(5 * MB, 2.0)}
    assert sentences(made, path)[0].startswith(f"The sizes of a were written to {path}")


def test_where_nothing_may_be_written_the_file_stays_and_that_is_said(tmp_path: Path) -> None:
    path = tmp_path / "measured.json"
    made = update(path, [result("a", 5, weights="stand-in")], allow_stand_ins=False)
    assert not path.exists()
    none, refused = sentences(made, path)
    assert none == f"No sizes were written to {path}."
    assert "they are stand-ins': the sizes of a." in refused


def test_a_file_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(BenchmarkError, match="could not be written"):
        update(tmp_path / "file/measured.json", [result("a", 5)], allow_stand_ins=False)
