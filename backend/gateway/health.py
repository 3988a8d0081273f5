"""Is the process alive, and can it score a picture?"""

import threading
import time
from collections.abc import Callable

from flask import Blueprint, Response, jsonify

from backend.errors import Draining, TritonError

SUCCESS_LIFETIME_S = 1.0
# Long enough that a crowd of probes does not become load, short enough that healing shows.
FAILURE_LIFETIME_S = 0.2


class Canary:
    """One real inference, remembered for a second (a failure for less), however many ask.

    Args:
        infer: raises TritonError where the model does not answer.
    """

    def __init__(
        self, infer: Callable[[], None], *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._infer = infer
        self._clock = clock
        self._lock = threading.Lock()
        self._checked_s: float | None = None
        self._failure: TritonError | None = None

    def check(self) -> None:
        """Return where the model answered within the last second; else raise its TritonError."""
        with self._lock:
            now = self._clock()
            lifetime_s = FAILURE_LIFETIME_S if self._failure else SUCCESS_LIFETIME_S
            if self._checked_s is None or now - self._checked_s >= lifetime_s:
                self._failure = None
                try:
                    self._infer()
                except TritonError as error:
                    self._failure = error
                self._checked_s = self._clock()
            failure = self._failure
        if failure is not None:
            # A fresh one: the remembered error must not collect a traceback per request.
            raise type(failure)(*failure.args)


def blueprint(canary: Canary, *, model: str, draining: Callable[[], bool]) -> Blueprint:
    """The probes.

    Args:
        draining: whether the gateway has been told to stop; it is healthy meanwhile, and answers.
    """
    routes = Blueprint("health", __name__)

    @routes.get("/health/live")
    def live() -> Response:
        return jsonify(status="alive")

    @routes.get("/health/ready")
    def ready() -> Response:
        if draining():
            raise Draining("This gateway is about to stop. Send requests to another one.")
        canary.check()
        return jsonify(status="ready")

    @routes.get("/health")
    def health() -> Response:
        canary.check()
        return jsonify(status="healthy", model=model, triton="ready")

    return routes
