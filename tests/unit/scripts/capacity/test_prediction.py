"""What one run says of another configuration, held against what that one carried."""

from dataclasses import replace
from typing import Any

import pytest

from scripts.capacity.errors import CannotSay
from scripts.capacity.law import law
from scripts.capacity.prediction import predict
from tests.capacity_runs import NO_BREAK, failed_by, measured, on_a_gpu

ASSUMED = 0.7


def test_a_run_predicts_itself() -> None:
    run = measured()
    found = predict(law([run], ASSUMED), run.other_cores, run)
    assert found.first == "processors"
    # 475 cameras at one frame per 2 s were 237.42 and not 237.5 frames/s.
    assert found.cameras == pytest.approx(475, rel=0.001)
    assert found.error_percent == pytest.approx(0, abs=0.1)


def test_twice_the_cores_move_the_limit_and_not_beyond_the_workers() -> None:
    def four_cores(run: dict[str, Any]) -> None:
        for one in run["stages"]:
            one["machine"]["host_cpu_cores"] = 4

    run = measured()
    found = predict(law([run], ASSUMED), run.other_cores, measured(four_cores))
    assert found.cameras_by["processors"] == pytest.approx(2 * 475, rel=0.03)
    # Two workers are two cores at most, whatever the machine has.
    assert found.cameras_by["gateway_workers"] == pytest.approx(2 * 2 * 0.7 / 0.002448, rel=0.001)
    assert found.first == "processors"


def test_workers_beyond_the_cores_carry_nothing() -> None:
    def eight_workers(run: dict[str, Any]) -> None:
        for one in run["stages"]:
            one["machine"]["process_counts"]["gateway"] = 9

    run = measured()
    found = predict(law([run], ASSUMED), run.other_cores, measured(eight_workers))
    same = predict(law([run], ASSUMED), run.other_cores, run)
    assert found.cameras_by == same.cameras_by


def test_workers_that_were_full_carry_in_proportion_until_the_machine_is() -> None:
    def one_worker(run: dict[str, Any]) -> None:
        for one in run["stages"]:
            one["machine"]["process_counts"]["gateway"] = 2
            one["machine"]["host_cpu_percent"] = min(one["machine"]["host_cpu_percent"], 60.0)

    alone = measured(one_worker, failed_by("gateway_cpu"))
    assert alone.full == "gateway_workers"
    found = predict(law([alone], ASSUMED), alone.other_cores, measured())
    assert found.cameras_by["gateway_workers"] == pytest.approx(2 * 475, rel=0.001)
    assert found.first == "processors"
    assert found.error_percent == pytest.approx(100 * (found.cameras / 475 - 1))


def test_a_second_gpu_carries_as_much_as_the_first() -> None:
    one = measured(on_a_gpu(80.0, None), failed_by("gpu_heat"))
    two = measured(on_a_gpu(80.0, None, count=2), failed_by("gpu_heat"))
    found = predict(law([one], ASSUMED), one.other_cores, two)
    assert found.cameras_by["gpus"] == pytest.approx(2 * 475, rel=0.001)


def test_a_lower_bound_is_nothing_to_hit() -> None:
    run, below = measured(), measured(folder=NO_BREAK)
    for given, checked in ((run, below), (below, run)):
        with pytest.raises(CannotSay, match="both runs must have a breaking point"):
            predict(law([given], ASSUMED), given.other_cores, checked)


def test_by_what_a_frame_took_far_below_the_knee_the_law_promises_too_little() -> None:
    """Batches fill up as load rises, so that a frame takes less of the processors at the knee."""
    run = measured()
    quiet = next(point for point in run.points if point.cameras == 200)
    demands = replace(
        law([run], ASSUMED),
        gateway_cpu_s=quiet.gateway_cpu_s,
        triton_cpu_s=quiet.triton_cpu_s,
        generator_cpu_s=quiet.generator_cpu_s,
    )
    found = predict(demands, run.other_cores, run)
    # docs/scaling.md has this figure.
    assert round(found.cameras) == 335
    assert round(found.error_percent) == -29
