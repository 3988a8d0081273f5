"""From anything that an exchange with Triton can end in to our errors: one table."""

from backend.errors import (
    TritonError,
    TritonFailed,
    TritonOverloaded,
    TritonTimeout,
    TritonUnavailable,
)

# Triton says 503 for a full queue and for an expired request alike, so its words decide first.
BY_TEXT: tuple[tuple[str, type[TritonError], str], ...] = (
    ("Exceeds maximum queue size", TritonOverloaded, "The model's queue is full."),
    ("Request timeout expired", TritonTimeout, "The model did not get to the request in time."),
    ("is not at ready state", TritonUnavailable, "The model is not ready."),
    ("has no available versions", TritonUnavailable, "The model is not loaded."),
    ("unknown model", TritonUnavailable, "Triton does not have the model."),
    (
        "protocol is restricted",
        TritonFailed,
        "Triton asks for another token: FRAMEGATE_TRITON_CONTROL_TOKEN must be the same for both.",
    ),
    ("Stub process", TritonUnavailable, "The model's process died."),
)
BY_STATUS: dict[int, tuple[type[TritonError], str]] = {
    400: (TritonFailed, "Triton refused the request."),
    404: (TritonUnavailable, "Triton does not have the model."),
    500: (TritonFailed, "The model failed."),
    503: (TritonUnavailable, "Triton is not available."),
    504: (TritonTimeout, "Triton did not answer in time."),
}
BY_GRPC_STATUS: dict[str, tuple[type[TritonError], str]] = {
    "UNAVAILABLE": (TritonUnavailable, "Triton cannot be reached."),
    "DEADLINE_EXCEEDED": (TritonTimeout, "Triton did not answer in time."),
    "CANCELLED": (TritonTimeout, "Triton did not answer in time."),
    "NOT_FOUND": (TritonUnavailable, "Triton does not have the model."),
    "INVALID_ARGUMENT": (TritonFailed, "Triton refused the request."),
    "INTERNAL": (TritonFailed, "The model failed."),
    "UNKNOWN": (TritonFailed, "The model failed."),
}


def from_answer(status: int, text: str) -> TritonError:
    """Ours for an answer of Triton other than 200."""
    for words, kind, sentence in BY_TEXT:
        if words in text:
            return kind(sentence)
    kind, sentence = BY_STATUS.get(status, (TritonFailed, "Triton answered something unexpected."))
    return kind(f"{sentence} It says: {text[:200]}")


def from_grpc(status: str, text: str) -> TritonError:
    """Ours for a gRPC status other than OK.

    Args:
        status: as grpc prints it, such as "StatusCode.UNAVAILABLE".
    """
    for words, kind, sentence in BY_TEXT:
        if words in text:
            return kind(sentence)
    kind, sentence = BY_GRPC_STATUS.get(
        status.removeprefix("StatusCode."), (TritonFailed, "Triton answered something unexpected.")
    )
    if kind is TritonFailed:
        # Of a load it is the backend's own reason, which is all that helps.
        return kind(f"{sentence} It says: {text[:400]}")
    return kind(sentence)


def from_exception(error: Exception) -> TritonError:
    """Ours for an exchange that brought no answer."""
    if isinstance(error, TritonError):
        return error
    if isinstance(error, TimeoutError):
        return TritonTimeout("Triton did not answer in time.")
    # Refused, reset, closed half-way, not HTTP: there is no Triton to talk to at that address.
    return TritonUnavailable("Triton cannot be reached.")
