"""The table of what can go wrong; each row is provoked where it arises."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.triton import translation
from scripts.vram.troubles import LONGEST_ERROR, Trouble, shortened, trouble_of
from tests.processes import PROJECT

TOKEN = "Triton asks for another token: FRAMEGATE_TRITON_CONTROL_TOKEN"
BAD_ALLOC = "MemoryError: std::bad_alloc"
DOCUMENT = PROJECT / "docs/benchmarking-memory.md"


@pytest.mark.parametrize(
    ("status", "text", "trouble", "said"),
    [
        (
            "UNAVAILABLE",
            "failed to connect to all addresses",
            Trouble.UNREACHABLE,
            "Triton cannot be reached.",
        ),
        (
            "UNAVAILABLE",
            "This protocol is restricted, expecting header 'triton-grpc-protocol-triton-control'",
            Trouble.WRONG_TOKEN,
            f"{TOKEN} must be the same for both.",
        ),
        (
            "INTERNAL",
            "failed to load 'x', failed to poll from model repository",
            Trouble.MISSING,
            "Model not found: failed to load 'x', failed to poll from model repository",
        ),
        (
            "INTERNAL",
            f"load failed for model 'x': version 1 is at UNAVAILABLE state: Internal: {BAD_ALLOC}",
            Trouble.OUT_OF_MEMORY,
            f"Out of memory: {BAD_ALLOC}",
        ),
        (
            "UNAVAILABLE",
            "Failed to process the request(s): Stub process 'x_0_0' is not healthy.",
            Trouble.DIED,
            "The model's process died.",
        ),
        (
            "DEADLINE_EXCEEDED",
            "Deadline Exceeded",
            Trouble.UNDECIDED,
            "Triton is still at it: Triton did not answer in time.",
        ),
        (
            "INTERNAL",
            "Failed to process the request(s) for model 'x_0_0', message: ValueError: a shape",
            Trouble.FAILED,
            "Model failed: ValueError: a shape",
        ),
        (
            "INTERNAL",
            "No module named 'torch'",
            Trouble.FAILED,
            "Model failed: No module named 'torch'",
        ),
    ],
)
def test_what_triton_says_is_recognised_and_shortened(
    status: str, text: str, trouble: Trouble, said: str
) -> None:
    reason = str(translation.from_grpc(f"StatusCode.{status}", text))
    assert trouble_of(reason) is trouble
    assert shortened(trouble, reason) == said


@given(st.sampled_from(Trouble), st.text())
def test_an_error_is_one_line_of_a_hundred_characters_at_most(trouble: Trouble, text: str) -> None:
    said = shortened(trouble, text)
    assert len(said) <= LONGEST_ERROR
    assert len(said.splitlines()) == 1
    assert said.lower().startswith(trouble.value.says.lower()[:LONGEST_ERROR])


def test_the_document_has_the_table_as_it_is() -> None:
    text = DOCUMENT.read_text()
    for trouble in Trouble:
        advice = trouble.value
        assert f"| {advice.says} | {advice.cause} | {advice.remedy} |" in text, trouble
