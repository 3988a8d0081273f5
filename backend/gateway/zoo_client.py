"""The way to the model zoo's process: one exchange, and what may come of it."""

import math
import time
from collections import deque
from collections.abc import Callable

from backend.errors import DeadlineExceeded, EnrichmentUnavailable
from backend.gateway.clip_upload import ClipUpload
from backend.gateway.zoo_answer import DOCUMENT, Successes, ZooAnswer, read_answer
from backend.triton.connection import Answer, Connection, NotHttp
from backend.web import deadlines, request_ids
from backend.web.uploads import Upload

CONNECT_TIMEOUT_S = 2.0
# The zoo answers by the deadline that it is told. So much later it will not any more.
GRACE_S = 2.0
# So long the zoo decodes a clip before it answers with a job instead.
CLIP_ANSWER_S = 20.0
MOST_IDLE = 32
# A server closes connections that nobody uses, gunicorn after 2 s. If that met a picture on its
# way, nobody could tell whether the zoo had begun on it, and it must not be asked twice. So a
# connection is used again only well before; what the zoo's own end has closed is seen beforehand.
IDLE_LIFETIME_S = 1.0


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

    def ask(
        self,
        method: str,
        path: str,
        upload: Upload | None = None,
        *,
        request_id: str,
        deadline_s: float,
        headers: str = "",
        successes: Successes = DOCUMENT,
    ) -> ZooAnswer:
        """Have something read, done or deleted.

        Args:
            method: GET, DELETE or POST, which alone may have an upload.
            path: with its query, fit for a request line.
            deadline_s: by when the zoo answers, on the clock of time.monotonic().
            headers: more of them, each ended by CR LF.
            successes: what answers there are but problems.

        Raises:
            DeadlineExceeded: the time was up before the zoo was asked.
            EnrichmentUnavailable: it cannot be reached, or what came is no answer.
        """
        until_s = deadline_s + GRACE_S
        pieces: tuple[memoryview, ...] = ()
        if upload is not None:
            pieces = (memoryview(upload.data),)
            headers += f"Content-Type: {upload.media_type or 'application/octet-stream'}\r\n"
        headers += self._own_headers(request_id, deadline_s)

        def exchange(connection: Connection) -> Answer:
            if method == "GET":
                return connection.get(path, headers=headers, deadline_s=until_s)
            if method == "DELETE":
                return connection.delete(path, headers=headers, deadline_s=until_s)
            return connection.post(path, b"", pieces, headers=headers, deadline_s=until_s)

        return self._answer(exchange, until_s, successes)

    def send_clip(
        self,
        path: str,
        clip: ClipUpload,
        *,
        request_id: str,
        deadline_s: float,
        headers: str = "",
        successes: Successes = DOCUMENT,
    ) -> ZooAnswer:
        """Have a clip decoded and kept; see `ask`.

        Args:
            deadline_s: may be infinity, for the zoo has its own limit once it has the whole.

        Raises:
            FramegateError: what the clip's pieces raise; the zoo gets no more of it.
        """
        until_s = min(deadline_s, clip.until_s + CLIP_ANSWER_S) + GRACE_S
        headers += f"Content-Type: {clip.content_type}\r\n"
        headers += self._own_headers(request_id, deadline_s)

        def exchange(connection: Connection) -> Answer:
            return connection.post_stream(
                path,
                clip.pieces,
                clip.size_bytes,
                headers=headers,
                deadline_s=until_s,
                patience_s=CLIP_ANSWER_S + GRACE_S,
            )

        return self._answer(exchange, until_s, successes)

    def _own_headers(self, request_id: str, deadline_s: float) -> str:
        return (
            f"{self._authorization}{request_ids.HEADER}: {request_id}\r\n{_time_left(deadline_s)}"
        )

    def _answer(
        self, exchange: Callable[[Connection], Answer], until_s: float, successes: Successes
    ) -> ZooAnswer:
        try:
            connection = self._take_idle() or self._connect(until_s)
            try:
                answer = exchange(connection)
            except BaseException:
                connection.close()
                raise
        except TimeoutError as error:
            raise EnrichmentUnavailable("The model zoo did not answer in time.") from error
        except (OSError, NotHttp) as error:
            raise EnrichmentUnavailable(
                "The model zoo cannot be reached, or left before it had answered."
            ) from error
        self._keep(connection, answer)
        return read_answer(answer, successes)

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
        # A refused body may not have been read to its end: then the server closes, told or not.
        if answer.status >= 300 or answer.headers.get("connection", "").lower() == "close":
            connection.close()
            return
        self._idle.append((time.monotonic(), connection))
        while self._idle and (len(self._idle) > MOST_IDLE or not _is_young(self._idle[0][0])):
            self._idle.popleft()[1].close()


def _time_left(deadline_s: float) -> str:
    """The header that says so; none for infinity."""
    if deadline_s == math.inf:
        return ""
    left_ms = int((deadline_s - time.monotonic()) * 1000)
    if left_ms < 1:
        raise DeadlineExceeded("The request's own deadline passed before the zoo was asked.")
    return f"{deadlines.HEADER}: {left_ms}\r\n"


def _is_young(since_s: float) -> bool:
    return time.monotonic() - since_s < IDLE_LIFETIME_S
