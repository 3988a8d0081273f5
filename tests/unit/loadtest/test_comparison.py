import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loadtest._compare._comparison import Comparison, compare
from loadtest._compare._documents import BaselineDocument, RunDocument
from loadtest._compare._runs import Run, run_from, run_from_baseline
from loadtest._compare._sources import read_run
from tests.unit.loadtest.run_documents import as_version_1, latencies, run, stage

SLOWER = latencies(300, times=1.3, seed=1)


def facts(document: dict[str, Any]) -> Run:
    return run_from("run", RunDocument.model_validate_json(json.dumps(document)))


def expectation(*stages: dict[str, Any], **more: Any) -> Run:
    document = {
        "schema_version": 1,
        "kind": "baseline",
        "name": "own",
        "source": "mine",
        "stages": stages,
        **more,
    }
    return run_from_baseline(BaselineDocument.model_validate_json(json.dumps(document)))


def outcomes(made: Comparison) -> dict[str, str]:
    (only,) = made.stages
    return {change.figure.name: change.outcome for change in only.changes}


def test_a_run_compared_with_itself_has_not_changed() -> None:
    one = facts(run(stage(10, times_ms=latencies(150)), stage(100, failed=3)))
    made = compare(one, one, 0.0)
    assert made.exit_code == 0
    assert set(made.outcomes) == {"within", "not judged"}
    assert not made.differences
    assert not made.only_in_a
    assert not made.only_in_b


@given(
    st.lists(st.floats(0.1, 1e5), min_size=1, max_size=200),
    st.integers(0, 50),
    st.floats(0, 100),
)
@settings(max_examples=40, deadline=None)
def test_no_run_regresses_from_itself(
    times_ms: list[float], failed: int, tolerance_percent: float
) -> None:
    one = facts(run(stage(times_ms=times_ms, failed=failed)))
    assert compare(one, one, tolerance_percent).outcomes["worse"] == 0


def test_a_slower_run_is_a_regression_and_the_other_way_round_none() -> None:
    fast, slow = facts(run(stage())), facts(run(stage(times_ms=SLOWER)))
    there, back = compare(fast, slow, 10.0), compare(slow, fast, 10.0)
    assert there.exit_code == 3
    assert back.exit_code == 0
    slower = {"response_p50_ms", "response_p95_ms", "response_avg_ms", "triton_avg_ms"}
    assert {name for name, outcome in outcomes(there).items() if outcome == "worse"} == slower
    assert {name for name, outcome in outcomes(back).items() if outcome == "better"} == slower


def test_what_lies_within_the_tolerance_is_no_regression() -> None:
    made = compare(facts(run(stage())), facts(run(stage(times_ms=SLOWER))), 60.0)
    assert made.exit_code == 0
    assert outcomes(made)["response_p95_ms"] == "within"


def test_a_change_that_may_be_none_is_uncertain_and_no_regression() -> None:
    few, others = latencies(20, seed=4), latencies(20, times=1.15, seed=5)
    made = compare(facts(run(stage(times_ms=few))), facts(run(stage(times_ms=others))), 5.0)
    assert outcomes(made)["response_p50_ms"] == "uncertain"
    # Of 20 samples a mean has no interval: the tolerance alone decides.
    assert outcomes(made)["response_avg_ms"] == "worse"


def test_without_intervals_the_tolerance_alone_decides() -> None:
    fast, slow = run(stage()), run(stage(times_ms=latencies(300, times=1.08, seed=9)))
    certain = compare(facts(fast), facts(slow), 1.0)
    bare = compare(facts(as_version_1(fast)), facts(as_version_1(slow)), 1.0)
    (change,) = [c for c in bare.stages[0].changes if c.figure.name == "response_p95_ms"]
    assert change.difference is not None
    assert change.difference.interval is None
    assert outcomes(bare)["response_p95_ms"] == "worse"
    assert outcomes(certain)["response_p95_ms"] == "uncertain"


@pytest.mark.parametrize(
    ("failed", "tolerance_percent", "outcome"),
    [
        (0, 10.0, "within"),
        (3, 10.0, "within"),
        (30, 10.0, "worse"),
        (30, 50.0, "worse"),
        (3, 0.5, "uncertain"),
    ],
)
def test_a_point_of_success_is_forgiven_and_no_more(
    failed: int, tolerance_percent: float, outcome: str
) -> None:
    whole, failing = facts(run(stage())), facts(run(stage(failed=failed)))
    assert outcomes(compare(whole, failing, tolerance_percent))["success_percent"] == outcome


def test_a_run_without_one_good_answer_is_worse() -> None:
    dead = stage(failed=300, times_ms=[1.0])
    dead |= {"successful": 0, "requests": 300}
    dead["metrics"] = {"response": stage_of_nothing()}
    made = compare(facts(run(stage())), facts(run(dead)), 10.0)
    assert made.exit_code == 3
    assert outcomes(made)["success_percent"] == "worse"
    assert outcomes(made)["achieved_per_s"] == "worse"
    assert outcomes(made)["response_p50_ms"] == "not judged"


def stage_of_nothing() -> dict[str, Any]:
    return {"unit": "ms", "count": 0, **dict.fromkeys(("avg", "std", "p50", "p95"))}


def test_an_unlike_offer_makes_rates_unlike_and_nothing_else() -> None:
    slower_pace = stage(offered_per_s=25.0, duration_s=12.0)
    made = compare(facts(run(stage())), facts(run(slower_pace)), 10.0)
    assert outcomes(made)["achieved_per_s"] == "not judged"
    assert outcomes(made)["response_p50_ms"] == "within"


def test_a_burst_has_no_rate_to_be_judged() -> None:
    one = facts(run(stage(kind="burst")))
    assert outcomes(compare(one, one, 10.0))["achieved_per_s"] == "not judged"


def test_scores_may_differ_without_being_worse() -> None:
    other = stage()
    other["metrics"]["score"] = {"count": 300, "avg": 0.3, "std": 0.01, "p50": 0.3, "p95": 0.3}
    made = compare(facts(run(stage())), facts(run(other)), 10.0)
    assert outcomes(made)["score_avg"] == "differs"
    assert made.exit_code == 0


@pytest.mark.parametrize(
    "doubt",
    [
        {"verdict": {"level": "inconclusive", "rule": "saturated"}},
        {"completed": False},
    ],
)
def test_a_stage_in_doubt_is_shown_and_not_judged(doubt: dict[str, Any]) -> None:
    made = compare(facts(run(stage())), facts(run(stage(times_ms=SLOWER, **doubt))), 10.0)
    assert set(outcomes(made).values()) == {"not judged"}
    assert made.stages[0].doubt is not None
    assert made.stages[0].doubt.startswith("in B, ")
    assert made.exit_code == 4


def test_stages_are_matched_by_kind_and_users_in_their_order() -> None:
    a = run(stage(10), stage(50), stage(50, kind="burst"), stage(10, kind="recovery"))
    b = run(stage(50, kind="burst"), stage(10), stage(10), stage(200))
    made = compare(facts(a), facts(b), 10.0)
    assert [(pair.kind, pair.users) for pair in made.stages] == [("stage", 10), ("burst", 50)]
    assert [(s.kind, s.users) for s in made.only_in_a] == [("stage", 50), ("recovery", 10)]
    assert [(s.kind, s.users) for s in made.only_in_b] == [("stage", 10), ("stage", 200)]


def test_runs_without_a_stage_in_common_have_not_passed() -> None:
    made = compare(facts(run(stage(10))), facts(run(stage(20))), 10.0)
    assert made.judged == 0
    assert made.exit_code == 4


def test_what_else_is_not_the_same_is_named() -> None:
    other = run(
        stage(),
        configuration={"host": "http://b", "stages": [7], "think_time_s": 4.0, "new": True},
        payloads={"sha256": "cd" * 32},
        models=["efficient_fiqa/1/fp16"],
        hardware={"cpu_model": "CPU", "cpu_cores": 4, "gpus": None},
    )
    assert compare(facts(run(stage())), facts(other), 10.0).differences == [
        ("think_time_s", "2.0", "4.0"),
        ("pictures", "abababababab", "cdcdcdcdcdcd"),
        ("model", "capture_quality/1/measures-v1", "efficient_fiqa/1/fp16"),
        ("number of cores", "2", "4"),
    ]


@pytest.mark.parametrize(
    ("a", "b", "outcome"),
    [
        ((74, 76), (74, 76), "within"),
        ((74, 76), (70, 72), "within"),
        ((74, 76), (60, 62), "worse"),
        ((60, 62), (74, 76), "better"),
        ((100, 200), (50, 100), "worse"),
        ((50, 100), (74, 76), "uncertain"),
        ((100, None), (50, None), "uncertain"),
        ((100, None), (50, 60), "worse"),
        ((74, 76), (None, 10), "worse"),
        ((None, 10), (74, 76), "better"),
        ((None, 10), (None, 10), "uncertain"),
    ],
)
def test_capacities_differ_where_one_fails_with_what_the_other_carries(
    a: tuple[int | None, int | None], b: tuple[int | None, int | None], outcome: str
) -> None:
    one, other = (
        facts(run(capacity={"cameras": cameras, "fails_at": fails_at}))
        for cameras, fails_at in (a, b)
    )
    made = compare(one, other, 10.0)
    assert made.capacity is not None
    assert made.capacity.outcome == outcome
    assert made.exit_code == (3 if outcome == "worse" else 0)


def test_an_unknown_capacity_is_not_compared() -> None:
    assert compare(facts(run()), read_run("rtx3060"), 10.0).capacity is None


@pytest.mark.parametrize(
    ("times", "outcome"),
    [(0.5, "better"), (1.0, "within"), (2.0, "within"), (2.1, "within"), (3.0, "worse")],
)
def test_a_range_is_left_at_its_ends(times: float, outcome: str) -> None:
    expected = expectation({"users": 100, "response_ms": [90, 200]})
    made = compare(expected, facts(run(stage(times_ms=latencies(300, times=times)))), 10.0)
    assert outcomes(made) == {"response_p50_ms": outcome}


def test_an_expectation_holds_for_every_kind_of_stage_but_recovery() -> None:
    kinds = ("baseline", "stage", "search", "burst", "recovery")
    made = compare(
        expectation({"users": 10, "response_ms": [1, 2]}),
        facts(run(*(stage(10, kind=kind) for kind in kinds))),
        10.0,
    )
    assert [pair.kind for pair in made.stages] == ["baseline", "stage", "search", "burst"]
    assert [left.kind for left in made.only_in_b] == ["recovery"]
    assert not made.only_in_a


@pytest.mark.parametrize(
    ("kind", "at_once_per_s", "duration_s", "outcome"),
    [
        ("stage", [100, 120], 6.0, "within"),
        ("stage", [100, 120], 12.0, "worse"),
        # It offered 50 per second, and no more than 20 are expected to be answered.
        ("stage", [20, 25], 12.0, "within"),
        ("burst", [100, 120], 12.0, "absent"),
    ],
)
def test_a_paced_rate_is_expected_to_be_what_was_offered_and_no_more(
    kind: str, at_once_per_s: list[int], duration_s: float, outcome: str
) -> None:
    expected = expectation(
        {"users": 100, "at_once_per_s": at_once_per_s, "success_percent": [95, 100]}
    )
    measured = facts(run(stage(kind=kind, duration_s=duration_s)))
    made = outcomes(compare(expected, measured, 10.0))
    assert made.get("achieved_per_s", "absent") == outcome
    assert made["success_percent"] == "within"


def test_inference_is_judged_against_an_expectation_alone() -> None:
    slow = facts(run(stage(machine={"infer_ms": 9.0, "gpu_percent": 99.0})))
    assert outcomes(compare(facts(run(stage())), slow, 10.0))["infer_ms"] == "not judged"
    expected = expectation({"users": 100, "infer_ms": [2, 3], "gpu_percent": [10, 20]})
    made = outcomes(compare(expected, slow, 10.0))
    assert made == {"infer_ms": "worse", "gpu_percent": "not judged"}


def test_the_baselines_are_matched_with_each_other() -> None:
    a, b = read_run("rtx3060"), read_run("rtx5090")
    made = compare(a, b, 10.0)
    assert made.differences == [("GPU", "NVIDIA GeForce RTX 3060", "NVIDIA GeForce RTX 5090")]
    assert outcomes(made)["infer_ms"] == "better"
    assert compare(a, replace(a, name="again"), 10.0).outcomes["worse"] == 0
