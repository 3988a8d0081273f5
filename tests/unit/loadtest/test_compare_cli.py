import argparse
import io
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from loadtest._compare._cli import main, parse_tolerance
from tests.processes import PROJECT
from tests.unit.loadtest.run_documents import as_version_1, latencies, run, stage

Write = Callable[[str, dict[str, Any]], str]
KEPT = str(PROJECT / "docs/results/2026-11-20-epyc-2-cores")


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def to_folder(name: str, document: dict[str, Any]) -> str:
        folder = tmp_path / name
        folder.mkdir()
        (folder / "summary.json").write_text(json.dumps(document))
        return str(folder)

    return to_folder


@pytest.fixture
def before(write: Write) -> str:
    return write("before", run(stage(10), stage(100)))


@pytest.fixture
def after(write: Write) -> str:
    return write("after", run(stage(100, times_ms=latencies(300, times=1.3, seed=1)), stage(200)))


def test_the_sentences_say_what_became_worse_and_how_sure_that_is(
    write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    one, other = stage(100), stage(100)
    one["metrics"]["response"] |= {"p95": 310.0, "p95_interval": [300.0, 322.0]}
    other["metrics"]["response"] |= {"p95": 402.0, "p95_interval": [380.0, 425.0]}
    before, after = write("a", run(stage(10), one)), write("b", run(other, stage(200)))
    assert main([before, after], {}) == 3
    text = capsys.readouterr().out
    assert (
        "Regression: 1 figure is worse in B than in A by more than the tolerance of 10 %." in text
    )
    assert "\nB is slower at 100 users: p95 310 → 402 ms, +30 % (+22 to +38).\n" in text
    assert "\nOnly in A: 10 users.\nOnly in B: 200 users.\n" in text
    (row,) = [line for line in text.splitlines() if line.startswith("  p95 ms")]
    assert row.split() == ["p95", "ms", "310", "402", "+30", "%", "(+22", "to", "+38)", "worse"]


def test_the_table_fits_a_hundred_columns(
    before: str, after: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for a, b in ((before, after), ("rtx3060", KEPT), (KEPT, "rtx3060"), ("rtx3060", "rtx5090")):
        main([a, b], {})
        out = capsys.readouterr().out
        assert max(len(line) for line in out.splitlines()) <= 100


def test_version_1_says_that_no_uncertainty_is_known(
    write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    old = write("old", as_version_1(run(stage())))
    assert main([old, old], {}) == 0
    out = capsys.readouterr().out
    assert "0.0 % (no uncertainty known)" in out
    assert "no uncertainty known: judged on the tolerance alone" in out


def test_what_is_not_the_same_stands_before_what_changed(
    write: Write, before: str, capsys: pytest.CaptureFixture[str]
) -> None:
    slow = stage(times_ms=latencies(300, times=2.0))
    other = write("other", run(slow, payloads={"sha256": "cd" * 32}))
    main([before, other], {})
    out = capsys.readouterr().out
    assert out.index("Not the same pictures: abababababab and cdcdcdcdcdcd.") < out.index("B is ")


def test_json_is_the_comparison_for_programs(
    before: str, after: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([before, after, "--json", "--tolerance", "5%"], {}) == 3
    document = json.loads(capsys.readouterr().out)
    assert document["kind"] == "comparison"
    assert document["regression"] is True
    assert document["exit_code"] == 3
    assert document["tolerance_percent"] == 5.0
    (only,) = document["stages"]
    p50 = only["figures"]["response_p50_ms"]
    assert p50["outcome"] == "worse"
    assert p50["percent_interval"][0] > 5
    assert p50["a"]["interval"][0] < p50["a"]["measured"] < p50["a"]["interval"][1]
    assert document["only_in_a"] == [{"kind": "stage", "users": 10}]


def test_json_has_null_for_an_end_that_nobody_stated(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rtx3060", KEPT, "--json"], {}) == 0
    document = json.loads(capsys.readouterr().out)
    last = document["stages"][-1]
    assert last["users"] == 200
    assert last["figures"]["response_p50_ms"]["a"] == {"expected": [500, None]}
    assert document["a"]["source"].startswith("what the original system")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("environment", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False)])
def test_colour_is_for_a_terminal_that_did_not_refuse_it(
    before: str,
    after: str,
    environment: dict[str, str],
    coloured: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    main([before, after], environment)
    assert ("\x1b[31mworse\x1b[0m" in terminal.getvalue()) == coloured
    assert "worse" in terminal.getvalue()


def test_a_document_does_not_command_the_terminal(
    write: Write, before: str, capsys: pytest.CaptureFixture[str]
) -> None:
    hostile = stage(kind="\x1b[2Jkind", verdict={"level": "inconclusive", "rule": "\x1b]0;x\x07"})
    other = write("other", run(hostile, hostile | {"kind": "stage"}, models=["\x1b[31mred\n"]))
    main([other, other], {})
    main([before, other], {})
    assert "\x1b" not in capsys.readouterr().out


def test_what_cannot_be_read_is_one_sentence_and_exit_code_1(
    before: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([before, "nothing-here"], {}) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == (
        "nothing-here is no run folder, no file and no baseline; baselines: rtx3060, rtx5090.\n"
    )


@pytest.mark.parametrize(
    ("text", "percent"), [("10%", 10.0), ("10", 10.0), ("2.5 %", 2.5), ("0", 0.0), ("150%", 150.0)]
)
def test_a_tolerance_is_a_percentage(text: str, percent: float) -> None:
    assert parse_tolerance(text) == percent


@pytest.mark.parametrize("text", ["", "-1", "nan", "inf", "ten", "1e3", "10%%", "²", "9" * 400])
def test_what_is_no_tolerance_is_refused(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError):
        parse_tolerance(text)


@pytest.mark.parametrize(
    "arguments", [[], ["a"], ["a", "b", "c"], ["a", "b", "--tolerance", "x"], ["a", "b", "--nope"]]
)
def test_a_mistake_in_usage_is_exit_code_2(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as raised:
        main(arguments, {})
    assert raised.value.code == 2
    assert "usage: python -m loadtest compare" in capsys.readouterr().err


def test_help_teaches_by_examples(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as raised:
        main(["--help"], {})
    assert raised.value.code == 0
    out = capsys.readouterr().out
    assert "python -m loadtest compare runs/before runs/after --tolerance 5%" in out
    assert "rtx3060, rtx5090" in out


def test_it_is_a_word_of_the_load_tester_and_does_not_wait_for_locust() -> None:
    code = (
        "import sys; from loadtest.__main__ import main\n"
        f"sys.argv = ['loadtest', 'compare', {KEPT!r}, {KEPT!r}]\n"
        "try:\n    main()\nexcept SystemExit as end:\n    print(end.code, 'locust' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "0 False"
