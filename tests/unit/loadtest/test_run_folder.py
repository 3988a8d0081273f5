from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from loadtest._course._run_folder import make_run_folder
from loadtest._errors import LoadtestError


def test_runs_of_the_same_second_get_folders_of_their_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: make_run_folder(None, now_s=0.0), range(8)))
    stamp = "19700101T000000Z"
    expected = {stamp, *(f"{stamp}-{number}" for number in range(2, 9))}
    assert {folder.name for folder in made} == expected
    assert {folder.parent for folder in made} == {Path("runs")}


def test_a_wanted_folder_that_is_there_is_left_alone(tmp_path: Path) -> None:
    wanted = tmp_path / "deep" / "run"
    first = make_run_folder(wanted, now_s=0.0)
    (first / "summary.json").write_text("{}")
    assert first == wanted
    assert make_run_folder(wanted, now_s=0.0) == tmp_path / "deep" / "run-2"
    assert (first / "summary.json").read_text() == "{}"


def test_a_folder_that_cannot_be_made_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(LoadtestError, match=r"^cannot make the folder .*file/run for the results"):
        make_run_folder(tmp_path / "file" / "run", now_s=0.0)
