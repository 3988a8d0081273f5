"""A stand-in for the gateway: the real page, and answers that the test chooses."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

from flask import Flask, Response, jsonify, request
from werkzeug.serving import BaseWSGIServer, make_server

from backend.gateway import page
from tests.processes import free_port, wait_until

BANDS = {"fair": 0.35, "good": 0.6}


def band_of(score: float) -> str:
    return "good" if score >= BANDS["good"] else "fair" if score >= BANDS["fair"] else "poor"


def answer(
    score: float | None = 0.8,
    *reasons: str,
    box: tuple[int, int, int, int] | None = (440, 200, 400, 400),
    count: int | None = None,
    random_weights: bool = False,
) -> dict[str, Any]:
    """What POST /v1/quality?face=auto says of a picture of 1280 × 720 pixels."""
    return {
        "score": score,
        "raw_score": score,
        "band": None if score is None else band_of(score),
        "reasons": list(reasons),
        "face": {
            "count": int(box is not None) if count is None else count,
            "box": dict(zip(("x", "y", "width", "height"), box, strict=True)) if box else None,
        },
        "picture": {"width": 1280, "height": 720},
        "measures": {"luminance_mean": 79.7, "sharpness": 91.6, "noise": 99.6, "compression": 97.0}
        | ({"face_size": 100.0, "face_position": 93.0, "single_face": 100.0} if box else {}),
        "model": {
            "name": "stand-in",
            "version": "3",
            "variant": "chosen-by-the-test",
            "weights_sha256": "ab12" * 16,
            "random_weights": random_weights,
            "bands": BANDS,
        },
        "cached": False,
        "timing_ms": {
            "decode": 4.1,
            "detect": 3.2,
            "triton": 3.9,
            "total": 12.4,
        },
        "request_id": "stand-in",
    }


NO_FACE = answer(None, "no_face", box=None)


@dataclass(frozen=True)
class Reply:
    body: dict[str, Any] = field(default_factory=answer)
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    after: threading.Event | None = None


@dataclass(frozen=True)
class Received:
    """One picture; `moment_s` on the clock of time.monotonic."""

    moment_s: float
    query: str
    content_type: str
    body: bytes
    authorization: str | None
    traceparent: str | None


class BrowserGateway:
    """Serves on one port, which it keeps when it is stopped and started again.

    Attributes:
        reply: what the next pictures get: told the picture, and its number from 0.
        most_at_once: the most requests that were ever under way together.
    """

    def __init__(self) -> None:
        self.port = free_port()
        self.url = f"http://localhost:{self.port}"
        self._lock = threading.Lock()
        self._server: BaseWSGIServer | None = None
        self._app = Flask("stand-in", static_folder=None)
        self._app.json.sort_keys = False  # type: ignore[attr-defined]
        self._app.register_blueprint(page.blueprint())
        self._app.add_url_rule("/v1/quality", view_func=self._quality, methods=["POST"])
        self.reset()

    def reset(self) -> None:
        """Forget what was received, and answer everything well again."""
        with self._lock:
            self.received: list[Received] = []
            self.reply: Callable[[Received, int], Reply] = lambda _picture, _number: Reply()
            self.most_at_once = self._under_way = 0

    def always(self, body: dict[str, Any]) -> None:
        self.reply = lambda _picture, _number: Reply(body)

    def start(self) -> None:
        self._server = make_server("127.0.0.1", self.port, self._app, threaded=True)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._thread.join()
            self._server = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def count(self) -> int:
        return len(self.received)

    def wait_for_more(self, pictures: int = 2) -> None:
        """Return when so many more pictures have come in."""
        goal = self.count + pictures
        wait_until(lambda: self.count >= goal, what=f"{pictures} more pictures were sent")

    def _quality(self) -> Response:
        picture = Received(
            time.monotonic(),
            request.query_string.decode(),
            request.content_type or "",
            request.get_data(),
            request.headers.get("Authorization"),
            request.headers.get("traceparent"),
        )
        with self._lock:
            number = len(self.received)
            self.received.append(picture)
            self._under_way += 1
            self.most_at_once = max(self.most_at_once, self._under_way)
            reply = self.reply(picture, number)
        try:
            if reply.after is not None:
                reply.after.wait(20)
        finally:
            with self._lock:
                self._under_way -= 1
        response = jsonify(reply.body)
        response.status_code = reply.status
        response.headers.update(reply.headers)
        return response
