"""What of an answer of the model zoo's process may be passed on."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from backend.errors import Denied, EnrichmentUnavailable
from backend.triton.connection import Answer
from backend.web.problems import PROBLEMS

JSON = "application/json"
PROBLEM = "application/problem+json"
# As the zoo names clips and jobs.
ID_PATTERN = "[A-Za-z0-9_-]{16,64}"

# How an answer that is no problem looks: its status, and its media type or None for no body.
Successes = Mapping[int, str | None]
DOCUMENT: Successes = {200: JSON}

# Problems that are the caller's to know. That the zoo does not know the gateway is not.
RELAYED = {
    "internal_error": 500,
    "request_entity_too_large": 413,
    **{p.code: p.status for kind, p in PROBLEMS.items() if not issubclass(kind, Denied)},
}
_HEADERS = {
    "Location": f"/v1/(clips|jobs)/{ID_PATTERN}",
    "Preference-Applied": "respond-async",
    "Retry-After": "[0-9]{1,9}",
}


@dataclass(frozen=True)
class ZooAnswer:
    """What the zoo said, fit to be passed on.

    Attributes:
        media_type: of the body; None where there is none.
        code: of the problem; None where it is none.
        headers: what else the caller is told.
    """

    status: int
    body: bytes
    media_type: str | None = JSON
    code: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


def read_answer(answer: Answer, successes: Successes = DOCUMENT) -> ZooAnswer:
    """What of an answer may be passed on; EnrichmentUnavailable where nothing of it may."""
    kind = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    if answer.status in successes:
        expected = successes[answer.status]
        if expected in (kind, None):
            body = b"" if expected is None else answer.body
            return ZooAnswer(answer.status, body, expected, headers=_headers(answer))
    code = _problem_code(answer.body) if kind == PROBLEM else None
    if code is not None and RELAYED.get(code) == answer.status:
        return ZooAnswer(answer.status, answer.body, PROBLEM, code, _headers(answer))
    if answer.status in (401, 403):
        raise EnrichmentUnavailable("The model zoo does not accept the gateway's internal token.")
    raise EnrichmentUnavailable(f"The model zoo answered something unexpected ({answer.status}).")


def _headers(answer: Answer) -> dict[str, str]:
    found = {name: answer.headers.get(name.lower(), "") for name in _HEADERS}
    return {name: text for name, text in found.items() if re.fullmatch(_HEADERS[name], text)}


def _problem_code(body: bytes) -> str | None:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return None
    code = document.get("code") if isinstance(document, dict) else None
    return code if isinstance(code, str) else None
