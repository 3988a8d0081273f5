"""Made-up runs, and what they come to."""

from typing import Any

import pytest

from benchmarks.zoo.judging import Answer, Expected
from benchmarks.zoo.memory import MemorySummary
from benchmarks.zoo.operations import Fault, Kind, Operation
from benchmarks.zoo.verdicts import (
    HEALING_S,
    Kill,
    healings,
    standstill_s,
    targets_of,
    unsettled,
    verdict,
)

RIGHT = {"model": {"name": "a"}, "result": {"task": "depth"}}
EXPECTED: Expected = {("a", 0, ()): RIGHT, ("b", 0, ()): RIGHT}
MEMORY = MemorySummary(100, 90.0, 0.0, 0.1, {"a": 90.0})


def infer(began_s: float, finished_s: float, code: str | None = None) -> Answer:
    """A picture answered, or refused with 503."""
    operation = Operation(1, Kind.INFER, ("a",))
    status, document = (503, {"code": code, "detail": "No."}) if code else (200, RIGHT)
    return Answer(
        operation,
        began_s,
        finished_s,
        status,
        document,
        request_id="bench-1",
        retry_after=True,
    )


def enrich(began_s: float, finished_s: float, parts: dict[str, Any]) -> Answer:
    operation = Operation(1, Kind.ENRICH, tuple(parts))
    return Answer(operation, began_s, finished_s, 200, {"models": parts}, request_id="bench-1")


def refused(code: str) -> dict[str, Any]:
    return {"problem": {"code": code, "status": 503, "detail": "No."}}


def test_the_longest_time_without_an_answer_counts_from_the_first_request() -> None:
    assert standstill_s([infer(1, 5), infer(2, 5.5), infer(4, 8)]) == 4
    assert standstill_s([infer(1, 2), infer(2, 2.5), infer(4, 8)]) == 5.5
    assert standstill_s([]) == 0


def test_a_kill_has_healed_with_the_first_good_answer_after_the_last_that_it_spoiled() -> None:
    kill = Kill(Fault.TRITON, 10.0, "tritonserver")
    answers = [
        infer(9.0, 10.1),  # was under way already
        infer(10.5, 11.0),
        infer(10.6, 12.0, "triton_unavailable"),
        infer(11.0, 12.5, "zoo_busy"),
        infer(11.5, 13.0),
    ]
    (healing,) = healings(answers, [kill])
    assert (healing.first_good_s, healing.healed_s, healing.refusals) == (1.0, 3.0, 1)


def test_a_picture_that_was_under_way_at_the_kill_says_nothing_of_healing() -> None:
    (healing,) = healings([infer(9.0, 10.1), infer(10.2, 16.0)], [Kill(Fault.MODEL, 10.0, "")])
    assert (healing.healed_s, healing.refusals) == (6.0, 0)


def test_a_part_that_only_a_kill_explains_is_not_healed_yet() -> None:
    answers = [
        enrich(10.5, 11.0, {"a": RIGHT, "b": refused("triton_unavailable")}),
        enrich(11.0, 14.0, {"a": RIGHT, "b": refused("zoo_busy")}),
    ]
    (healing,) = healings(answers, [Kill(Fault.TRITON, 10.0, "")])
    assert (healing.first_good_s, healing.healed_s) == (1.0, 4.0)


def test_what_comes_after_the_next_kill_is_not_counted_for_the_one_before() -> None:
    kills = [Kill(Fault.TRITON, 10.0, ""), Kill(Fault.WORKER, 20.0, "")]
    first, second = healings([infer(21, 22)], kills)
    assert (first.first_good_s, first.healed_s) == (None, None)
    assert second.healed_s == 2.0


def test_a_refusal_is_excused_by_a_kill_shortly_before_and_by_no_other() -> None:
    kill = Kill(Fault.TRITON, 10.0, "")
    soon, late = 10.0 + HEALING_S - 1, 10.0 + HEALING_S + 1
    answers = [
        infer(9.0, 9.5, "triton_unavailable"),
        infer(9.0, 11.0, "triton_unavailable"),
        infer(soon, soon + 3, "triton_unavailable"),
        infer(late, late + 1, "triton_unavailable"),
    ]
    assert verdict(answers, EXPECTED, [kill]).faults == {"refused: 503 triton_unavailable": 2}


def test_outcomes_are_counted_by_kind_and_each_part_of_an_enriched_answer_once() -> None:
    answers = [
        infer(0, 1),
        infer(0, 2, "zoo_busy"),
        enrich(0, 1, {"a": RIGHT, "b": refused("zoo_busy")}),
    ]
    found = verdict(answers, EXPECTED, [])
    assert found.outcomes == {
        "infer": {"200": 1, "zoo_busy": 1},
        "enrich": {"200": 1, "zoo_busy": 1},
    }
    assert (found.answers, found.good, found.faults) == (3, 2, {})


def status(**changes: Any) -> dict[str, Any]:
    model = {
        "name": "a",
        "state": "ready",
        "leases": 0,
        "waiting": 0,
        "quarantined_mb": 0,
        "charged_mb": 100,
    }
    return {
        "registered_models": [model | changes],
        "vram_used_mb": (model | changes)["charged_mb"],
        "pending_loads": [],
        "triton": None,
    }


def test_a_quiet_zoo_that_agrees_with_triton_has_settled() -> None:
    assert unsettled(status(), {"a": "READY"}) == []
    assert unsettled(status(state="absent", charged_mb=0), {"a": "UNAVAILABLE"}) == []


@pytest.mark.parametrize(
    ("changes", "index"),
    [
        ({}, {"a": "UNAVAILABLE"}),
        ({"state": "absent", "charged_mb": 0}, {"a": "READY"}),
        ({"state": "draining"}, {"a": "UNAVAILABLE"}),
        ({"leases": 1}, {"a": "READY"}),
        ({"waiting": 1}, {"a": "READY"}),
        ({"quarantined_mb": 5}, {"a": "READY"}),
        ({"state": "absent"}, {"a": "UNAVAILABLE"}),
    ],
)
def test_what_is_left_over_is_named(changes: dict[str, Any], index: dict[str, str]) -> None:
    assert unsettled(status(**changes), index)


@pytest.mark.parametrize(
    "changes",
    [{"vram_used_mb": 150}, {"pending_loads": ["a"]}, {"triton": "It cannot be reached."}],
)
def test_an_account_that_does_not_add_up_has_not_settled(changes: dict[str, Any]) -> None:
    assert unsettled(status() | changes, {"a": "READY"})


def test_a_good_run_reaches_every_target() -> None:
    found = verdict([infer(0, 1), infer(2, 3)], EXPECTED, [Kill(Fault.MODEL, 1.5, "a")])
    targets = targets_of(2, found, MEMORY, [], budget_mb=100)
    assert [target.reached for target in targets] == [True] * 8


def test_a_bad_run_misses_them() -> None:
    answers = [
        infer(0, 1),
        infer(2, 40, "triton_failed"),
        Answer(
            Operation(2, Kind.INFER, ("a",)),
            3,
            4,
            503,
            {"code": "triton_unavailable", "detail": "The model is not loaded."},
            request_id="bench-2",
            retry_after=True,
        ),
    ]
    found = verdict(answers, EXPECTED, [Kill(Fault.MODEL, 50, "a")])
    memory = MemorySummary(100, 120.0, 0.5, 0.1, {})
    targets = targets_of(4, found, memory, ["a is still loading"], budget_mb=100)
    assert [target.reached for target in targets] == [False] * 6 + [None, False]
