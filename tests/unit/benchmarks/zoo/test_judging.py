"""Answers to a stress run, right and wrong."""

from typing import Any

import pytest

from backend.triton import translation
from benchmarks.zoo.judging import Answer, Expected, fault_of, same
from benchmarks.zoo.operations import DEADLINE_MS, Kind, Operation

MODEL = {"name": "a", "version": "1", "weights": "stand-in"}
OTHER = {"name": "b", "version": "1", "weights": "stand-in"}
EXPECTED: Expected = {
    ("a", 0, ()): {"model": MODEL, "result": {"task": "depth", "values": [1.0, 2.0]}},
    ("b", 0, ()): {"model": OTHER, "result": {"task": "depth", "values": [3.0]}},
}
RIGHT = EXPECTED["a", 0, ()]
WRONG = {"model": MODEL, "result": {"task": "depth", "values": [1.0, 2.1]}}


def answer(
    status: int | None,
    document: Any = None,
    *,
    kind: Kind = Kind.INFER,
    models: tuple[str, ...] = ("a",),
    latency_s: float = 0.1,
    direct: bool = False,
    **further: Any,
) -> Answer:
    operation = Operation(7, kind, models, direct=direct)
    given: dict[str, Any] = {"request_id": "bench-7", "retry_after": True} | further
    return Answer(operation, 10.0, 10.0 + latency_s, status, document, **given)


def fault(answered: Answer, *, disturbed: bool = False) -> str | None:
    return fault_of(answered, EXPECTED, disturbed=disturbed)


def problem(code: str, detail: str = "No.") -> dict[str, str]:
    return {"code": code, "detail": detail}


def test_the_answer_that_the_picture_got_when_asked_alone_is_right() -> None:
    assert fault(answer(200, RIGHT)) is None


def test_another_result_is_wrong() -> None:
    assert fault(answer(200, WRONG)) == "wrong result"


def test_the_answer_of_another_model_is_wrong() -> None:
    assert fault(answer(200, EXPECTED["b", 0, ()])) == "another model's answer"


def test_the_answer_to_another_request_is_wrong() -> None:
    assert fault(answer(200, RIGHT, request_id="bench-8")) == "another request's answer"


def test_a_second_answer_is_wrong() -> None:
    assert fault(answer(200, RIGHT, surplus=True)) == "answered twice"


def test_an_answer_may_come_two_seconds_after_the_deadline_and_no_later() -> None:
    deadline_s = DEADLINE_MS / 1000
    assert fault(answer(200, RIGHT, latency_s=deadline_s + 1.9)) is None
    assert fault(answer(200, RIGHT, latency_s=deadline_s + 2.1)) == "late"


@pytest.mark.parametrize(("direct", "disturbed"), [(True, False), (False, True), (False, False)])
def test_no_answer_is_right_only_from_a_zoo_that_was_killed(direct: bool, disturbed: bool) -> None:
    lost = answer(None, error="refused", direct=direct)
    assert fault(lost, disturbed=disturbed) == "no answer: refused"
    assert fault(answer(None, error="refused", direct=True), disturbed=True) is None


def test_a_zoo_without_room_may_say_so_at_any_time() -> None:
    assert fault(answer(503, problem("zoo_busy"))) is None


def test_a_busy_zoo_that_does_not_say_when_to_come_back_is_wrong() -> None:
    busy = answer(503, problem("zoo_busy"), retry_after=False)
    assert fault(busy) == "no Retry-After: zoo_busy"


@pytest.mark.parametrize("code", ["model_failed", "triton_unavailable", "enrichment_unavailable"])
def test_what_only_a_kill_explains_is_wrong_without_one(code: str) -> None:
    refused = answer(503, problem(code))
    assert fault(refused, disturbed=True) is None
    assert fault(refused) == f"refused: 503 {code}"


@pytest.mark.parametrize(
    "words", ["has no available versions", "is not at ready state", "unknown model"]
)
def test_a_model_that_triton_has_not_got_was_evicted_while_leased(words: str) -> None:
    detail = str(translation.from_grpc("StatusCode.NOT_FOUND", f"Model a {words}"))
    assert fault(answer(503, problem("triton_unavailable", detail))) == "evicted while leased"


@pytest.mark.parametrize("status", [400, 404, 409, 500, 507])
def test_a_refusal_that_nothing_explains_is_wrong(status: int) -> None:
    assert fault(answer(status, problem("x")), disturbed=True) == f"refused: {status} x"


def test_a_model_that_nobody_knows_is_not_found() -> None:
    asked: dict[str, Any] = {"kind": Kind.UNKNOWN_MODEL, "models": ("no-such-model",)}
    assert fault(answer(404, problem("unknown_model"), **asked)) is None
    assert fault(answer(200, RIGHT, **asked)) == "200 for: unknown model"


def test_a_broken_picture_is_refused() -> None:
    broken: dict[str, Any] = {"kind": Kind.BROKEN_PICTURE}
    assert fault(answer(422, problem("undecodable_picture"), **broken)) is None
    assert fault(answer(200, RIGHT, **broken)) == "200 for: broken picture"


def enriched(models: dict[str, Any]) -> Answer:
    return answer(200, {"models": models}, kind=Kind.ENRICH, models=("a", "b"))


def test_every_part_of_an_enriched_answer_is_judged() -> None:
    part = EXPECTED["b", 0, ()]
    busy = {"problem": problem("zoo_busy") | {"status": 503}}
    broken = {"problem": problem("internal_error") | {"status": 500}}
    assert fault(enriched({"a": RIGHT, "b": part})) is None
    assert fault(enriched({"a": RIGHT, "b": busy})) is None
    assert fault(enriched({"a": WRONG, "b": busy})) == "wrong result"
    assert fault(enriched({"a": RIGHT, "b": broken})) == "refused: 500 internal_error"
    assert fault(enriched({"a": RIGHT})) == "other models than asked"


def test_accounts_over_the_budget_are_wrong() -> None:
    def status(used_mb: float) -> Answer:
        return answer(
            200, {"vram_used_mb": used_mb, "vram_budget_mb": 100}, kind=Kind.STATUS, models=()
        )

    assert fault(status(100)) is None
    assert fault(status(101)) == "accounts over the budget"


@pytest.mark.parametrize("document", [None, [], {"model": MODEL}, {"result": {}}])
def test_an_answer_without_what_it_promises_is_wrong(document: Any) -> None:
    assert fault(answer(200, document)) == "an answer of another form"


def test_a_plan_is_about_the_model_that_was_asked_for() -> None:
    assert fault(answer(200, {"name": "a"}, kind=Kind.PLAN)) is None
    assert fault(answer(200, {"name": "b"}, kind=Kind.PLAN)) == "another model's answer"


def test_json_values_are_the_same_within_rounding_and_not_beyond() -> None:
    assert same({"a": [1, 0.5, None, "x"]}, {"a": [1.0, 0.5004, None, "x"]})
    for other in ({"a": [1.0, 0.52]}, {"a": [1.0]}, {"a": [1.0, 0.5], "b": 1}, [1.0, 0.5], None):
        assert not same({"a": [1.0, 0.5]}, other)
