"""Is an answer a real score? A 200 with the wrong body is a failure with a name."""

import errno
import json
import socket
import ssl
from dataclasses import dataclass, field
from typing import Any

from loadtest._load._client import Answer, NoAnswer

WRONG_TYPE = "200 but its Content-Type is not JSON"
NOT_JSON = "200 but not JSON"
BAD_SCORE = "200 but score is not a number from 0 to 1"
NO_TIMING = "200 but timing_ms is missing or incomplete"

_ALWAYS = {"decode", "preprocess", "triton", "total"}
_STAGES = (*_ALWAYS, "detect")
# Codes become names of failures, which are kept: a server must not fill the memory with them.
_MOST_CODE_CHARACTERS = 64


@dataclass(frozen=True)
class Checked:
    failure: str | None
    score: float | None = None
    stages_ms: dict[str, float] = field(default_factory=dict)
    model: str | None = None


def check(answer: Answer) -> Checked:
    if answer.status != 200:
        return Checked(_refusal(answer))
    if "json" not in answer.content_type.lower():
        return Checked(WRONG_TYPE)
    document = _json_object(answer.body)
    if document is None:
        return Checked(NOT_JSON)
    if not _scored(document):
        return Checked(BAD_SCORE)
    timing = document.get("timing_ms")
    stages_ms = _stages_ms(timing) if isinstance(timing, dict) else {}
    if not stages_ms.keys() >= _ALWAYS:
        stages_ms = parse_server_timing(answer.server_timing) | stages_ms
    # An answer out of the gateway's cache has been nowhere near Triton.
    needed = "total" if document.get("cached") is True else "triton"
    if not isinstance(timing, dict) or _number(timing.get(needed)) is None:
        return Checked(NO_TIMING)
    # To look for the face is preparing the picture, too.
    if "detect" in stages_ms:
        stages_ms["preprocess"] = stages_ms.get("preprocess", 0.0) + stages_ms.pop("detect")
    return Checked(None, _number(document["score"]), stages_ms, _model_name(document.get("model")))


def parse_server_timing(header: str) -> dict[str, float]:
    """`decode;dur=0.5, triton;dur=6.1` → milliseconds by name; what cannot be read is left out."""
    durations_ms = {}
    for entry in header.split(","):
        name, *parameters = (part.strip() for part in entry.split(";"))
        for parameter in parameters:
            key, _, text = parameter.partition("=")
            if key.strip().lower() == "dur" and name:
                try:
                    value = _number(float(text.strip().strip('"')))
                except ValueError:
                    continue
                if value is not None:
                    durations_ms[name] = value
    return durations_ms


def transport_failure(error: BaseException | None) -> str:
    """A short name for a request that got no answer."""
    if isinstance(error, NoAnswer):
        return str(error)
    if isinstance(error, TimeoutError | socket.timeout):
        return "no answer: timed out"
    if isinstance(error, ConnectionRefusedError):
        return "no answer: connection refused"
    if isinstance(error, ConnectionResetError | BrokenPipeError):
        return "no answer: connection reset"
    if isinstance(error, socket.gaierror):
        return "no answer: host name not found"
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"not sent: the certificate is not trusted: {error.verify_message}"
    if isinstance(error, OSError) and error.errno == errno.EMFILE:
        return "not sent: too many open files in the load generator"
    return f"no answer: {type(error).__name__}" if error else "no answer"


def _refusal(answer: Answer) -> str:
    if 300 <= answer.status < 400:
        return f"HTTP {answer.status}, a redirect, which is not followed"
    document = _json_object(answer.body)
    code = document.get("code") if document else None
    if not isinstance(code, str) or len(code) > _MOST_CODE_CHARACTERS or not code.isprintable():
        return f"HTTP {answer.status}"
    return f"HTTP {answer.status} {code}"


def _stages_ms(timing: dict[str, Any]) -> dict[str, float]:
    values = {name: _number(timing.get(name)) for name in _STAGES}
    return {name: value for name, value in values.items() if value is not None}


def _json_object(body: bytes) -> dict[str, Any] | None:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else None


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    # Also turns away NaN, which json reads.
    return float(value) if 0 <= value < float("inf") else None


def _scored(document: dict[str, Any]) -> bool:
    face = document.get("face")
    if isinstance(face, dict) and face.get("count") == 0:
        return document.get("score", 0) is None
    score = _number(document.get("score"))
    return score is not None and score <= 1


def _model_name(model: object) -> str | None:
    if not isinstance(model, dict):
        return None
    parts = [model.get(key) for key in ("name", "version", "variant")]
    return "/".join(str(part) for part in parts if part is not None) or None
