"""The command, up to where Triton would be asked; a report and what ends it."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from scripts import benchmark_vram
from scripts._stack import Interrupted
from scripts.vram import options
from scripts.vram.campaign import Campaign
from scripts.vram.place import Place
from scripts.vram.result import BenchmarkResult
from tests.processes import free_port
from tests.unit.scripts.vram.fake import CATALOG
from tests.unit.scripts.vram.test_report import REPORT, RESULTS


def test_wrong_flags_are_a_sentence_and_exit_code_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert benchmark_vram.main(["--triton", "nowhere"]) == 2
    assert capsys.readouterr().err.startswith("--triton is host:port")


def test_sizes_of_stand_ins_are_refused_before_anything_is_started(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    flags = ["--update-catalog", "--model", "osnet-x0-25", "--repository", str(tmp_path)]
    assert benchmark_vram.main(flags) == 2
    said = capsys.readouterr().err
    assert "the sizes of stand-ins (osnet-x0-25)" in said
    assert "--allow-stand-ins" in said


def test_wrong_settings_are_told_before_anything_is_started(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FRAMEGATE_VRAM_BUDGET_MB", "much")
    with pytest.raises(SystemExit) as ended:
        benchmark_vram.main(["--update-catalog", "--triton", "127.0.0.1:1"])
    assert ended.value.code == 2
    assert "FRAMEGATE_VRAM_BUDGET_MB" in capsys.readouterr().err


def test_where_no_triton_answers_it_says_what_helps(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report = tmp_path / "report.md"
    flags = ["--triton", f"127.0.0.1:{free_port()}", "--report", str(report)]
    assert benchmark_vram.main(flags) == 1
    said = capsys.readouterr().err
    assert said.startswith("Triton cannot be reached. Check host and port")
    assert not report.exists()


@pytest.fixture
def flags(tmp_path: Path) -> list[str]:
    files = ["--report", str(tmp_path / "deeper/report.md"), "--json", str(tmp_path / "f.json")]
    return ["--triton", "127.0.0.1:1", *files]


def pretend(
    monkeypatch: pytest.MonkeyPatch,
    results: list[BenchmarkResult],
    *,
    ends: BaseException | None = None,
) -> None:
    """Measuring brings these results, and ends so."""

    def measure(self: Campaign, place: Place) -> None:
        self.results += results
        self._blank = replace(REPORT, results=(), wanted=len(self._options.specs))
        if ends is not None:
            raise ends

    monkeypatch.setattr(Campaign, "measure", measure)


def test_both_forms_of_the_report_are_written(
    flags: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    pretend(monkeypatch, list(RESULTS[:1]))
    assert benchmark_vram.main(["--model", "clip-vit-l", *flags]) == 0
    text = (tmp_path / "deeper/report.md").read_text()
    assert text.startswith("# VRAM Benchmark Report\n")
    said = capsys.readouterr().out
    assert "BENCHMARK COMPLETE" in said
    assert text in said
    figures = json.loads((tmp_path / "f.json").read_text())
    assert figures["report"]["results"][0]["name"] == "clip-vit-l"
    assert figures["settings"] == {"models": ["clip-vit-l"], "requests": 3, "own_triton": False}


def test_a_model_that_failed_makes_it_exit_code_1(
    flags: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    pretend(monkeypatch, list(RESULTS[2:]))
    assert benchmark_vram.main(["--model", "yolo-world-s", *flags]) == 1


def test_ctrl_c_writes_what_was_measured_and_is_exit_code_130(
    flags: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    pretend(monkeypatch, list(RESULTS[:1]), ends=Interrupted(2))
    sizes = tmp_path / "measured.json"
    monkeypatch.setenv("FRAMEGATE_ZOO_MEASUREMENTS", str(sizes))
    assert benchmark_vram.main(["--update-catalog", *flags]) == 130
    assert "Stopped by SIGINT; nothing is left running." in capsys.readouterr().err
    total = len(options.read([], CATALOG).specs)
    text = (tmp_path / "deeper/report.md").read_text()
    assert f"The benchmark was ended after 1 of {total} models." in text
    assert not sizes.exists()


def test_ctrl_c_before_anything_was_measured_writes_nothing(
    flags: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pretend(monkeypatch, [], ends=Interrupted(2))
    assert benchmark_vram.main(flags) == 130
    assert list(tmp_path.iterdir()) == []


def test_sizes_of_real_models_are_written_and_those_of_stand_ins_make_it_exit_code_1(
    flags: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    pretend(monkeypatch, list(RESULTS[:2]))
    sizes = tmp_path / "measured.json"
    monkeypatch.setenv("FRAMEGATE_ZOO_MEASUREMENTS", str(sizes))
    named = ["--model", "clip-vit-l", "--model", "paddleocr", "--update-catalog"]
    assert benchmark_vram.main([*named, *flags]) == 1
    assert set(json.loads(sizes.read_text())) == {"clip-vit-l"}
    assert "stand-ins': the sizes of paddleocr." in capsys.readouterr().out
    assert benchmark_vram.main([*named, "--allow-stand-ins", *flags]) == 0
    assert json.loads(sizes.read_text())["paddleocr"]["peak_bytes"] == 98 * 2**20


def test_a_report_that_cannot_be_written_is_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    pretend(monkeypatch, list(RESULTS[:1]))
    flags = ["--triton", "127.0.0.1:1", "--report", str(tmp_path / "file/report.md")]
    assert benchmark_vram.main(["--model", "clip-vit-l", *flags]) == 1
    assert "file" in capsys.readouterr().err
