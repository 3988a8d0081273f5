"""When `make up` starts Triton again because the zoo asks for it."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from backend.settings import Settings
from scripts.up import zoo_advises_restart
from tests.processes import free_port

TOKEN = "a-token-of-more-than-16"


@contextmanager
def zoo_that_says(body: str) -> Iterator[Settings]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            allowed = self.headers["Authorization"] == f"Bearer {TOKEN}"
            self.send_response(200 if allowed and self.path == "/v1/models" else 401)
            self.end_headers()
            self.wfile.write(body.encode() if allowed else b"{}")

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield Settings(enrichment_port=server.server_address[1])
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize("advised", [True, False])
def test_triton_is_started_again_where_the_zoo_advises_it(advised: bool) -> None:
    with zoo_that_says(json.dumps({"restart_advised": advised})) as settings:
        assert zoo_advises_restart(settings, TOKEN) is advised


@pytest.mark.parametrize("body", ["", "no JSON", "{}", "[]", '{"restart_advised": "true"}'])
def test_whatever_else_is_said_is_no_advice(body: str) -> None:
    with zoo_that_says(body) as settings:
        assert zoo_advises_restart(settings, TOKEN) is False


def test_a_zoo_that_is_down_or_knows_another_token_advises_nothing() -> None:
    assert zoo_advises_restart(Settings(enrichment_port=free_port()), TOKEN) is False
    with zoo_that_says('{"restart_advised": true}') as settings:
        assert zoo_advises_restart(settings, "another") is False
