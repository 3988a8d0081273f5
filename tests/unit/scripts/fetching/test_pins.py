"""The lock of revisions and digests."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.fetching import pins
from scripts.fetching.errors import CannotWrite, UsageError
from scripts.fetching.pins import Pin

DIGESTS = st.text("0123456789abcdef", min_size=64, max_size=64)
PATHS = st.from_regex(r"[A-Za-z0-9_./-]{1,40}", fullmatch=True)
PINS = st.builds(Pin, st.just("owner/name"), st.just("0" * 40), st.dictionaries(PATHS, DIGESTS))


@given(st.dictionaries(st.from_regex(r"[a-z0-9][a-z0-9.-]{0,20}", fullmatch=True), PINS))
def test_what_is_written_is_read_back(held: dict[str, Pin]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        lock = Path(folder, "lock.toml")
        pins.write(lock, held)
        assert pins.read(lock) == held
        assert [path.name for path in Path(folder).iterdir()] == ["lock.toml"]


def test_before_the_first_fetch_nothing_is_pinned(tmp_path: Path) -> None:
    assert pins.read(tmp_path / "absent.toml") == {}


def test_a_lock_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(CannotWrite, match=r"lock\.toml cannot be written"):
        pins.write(tmp_path / "absent" / "lock.toml", {})


@pytest.mark.parametrize("text", ["not toml", "[model]\nrevision = 1\n", "model = 1\n"])
def test_a_spoilt_lock_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "lock.toml").write_text(text)
    with pytest.raises(UsageError, match=r"lock\.toml cannot be understood"):
        pins.read(tmp_path / "lock.toml")
