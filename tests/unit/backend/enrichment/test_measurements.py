"""What was measured, kept over a restart."""

import logging
from pathlib import Path

import pytest

from backend.enrichment.measurements import Measurements
from backend.enrichment.zoo.states import Measured

KNOWN = {"a": Measured(peak_bytes=300, load_s=1.5), "b": Measured(load_s=0.2)}


def test_what_is_kept_is_read_again_and_what_was_never_measured_is_not_kept(
    tmp_path: Path,
) -> None:
    path = tmp_path / "deeper/measured.json"
    Measurements(path).keep({**KNOWN, "never": Measured()})
    assert Measurements(path).read() == KNOWN
    assert [file.name for file in path.parent.iterdir()] == ["measured.json"]


def test_without_a_file_nothing_is_known(tmp_path: Path) -> None:
    assert Measurements(tmp_path / "measured.json").read() == {}


@pytest.mark.parametrize("text", ["", "[]", '{"a": {"peak_bytes": "x"}}', '{"a": 1}', "\xff"])
def test_a_broken_file_is_told_and_measured_anew(
    tmp_path: Path, text: str, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "measured.json"
    path.write_bytes(text.encode("latin-1"))
    with caplog.at_level(logging.WARNING):
        assert Measurements(path).read() == {}
    assert "the models are measured again" in caplog.text


def test_the_file_is_written_only_when_something_has_changed(tmp_path: Path) -> None:
    path = tmp_path / "measured.json"
    measurements = Measurements(path)
    measurements.keep(KNOWN)
    path.unlink()
    measurements.keep(dict(KNOWN))
    assert not path.exists()
    measurements.keep({**KNOWN, "c": Measured(load_s=1.0)})
    assert path.exists()


def test_a_folder_that_cannot_be_written_is_told_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").touch()
    measurements = Measurements(tmp_path / "file/measured.json")
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            measurements.keep(KNOWN)
    assert caplog.text.count("cannot be written") == 1
