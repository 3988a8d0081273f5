"""The way to the model zoo's process: one exchange, and what may come of it."""

import json
import time
from collections import deque
from dataclasses import dataclass

from backend.errors import DeadlineExceeded, Denied, EnrichmentUnavailable
from backend.triton.connection import Answer, Connection, NotHttp
from backend.web import deadlines, request_ids, tracing
from backend.web.problems import PROBLEMS
from backend.web.uploads import Upload

CONNECT_TIMEOUT_S = 2.0
# The zoo answers by the deadline that it is told. So much later it will not any more.
GRACE_S = 2.0
MOST_IDLE = 32
# A server closes connections that nobody uses, gunicorn after 2 s. If that met a picture on its
# way, nobody could tell whether the zoo had begun on it, and it must not be asked twice. So a
# connection is used again only well before; what the zoo's own end has closed is seen beforehand.
IDLE_LIFETIME_S = 1.0

# Problems that are the caller's to know. That the zoo does not know the gateway is not.
RELAYED = {
    "internal_error": 500,
    "request_entity_too_large": 413,
    **{p.code: p.status for kind, p in PROBLEMS.items() if not issubclass(kind, Denied)},
}


@dataclass(frozen=True)
class ZooAnswer:
    """What the zoo said, fit to be passed on.

    Attributes:
        code: of the problem; None where it is none.
        retry_after: whole seconds, as the header has them.
    """

    status: int
    body: bytes
    code: str | None = None
    retry_after: str | None = None


class ZooClient:
    """Asks the zoo on behalf of callers; one for each process, used by all its greenlets.

    Args:
        token: sent along where there is one.
    """

    def __init__(self, host: str, port: int, *, token: str | None = None) -> None:
        self._host = host
        self._port = port
        self._authorization = f"Authorization: Bearer {token}\r\n" if token else ""
        self._idle: deque[tuple[float, Connection]] = deque()  # the one used last at the end

    def close(self) -> None:
        """Close the connections that nobody uses now."""
        while self._idle:
            self._idle.pop()[1].close()

    def get(self, path: str, *, request_id: str, deadline_s: float) -> ZooAnswer:
        """Ask for something to read; see `post`."""
        return self._ask("GET", path, None, request_id, deadline_s)

    def post(
        self, path: str, upload: Upload | None = None, *, request_id: str, deadline_s: float
    ) -> ZooAnswer:
        """Ask for something to be done.

        Args:
            path: with its query, fit for a request line.
            deadline_s: by when the zoo answers, on the clock of time.monotonic().

        Raises:
            DeadlineExceeded: the time was up before the zoo was asked.
            EnrichmentUnavailable: it cannot be reached, or what came is no answer.
        """
        return self._ask("POST", path, upload, request_id, deadline_s)

    def _ask(
        self, method: str, path: str, upload: Upload | None, request_id: str, deadline_s: float
    ) -> ZooAnswer:
        left_ms = int((deadline_s - time.monotonic()) * 1000)
        if left_ms < 1:
            raise DeadlineExceeded("The request's own deadline passed before the zoo was asked.")
        headers = (
            f"{self._authorization}{request_ids.HEADER}: {request_id}\r\n"
            f"{deadlines.HEADER}: {left_ms}\r\n"
        )
        if (trace := tracing.traceparent()) is not None:
            headers += f"traceparent: {trace}\r\n"
        try:
            answer = self._exchange(method, path, upload, headers, deadline_s + GRACE_S)
        except TimeoutError as error:
            raise EnrichmentUnavailable("The model zoo did not answer in time.") from error
        except (OSError, NotHttp) as error:
            raise EnrichmentUnavailable(
                "The model zoo cannot be reached, or left before it had answered."
            ) from error
        return read_answer(answer)

    def _exchange(
        self, method: str, path: str, upload: Upload | None, headers: str, until_s: float
    ) -> Answer:
        pieces: tuple[memoryview, ...] = ()
        if upload is not None:
            pieces = (memoryview(upload.data),)
            headers += f"Content-Type: {upload.media_type or 'application/octet-stream'}\r\n"
        connection = self._take_idle() or self._connect(until_s)
        try:
            if method == "GET":
                answer = connection.get(path, headers=headers, deadline_s=until_s)
            else:
                answer = connection.post(path, b"", pieces, headers=headers, deadline_s=until_s)
        except BaseException:
            connection.close()
            raise
        self._keep(connection, answer)
        return answer

    def _connect(self, until_s: float) -> Connection:
        soon_s = time.monotonic() + CONNECT_TIMEOUT_S
        return Connection(self._host, self._port, deadline_s=min(soon_s, until_s))

    def _take_idle(self) -> Connection | None:
        while self._idle:
            since_s, connection = self._idle.pop()
            if _is_young(since_s) and not connection.is_stale():
                return connection
            connection.close()
        return None

    def _keep(self, connection: Connection, answer: Answer) -> None:
        # A refused picture may not have been read to its end: then the server closes, told or not.
        if answer.status != 200 or answer.headers.get("connection", "").lower() == "close":
            connection.close()
            return
        self._idle.append((time.monotonic(), connection))
        while self._idle and (len(self._idle) > MOST_IDLE or not _is_young(self._idle[0][0])):
            self._idle.popleft()[1].close()


def _is_young(since_s: float) -> bool:
    return time.monotonic() - since_s < IDLE_LIFETIME_S


def read_answer(answer: Answer) -> ZooAnswer:
    """What of an answer may be passed on; EnrichmentUnavailable where nothing of it may."""
    kind = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    if answer.status == 200 and kind == "application/json":
        return ZooAnswer(200, answer.body)
    code = _problem_code(answer.body) if kind == "application/problem+json" else None
    if code is not None and RELAYED.get(code) == answer.status:
        retry_after = answer.headers.get("retry-after", "")
        whole = retry_after.isascii() and retry_after.isdecimal()
        return ZooAnswer(answer.status, answer.body, code, retry_after if whole else None)
    if answer.status in (401, 403):
        raise EnrichmentUnavailable("The model zoo does not accept the gateway's internal token.")
    raise EnrichmentUnavailable(f"The model zoo answered something unexpected ({answer.status}).")


def _problem_code(body: bytes) -> str | None:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return None
    code = document.get("code") if isinstance(document, dict) else None
    return code if isinstance(code, str) else None
