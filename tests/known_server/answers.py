"""The gateway's answers, as bytes."""

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import NamedTuple

MODEL = "capture_quality"
VERSION = "1"
VARIANT = "known-server"
SCORE = 0.75
MEASURES = {"luminance_mean": 79.7, "sharpness": 91.6, "noise": 99.6}


class Answer(NamedTuple):
    status: int
    body: bytes
    content_type: str = "application/json"
    headers: Mapping[str, str] = {}

    def wire(self) -> bytes:
        lines = [
            f"HTTP/1.1 {self.status} {HTTPStatus(self.status).phrase}",
            f"Content-Type: {self.content_type}",
            f"Content-Length: {len(self.body)}",
            *(f"{name}: {value}" for name, value in self.headers.items()),
        ]
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + self.body


def quality(request_id: str, timing_ms: Mapping[str, float]) -> Answer:
    document = {
        "score": SCORE,
        "raw_score": SCORE,
        "band": "good",
        "reasons": [],
        "picture": {"width": 352, "height": 352},
        "measures": MEASURES,
        "model": {
            "name": MODEL,
            "version": VERSION,
            "variant": VARIANT,
            "weights_sha256": None,
            "random_weights": False,
            "bands": {"fair": 0.35, "good": 0.6},
        },
        "cached": False,
        "timing_ms": timing_ms,
        "request_id": request_id,
    }
    headers = {
        "Server-Timing": ", ".join(f"{stage};dur={value}" for stage, value in timing_ms.items()),
        "Cache-Control": "no-store",
        "X-Request-Id": request_id,
    }
    return Answer(200, json.dumps(document).encode(), headers=headers)


def problem(status: int, code: str, request_id: str, *, retry_after_s: int | None = None) -> Answer:
    document: dict[str, object] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "code": code,
        "detail": "The known server was told to answer so.",
        "request_id": request_id,
    }
    headers = {"X-Request-Id": request_id}
    if retry_after_s is not None:
        document["retry_after_ms"] = retry_after_s * 1000
        headers["Retry-After"] = str(retry_after_s)
    return Answer(status, json.dumps(document).encode(), "application/problem+json", headers)
