"""The model's folder and the profile's name."""

from pathlib import Path

import pytest

from loadtest._analysis._hardware import Hardware
from scripts.tune_batching import check_profile, find_model, main, profile_name
from scripts.tuning.points import TuningError
from tests.processes import PROJECT

HARDWARE = Hardware(cpu_model="AMD EPYC 9R14", cpu_cores=2, memory_bytes=8_000_000_000)
CONFIG = (PROJECT / "triton_models/capture_quality/config.pbtxt").read_text()


def test_the_first_repository_with_the_model_has_it(tmp_path: Path) -> None:
    for repository in ("b", "c"):
        (tmp_path / repository / "m").mkdir(parents=True)
        (tmp_path / repository / "m/config.pbtxt").touch()
    configured = [tmp_path / name for name in "abc"]
    assert find_model("m", None, configured) == tmp_path / "b/m"
    assert find_model("m", tmp_path / "c", configured) == tmp_path / "c/m"
    with pytest.raises(TuningError, match=r"no m/config\.pbtxt"):
        find_model("m", tmp_path / "a", configured)


def test_the_profile_is_named_after_the_cpu() -> None:
    assert profile_name(CONFIG, HARDWARE) == "amd-epyc-9r14-2-cores"
    with pytest.raises(TuningError, match="--name"):
        profile_name(CONFIG.replace("KIND_CPU", "KIND_GPU"), HARDWARE)


def test_a_profile_is_not_written_over_unasked(tmp_path: Path) -> None:
    (tmp_path / "configs").mkdir()
    taken = tmp_path / "configs/cpu.pbtxt"
    taken.touch()
    with pytest.raises(TuningError, match="--replace"):
        check_profile(tmp_path, "cpu", replace=False)
    assert check_profile(tmp_path, "cpu", replace=True) == taken
    with pytest.raises(TuningError, match="no name"):
        check_profile(tmp_path, "../cpu", replace=True)


def test_a_model_that_is_not_there_ends_it_with_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--model", "none", "--repository", str(tmp_path)]) == 1
    assert "There is no none/config.pbtxt" in capsys.readouterr().err
