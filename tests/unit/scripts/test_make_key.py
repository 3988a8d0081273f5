"""`make key`: the key for the caller, its hash for the file, and nothing the other way round."""

from pathlib import Path

import pytest

from backend.web.api_keys import Scope, find, parse, read
from scripts import make_key


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr("sys.argv", ["make_key", *arguments])
    return make_key.main()


def test_a_key_is_printed_once_and_its_hash_added(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = tmp_path / "access/keys"
    monkeypatch.setenv("FRAMEGATE_API_KEYS_FILE", str(path))
    assert run(monkeypatch, "camera") == 0
    first = capsys.readouterr().out.strip()
    path.write_text(path.read_text() + "# a hand-written last line without an end")
    assert run(monkeypatch, "camera", "--scopes", "infer,metrics") == 0
    second = capsys.readouterr().out.strip()
    assert path.stat().st_mode & 0o777 == 0o600
    found = read(path)
    assert (found.problems, found.warnings) == ((), ())
    by_key = {key: find(found.keys, key) for key in (first, second)}
    assert [key.scopes for key in by_key.values() if key] == [
        {Scope.INFER},
        {Scope.INFER, Scope.METRICS},
    ]
    assert first not in path.read_text()
    assert second not in path.read_text()


def test_without_a_file_the_line_is_printed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "prometheus", "--scopes=metrics") == 0
    out, told = capsys.readouterr()
    (line,) = [line for line in told.splitlines() if line.startswith("prometheus")]
    keys, problems = parse(line)
    assert problems == ()
    found = find(keys, out.strip())
    assert found is not None
    assert (found.name, found.scopes) == ("prometheus", frozenset({Scope.METRICS}))


def test_a_file_that_cannot_be_written_is_said_so_and_no_key_is_shown(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert run(monkeypatch, "camera", "--file", str(tmp_path)) == 1
    assert capsys.readouterr() == ("", f"{tmp_path} cannot be written: Is a directory\n")


@pytest.mark.parametrize("arguments", [[], ["a b"], ["camera", "--scopes", "everything"]])
def test_a_mistake_is_a_usage_error(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    with pytest.raises(SystemExit) as raised:
        run(monkeypatch, *arguments)
    assert raised.value.code == 2
    assert capsys.readouterr().out == ""
