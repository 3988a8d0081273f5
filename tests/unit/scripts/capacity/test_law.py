"""The service demand law: what a frame takes, and how full each thing may get."""

from typing import Any

import pytest

from scripts.capacity.errors import CannotSay
from scripts.capacity.law import law
from tests.capacity_runs import NO_BREAK, failed_by, measured, on_a_gpu, stage

ASSUMED = 0.7


def test_what_was_full_may_get_as_full_as_at_the_knee() -> None:
    limit = law([measured()], ASSUMED).limits["processors"]
    assert limit.origin == "knee"
    assert limit.ratio == pytest.approx(0.911)


def test_what_was_never_full_may_get_as_full_as_assumed() -> None:
    limit = law([measured()], ASSUMED).limits["gateway_workers"]
    assert (limit.origin, limit.ratio) == ("assumed", 0.7)


def test_what_was_fuller_than_assumed_and_did_not_matter_may_be_so_again() -> None:
    run = measured(failed_by("queue"))
    limit = law([run], ASSUMED).limits["processors"]
    assert limit.origin == "shown"
    assert limit.ratio == pytest.approx(0.911)


def test_a_triton_that_queued_carries_what_it_carried() -> None:
    run = measured(failed_by("queue"))
    assert law([run], ASSUMED).triton_server_s == pytest.approx(1 / run.knee.frames_per_s)
    assert law([measured()], ASSUMED).triton_server_s is None


def test_a_gpu_may_get_as_full_as_at_the_knee() -> None:
    limit = law([measured(on_a_gpu(80.0, None), failed_by("gpu_heat"))], ASSUMED).limits["gpus"]
    assert limit.origin == "knee"
    assert limit.ratio == pytest.approx(0.8)


def test_of_several_runs_the_greatest_demand_and_the_lowest_limit_count() -> None:
    def worse(run: dict[str, Any]) -> None:
        knee = stage(run, 475)["machine"]
        knee["cpu_percents"]["gateway"] *= 1.5
        knee["host_cpu_percent"] = 88.0

    best, worst = measured(name="a"), measured(worse, name="b")
    found = law([best, worst], ASSUMED)
    assert found.gateway_cpu_s == worst.knee.gateway_cpu_s > best.knee.gateway_cpu_s
    assert found.limits["processors"].ratio == pytest.approx(0.88)


def test_a_breaking_point_beats_a_lower_bound() -> None:
    assert law([measured(folder=NO_BREAK), measured()], ASSUMED) == law([measured()], ASSUMED)


def test_without_any_breaking_point_nothing_may_get_fuller_than_it_was() -> None:
    found = law([measured(folder=NO_BREAK)], ASSUMED)
    assert found.lower_bound
    assert found.limits["processors"].ratio == pytest.approx(0.578, abs=0.001)
    assert found.limits["gateway_workers"].ratio < 0.2


@pytest.mark.parametrize(
    ("what", "place"),
    [
        ("models", lambda run: run.update(models=["other/1/v"])),
        ("pictures", lambda run: run["payloads"].update(sha256="0" * 64)),
        ("processors", lambda run: run["hardware"].update(cpu_model="another")),
    ],
)
def test_runs_that_measured_different_things_are_not_mixed(what: str, place: Any) -> None:
    with pytest.raises(CannotSay, match=f"different {what}"):
        law([measured(), measured(place)], ASSUMED)
