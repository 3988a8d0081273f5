"""Arguments, the model's folder and the profile's name."""

from pathlib import Path

import pytest

from loadtest._hardware import Hardware
from scripts.tune_batching import check_profile, find_model, main, make_plan, parser, profile_name
from scripts.tuning.points import Load, TuningError
from tests.processes import PROJECT

HARDWARE = Hardware(cpu_model="AMD EPYC 9R14", cpu_cores=2, memory_bytes=8_000_000_000)
CONFIG = (PROJECT / "triton_models/capture_quality/config.pbtxt").read_text()


def test_by_default_the_search_covers_what_is_configured_under_the_gateway_s_load() -> None:
    plan = make_plan(parser().parse_args([]), CONFIG, HARDWARE, 4)
    assert plan.load == Load(connections=4, frames=16)
    assert plan.loads == (plan.load, Load(1, 1), Load(4, 4), Load(16, 16))
    assert plan.space.instances == (1, 2, 3, 4)
    assert 8 in plan.space.batch_sizes
    assert 0 in plan.space.delays_us


def test_loads_that_are_the_same_are_measured_once() -> None:
    plan = make_plan(parser().parse_args(["--in-flight", "1"]), CONFIG, HARDWARE, 1)
    assert plan.loads == (Load(1, 1),)


def test_given_values_are_tried_in_order_beside_what_is_configured() -> None:
    options = parser().parse_args(["--instances", "4,1", "--batch-sizes", "2", "--delays-us", "9"])
    space = make_plan(options, CONFIG, HARDWARE, 4).space
    assert (space.instances, space.batch_sizes, space.delays_us) == ((1, 2, 4), (2, 8), (0, 9))


@pytest.mark.parametrize(
    "arguments",
    [
        ["--instances", "0"],
        ["--batch-sizes", "4,-1"],
        ["--delays-us", "-5"],
        ["--in-flight", "0"],
        ["--instances", "two"],
        ["--objective-ms", "0"],
        ["--seconds-per-point", "nan"],
    ],
)
def test_wrong_values_are_refused_before_anything_starts(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        parser().parse_args(arguments)
    assert ended.value.code == 2
    assert arguments[0] in capsys.readouterr().err


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
