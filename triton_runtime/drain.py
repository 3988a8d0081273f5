"""Before the server is told to stop: clients are to learn that it goes while it still answers.

Told to stop, it goes on answering over connections that are open and cuts them off at the end of
its exit timeout, with what is being computed then. An unloaded model instead finishes what it has
and refuses the rest unread, so that a gateway sends that elsewhere.
"""

import contextlib
import http.client
import json
import time
from urllib.parse import quote

# Of all requests together. The server answers each within milliseconds.
TIMEOUT_S = 2.0


def unload_all(host: str, port: int, *, header: str, token: str) -> None:
    """Have every model unloaded that is ready; returns before they are.

    What does not answer, or not in time, is left alone: it is stopped next in any case.

    Args:
        header: the name of the one that model control asks for.
        token: its value.
    """
    deadline_s = time.monotonic() + TIMEOUT_S
    with contextlib.suppress(OSError, http.client.HTTPException, ValueError):
        index = json.loads(_post(host, port, "index", {header: token}, deadline_s))
        for entry in index:
            if entry.get("state") == "READY":
                unload = f"models/{quote(entry['name'], safe='')}/unload"
                _post(host, port, unload, {header: token}, deadline_s)


def _post(host: str, port: int, path: str, headers: dict[str, str], deadline_s: float) -> bytes:
    left_s = deadline_s - time.monotonic()
    if left_s <= 0:
        raise TimeoutError
    connection = http.client.HTTPConnection(host, port, timeout=left_s)
    try:
        connection.request("POST", f"/v2/repository/{path}", headers=headers)
        answer = connection.getresponse()
        body = answer.read()
    finally:
        connection.close()
    if answer.status != http.client.OK:
        raise http.client.HTTPException(f"status {answer.status}")
    return body
