import socket
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest

from deploy import healthcheck
from tests.processes import free_port


class Answers(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/well" else 503)
        self.end_headers()

    def log_request(self, code: object = "-", size: object = "-") -> None: ...


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), Answers) as running:
        thread = Thread(target=running.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{running.server_port}"
        running.shutdown()
        thread.join()


@pytest.mark.parametrize(("path", "well"), [("/well", True), ("/ill", False)])
def test_only_200_is_well_and_a_proxy_plays_no_part(
    server: str, path: str, well: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    assert healthcheck.is_well(server + path) is well


def test_nobody_there_is_not_well() -> None:
    assert not healthcheck.is_well(f"http://127.0.0.1:{free_port()}/well")


def test_one_who_accepts_and_is_silent_is_not_well(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(healthcheck, "TIMEOUT_S", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        assert not healthcheck.is_well(f"http://127.0.0.1:{silent.getsockname()[1]}/well")
