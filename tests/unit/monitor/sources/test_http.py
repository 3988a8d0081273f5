import http.server
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from monitor.sources.http import BadUrl, ScrapeError, get, url_with_path


@pytest.mark.parametrize(
    ("given_url", "expected"),
    [
        ("http://127.0.0.1:8002", "http://127.0.0.1:8002/metrics"),
        ("http://127.0.0.1:8002/", "http://127.0.0.1:8002/metrics"),
        ("http://[::1]:8002", "http://[::1]:8002/metrics"),
        ("https://triton.example/proxy/metrics", "https://triton.example/proxy/metrics"),
        ("http://host/m?x=1", "http://host/m?x=1"),
    ],
)
def test_the_path_is_appended_where_there_is_no_path(given_url: str, expected: str) -> None:
    assert url_with_path(given_url, "/metrics") == expected


@pytest.mark.parametrize(
    "bad",
    [
        "",
        "localhost:8002",
        "ftp://host/",
        "http://",
        "http://host:port",
        "http://host:0",
        "http://host:99999",
        "http://user:secret@host",
        "http://host/a b",
        "http://höst/",
        "http://[::1",
    ],
)
def test_what_is_no_url_is_refused(bad: str) -> None:
    with pytest.raises(BadUrl):
        url_with_path(bad, "/metrics")


Answer = Callable[[http.server.BaseHTTPRequestHandler], None]


@contextmanager
def serving(answer: Answer) -> Iterator[str]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer(self)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/metrics"
        finally:
            server.shutdown()
            thread.join()


def test_a_scrape_returns_the_text_and_asks_for_the_path() -> None:
    paths = []

    def answer(handler: http.server.BaseHTTPRequestHandler) -> None:
        paths.append(handler.path)
        handler.send_response(200)
        handler.end_headers()
        handler.wfile.write(b"nv_x 1\n")

    with serving(answer) as url:
        assert get(f"{url}?a=b", 2.0) == "nv_x 1\n"
    assert paths == ["/metrics?a=b"]


def test_proxies_of_the_environment_do_not_apply(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")

    def answer(handler: http.server.BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        handler.wfile.write(b"direct")

    with serving(answer) as url:
        assert get(url, 2.0) == "direct"


@pytest.mark.parametrize("status", [204, 301, 404, 503])
def test_another_status_than_200_is_named(status: int) -> None:
    def answer(handler: http.server.BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        handler.send_header("Location", "/elsewhere")
        handler.end_headers()

    with serving(answer) as url, pytest.raises(ScrapeError, match=f"answered status {status}$"):
        get(url, 2.0)


def test_bytes_that_are_no_text_are_named() -> None:
    def answer(handler: http.server.BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        handler.wfile.write(b"\xff\xfe\x00")

    with serving(answer) as url, pytest.raises(ScrapeError, match="is no text"):
        get(url, 2.0)


def test_what_is_no_http_is_named() -> None:
    def answer(handler: http.server.BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"220 mail ready\r\n")

    with serving(answer) as url, pytest.raises(ScrapeError, match="does not speak HTTP"):
        get(url, 2.0)


def test_a_server_that_drips_does_not_outlast_the_deadline() -> None:
    over = threading.Event()

    def answer(handler: http.server.BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        try:
            while not over.wait(0.05):
                handler.wfile.write(b"#\n")
        except OSError:
            return

    with serving(answer) as url:
        started_s = time.monotonic()
        try:
            with pytest.raises(ScrapeError, match="did not answer in time"):
                get(url, 0.3)
            assert time.monotonic() - started_s < 3.0
        finally:
            over.set()


def test_a_server_that_begins_late_and_then_stalls_has_the_one_deadline_for_both() -> None:
    over = threading.Event()

    def answer(handler: http.server.BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        over.wait(0.8)
        handler.wfile.write(b"# the rest never comes\n")
        over.wait(10.0)

    with serving(answer) as url:
        started_s = time.monotonic()
        try:
            with pytest.raises(ScrapeError, match="did not answer in time"):
                get(url, 1.0)
            assert time.monotonic() - started_s < 1.6
        finally:
            over.set()


def test_an_endless_answer_is_cut_short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monitor.sources.http.MOST_BYTES", 2**20)

    def answer(handler: http.server.BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        try:
            while True:
                handler.wfile.write(b"#" * 2**16)
        except OSError:
            return

    with serving(answer) as url, pytest.raises(ScrapeError, match="answered more than 1 MB"):
        get(url, 10.0)
