"""What a right answer is, and which refusals are none of its faults. Pure."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from benchmarks.zoo.operations import Kind, Operation

# How much later than its deadline an answer may come.
GRACE_S = 2.0
# The same picture through the same code; what may differ is the order of a sum.
TOLERANCE = 1e-3

# Refusals that a zoo under load owes nobody an apology for, each with its status.
REFUSALS: Mapping[str, int] = {
    "zoo_busy": 503,
    "overloaded": 503,
    "triton_overloaded": 503,
    "triton_timeout": 504,
    "deadline_exceeded": 504,
}
# Those that are right only while something has just been killed.
REFUSALS_IN_FAULTS: Mapping[str, int] = {
    "model_failed": 503,
    "triton_unavailable": 503,
    "triton_failed": 502,
    "enrichment_unavailable": 503,
}
BROKEN_PICTURE: Mapping[str, int] = {"undecodable_picture": 422, "unsupported_picture": 415}
# Of a model that went while somebody asked it, in the words of backend.triton.translation.
NOT_RESIDENT = ("The model is not loaded", "The model is not ready", "does not have the model")


@dataclass(frozen=True)
class Answer:
    """How one request ended.

    Attributes:
        status: None where no answer came.
        document: the body, as JSON.
        error: what ended the connection instead.
        retry_after: whether it says when to come back.
        surplus: whether more than one answer came.
    """

    operation: Operation
    began_s: float
    finished_s: float
    status: int | None
    document: Any = None
    error: str | None = None
    request_id: str | None = None
    retry_after: bool = False
    surplus: bool = False

    @property
    def latency_s(self) -> float:
        return self.finished_s - self.began_s

    @property
    def code(self) -> str | None:
        """A problem's name for programs."""
        return self.document.get("code") if isinstance(self.document, dict) else None


# (model, picture, prompts) → `model` and `result` of the answer when it was asked alone.
Asked = tuple[str, int, tuple[str, ...]]
Expected = Mapping[Asked, Any]


def fault_of(answer: Answer, expected: Expected, *, disturbed: bool) -> str | None:
    """What is wrong with it; None where it is right, or rightly refused.

    Args:
        disturbed: something had been killed shortly before, or was while it was under way.
    """
    operation = answer.operation
    if answer.surplus:
        return "answered twice"
    if answer.latency_s > operation.deadline_ms / 1000 + GRACE_S:
        return "late"
    if answer.status is None:
        # Nobody stands before the zoo's own port who could answer for it.
        return None if operation.direct and disturbed else f"no answer: {answer.error}"
    if answer.request_id != operation.request_id:
        return "another request's answer"
    if answer.status != 200:
        return _refusal_fault(answer, disturbed=disturbed)
    try:
        return _content_fault(operation, answer.document, expected, disturbed=disturbed)
    except (KeyError, TypeError, AttributeError):
        return "an answer of another form"


def _refusal_fault(answer: Answer, *, disturbed: bool) -> str | None:
    kind, code, status = answer.operation.kind, answer.code or "", answer.status
    if kind is Kind.UNKNOWN_MODEL and (status, code) == (404, "unknown_model"):
        return None
    if kind is Kind.BROKEN_PICTURE and BROKEN_PICTURE.get(code) == status:
        return None
    if status == 503 and not answer.retry_after:
        return f"no Retry-After: {code}"
    if REFUSALS.get(code) == status:
        return None
    return problem_fault(answer.document, status, disturbed=disturbed)


def problem_fault(problem: Any, status: int | None, *, disturbed: bool) -> str | None:
    """Whether a refusal with this body is one that may be."""
    code, detail = str(problem.get("code")), str(problem.get("detail"))
    if REFUSALS.get(code) == status or (disturbed and REFUSALS_IN_FAULTS.get(code) == status):
        return None
    if code.startswith("triton_") and any(words in detail for words in NOT_RESIDENT):
        return "evicted while leased"
    return f"refused: {status} {code}"


def _content_fault(
    operation: Operation, document: Any, expected: Expected, *, disturbed: bool
) -> str | None:
    match operation.kind:
        case Kind.UNKNOWN_MODEL | Kind.BROKEN_PICTURE:
            return f"200 for: {operation.kind}"
        case Kind.INFER | Kind.SHORT_DEADLINE:
            (name,) = operation.models
            return _result_fault(operation, name, document, expected)
        case Kind.ENRICH:
            return _enrich_fault(operation, document, expected, disturbed=disturbed)
        case Kind.STATUS:
            used_mb, budget_mb = document["vram_used_mb"], document["vram_budget_mb"]
            return "accounts over the budget" if used_mb > budget_mb else None
        case _:
            return None if document["name"] == operation.models[0] else "another model's answer"


def _enrich_fault(
    operation: Operation, document: Any, expected: Expected, *, disturbed: bool
) -> str | None:
    parts = document["models"]
    if set(parts) != set(operation.models):
        return "other models than asked"
    for name, part in parts.items():
        if problem := part.get("problem"):
            fault = problem_fault(problem, problem["status"], disturbed=disturbed)
        else:
            fault = _result_fault(operation, name, part, expected)
        if fault:
            return fault
    return None


def _result_fault(operation: Operation, name: str, part: Any, expected: Expected) -> str | None:
    alone = expected[asked(operation, name)]
    if part["model"] != alone["model"]:
        return "another model's answer"
    return None if same(part["result"], alone["result"]) else "wrong result"


def asked(operation: Operation, name: str) -> Asked:
    return name, operation.picture, operation.prompts


def same(one: Any, other: Any) -> bool:
    """Whether two JSON values say the same, numbers within TOLERANCE."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, int | float) and isinstance(other, int | float):
        return math.isclose(one, other, rel_tol=TOLERANCE, abs_tol=TOLERANCE)
    return bool(one == other)
