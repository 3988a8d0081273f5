"""Alerts to a webhook, from a thread of their own: a slow receiver never delays a sample."""

import http.client
import json
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import SplitResult, urlsplit

TIMEOUT_S = 2.0
# Alerts are rare. Where more wait, nobody answers, and the newest matter most.
MOST_WAITING = 32
MOST_STATUS_LINE_BYTES = 1024


class BadWebhook(ValueError):
    """Not an address to send to. The text says why, without the address: it may be a secret."""


class _Failed(Exception):
    """Why it was not delivered. The text is steady while the cause stays, and free of secrets."""


def webhook_url(text: str) -> str:
    """The address as given.

    Raises:
        BadWebhook: not http or https, no host, a bad port, or a password in it.
    """
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise BadWebhook("the webhook's address is not a URL") from None
    if parts.scheme not in ("http", "https") or not parts.hostname or port == 0:
        raise BadWebhook("the webhook's address must begin with http:// or https:// and a host")
    if parts.username is not None:
        raise BadWebhook("a user name or password in the webhook's address would not be sent")
    if any(not "!" <= character <= "~" for character in text):
        raise BadWebhook("the webhook's address has spaces or characters outside ASCII in it")
    return text


class Webhook:
    """Sends in order, each once; where too many wait, the oldest is dropped and counted.

    Straight to the host: no proxy of the environment, no redirect, as an alert must not go
    anywhere but where it was told to.

    Args:
        say: Told of a failure once, until it changes or is gone; also from the thread.
    """

    def __init__(self, url: str, say: Callable[[str], None]) -> None:
        self._parts = urlsplit(url)
        self._say = say
        self._waiting: deque[bytes] = deque()
        self._changed = threading.Condition()
        self._closing = False
        self._is_sending = False
        self._dropped_count = 0
        self._failure: str | None = None
        self._thread = threading.Thread(target=self._run, name="webhook", daemon=True)
        self._thread.start()

    def send(self, document: Mapping[str, Any]) -> None:
        body = json.dumps(document).encode()
        with self._changed:
            if len(self._waiting) == MOST_WAITING:
                self._waiting.popleft()
                self._dropped_count += 1
            self._waiting.append(body)
            self._changed.notify()

    def close(self) -> None:
        """Wait a little for what is still to be sent, and say what was not."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._thread.join(TIMEOUT_S)
        with self._changed:
            lost_count = self._dropped_count + len(self._waiting) + self._is_sending
            self._waiting.clear()
        if lost_count:
            alerts = "1 alert was" if lost_count == 1 else f"{lost_count} alerts were"
            self._say(f"{alerts} not sent to {_shown(self._parts)}")

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._closing)
                if not self._waiting:
                    return
                body = self._waiting.popleft()
                self._is_sending = True
            try:
                _post(self._parts, body)
            except _Failed as error:
                self._note(str(error))
            else:
                self._note(None)
            with self._changed:
                self._is_sending = False

    def _note(self, failure: str | None) -> None:
        if failure != self._failure:
            what = "alerts are received again" if failure is None else failure
            self._say(f"webhook {_shown(self._parts)}: {what}")
        self._failure = failure


def _shown(parts: SplitResult) -> str:
    return f"{parts.scheme}://{parts.hostname}"


def _post(parts: SplitResult, body: bytes) -> None:
    """
    Raises:
        _Failed: not delivered, or answered with a status other than 2xx.
    """
    deadline_s = time.monotonic() + TIMEOUT_S
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=TIMEOUT_S)
    try:
        connection.request(
            "POST",
            (parts.path or "/") + (f"?{parts.query}" if parts.query else ""),
            body,
            {"Content-Type": "application/json", "Connection": "close"},
        )
        status = _status(connection, deadline_s)
    except TimeoutError as error:
        raise _Failed("did not answer in time") from error
    except OSError as error:
        raise _Failed(f"cannot be reached: {error.strerror or error}") from error
    except UnicodeError as error:
        raise _Failed("cannot be reached: no host can have that name") from error
    finally:
        connection.close()
    if 300 <= status < 400:
        raise _Failed(f"answered status {status}, and redirects are not followed")
    if not 200 <= status < 300:
        raise _Failed(f"answered status {status}")


def _status(connection: http.client.HTTPConnection, deadline_s: float) -> int:
    """Only the first line is read: what follows is for nobody, and may drip for ever."""
    sock = connection.sock
    received = b""
    while b"\n" not in received and len(received) < MOST_STATUS_LINE_BYTES:
        remaining_s = deadline_s - time.monotonic()
        if remaining_s <= 0:
            raise TimeoutError
        sock.settimeout(remaining_s)
        chunk = sock.recv(MOST_STATUS_LINE_BYTES)
        if not chunk:
            break
        received += chunk
    version, _, rest = received.partition(b" ")
    code = rest[:3]
    if not version.startswith(b"HTTP/") or not code.isdigit():
        raise _Failed("does not speak HTTP")
    return int(code)
