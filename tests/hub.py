"""A hub of models on this machine, for tests of what fetches from one; it fails as it is told."""

import hashlib
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@dataclass
class PlayedHub:
    """
    Attributes:
        files: "owner/name/path" → content; every repository is at COMMIT.
        large: of these, those that are announced with their SHA-256 and sent from elsewhere.
        faults: path of an address → what happens instead of an answer, first come first served: a
            status, "cut" (the connection breaks in the middle), "corrupt" (other bytes of the same
            length), or an address to be led to.
        seen: path and headers of every request.
    """

    files: dict[str, bytes] = field(default_factory=dict)
    large: set[str] = field(default_factory=set)
    faults: dict[str, list[int | str]] = field(default_factory=dict)
    seen: list[tuple[str, Mapping[str, str]]] = field(default_factory=list)
    port: int = 0

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def url(self, path: str) -> str:
        owner, name, file = path.split("/", 2)
        return f"{self.address}/{owner}/{name}/resolve/{COMMIT}/{file}"

    def fail(self, path: str, *faults: int | str) -> None:
        self.faults[self.url(path).removeprefix(self.address)] = list(faults)

    def ranges(self) -> list[str | None]:
        """What part of a file each request asked for."""
        return [headers.get("Range") for path, headers in self.seen if "/resolve/" in path]


@contextmanager
def played_hub() -> Iterator[PlayedHub]:
    hub = PlayedHub()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(hub))
    hub.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _handler(hub: PlayedHub) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            hub.seen.append((self.path, dict(self.headers)))
            waiting = hub.faults.get(self.path, [])
            fault = waiting.pop(0) if waiting else None
            if isinstance(fault, int):
                self._send(fault, b"no")
            elif fault is not None and "://" in fault:
                self._send(302, b"", {"Location": fault})
            elif self.path.startswith("/api/models/"):
                self._list()
            elif self.path.startswith("/elsewhere/"):
                self._file(self.path.removeprefix("/elsewhere/"), fault)
            else:
                self._resolve(fault)

        def _list(self) -> None:
            repository = self.path.removeprefix("/api/models/").split("/revision/")[0]
            names = [
                path.removeprefix(f"{repository}/")
                for path in hub.files
                if path.startswith(f"{repository}/")
            ]
            document = {
                "sha": COMMIT,
                "siblings": [{"rfilename": name} for name in names],
                "cardData": {"license": "mit"},
            }
            self._send(200 if names else 404, json.dumps(document).encode())

        def _resolve(self, fault: str | None) -> None:
            repository, file = self.path[1:].split(f"/resolve/{COMMIT}/")
            path = f"{repository}/{file}"
            if path not in hub.files:
                self._send(404, b"no")
            elif path in hub.large:
                content = hub.files[path]
                headers = {
                    "Location": f"/elsewhere/{path}",
                    "X-Linked-Etag": f'"{hashlib.sha256(content).hexdigest()}"',
                    "X-Linked-Size": str(len(content)),
                }
                self._send(302, b"", headers)
            else:
                self._file(path, fault)

        def _file(self, path: str, fault: str | None) -> None:
            content = hub.files[path]
            blob = b"blob %d\0" % len(content) + content
            tag = f'"{hashlib.sha1(blob, usedforsecurity=False).hexdigest()}"'
            if fault == "corrupt":
                content = bytes(255 - byte for byte in content)
            start = 0
            asked = self.headers.get("Range")
            if asked and self.headers.get("If-Range") == tag:
                start = int(asked.removeprefix("bytes=").rstrip("-"))
                if start >= len(content):
                    self._send(416, b"")
                    return
            rest = content[start:]
            self.send_response(206 if start else 200)
            self.send_header("ETag", tag)
            self.send_header("Content-Length", str(len(rest)))
            self.end_headers()
            if fault == "cut":
                self.wfile.write(rest[: len(rest) // 2])
                self.close_connection = True
            else:
                self.wfile.write(rest)

        def _send(self, status: int, body: bytes, headers: Mapping[str, str] = {}) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            """Nothing: a test reads `seen`."""

    return Handler
