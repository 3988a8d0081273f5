"""Arguments, and the plan that they ask for."""

import pytest

from loadtest._analysis._hardware import Hardware
from scripts.tuning.options import make_plan, parser
from scripts.tuning.points import Load
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
