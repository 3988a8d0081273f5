import http.server
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.counters import FAILURES, CounterKey, ModelCounters, ModelKey, Snapshot
from monitor.sources.triton_metrics import BadUrl, ScrapeError, metrics_url, parse, scrape
from tests.unit.monitor.sources.triton_text import triton_text

SUCCESS = CounterKey("nv_inference_request_success")
MODEL = ModelKey("capture_quality", "1")


def test_counters_and_the_gauge_are_keyed_by_family_model_and_version() -> None:
    text = triton_text(
        {"inference_request_success": 3, "inference_queue_duration_us": 239},
        failures={"REJECTED": 2, "OTHER": 0},
        pending=4,
    )
    assert parse(text, 5.0) == Snapshot(
        5.0,
        {
            MODEL: ModelCounters(
                {
                    SUCCESS: 3,
                    CounterKey("nv_inference_queue_duration_us"): 239,
                    CounterKey(FAILURES, "REJECTED"): 2,
                    CounterKey(FAILURES, "OTHER"): 0,
                },
                4,
            )
        },
    )


def test_a_model_on_two_gpus_is_summed() -> None:
    one = triton_text({"inference_request_success": 3}, extra_labels='gpu_uuid="GPU-a",', pending=1)
    two = triton_text({"inference_request_success": 4}, extra_labels='gpu_uuid="GPU-b",', pending=2)
    assert parse(one + two, 0.0).models == {MODEL: ModelCounters({SUCCESS: 7}, 3)}


def test_versions_of_a_model_stay_apart() -> None:
    one = triton_text({"inference_request_success": 3}, pending=None)
    two = one.replace('version="1"', 'version="2"').replace("} 3", "} 8")
    assert parse(one + two, 0.0).models == {
        MODEL: ModelCounters({SUCCESS: 3}),
        ModelKey("capture_quality", "2"): ModelCounters({SUCCESS: 8}),
    }


def test_other_metrics_and_numbers_that_are_none_are_left_out() -> None:
    text = "# TYPE nv_cpu_utilization gauge\nnv_cpu_utilization 0.5\n"
    nan = triton_text({"inference_request_success": 1}, pending=None).replace("} 1", "} NaN")
    assert parse(text + nan, 0.0).models == {}
    assert parse("", 0.0).models == {}


@given(st.text(max_size=200))
def test_any_text_is_either_metrics_or_a_value_error(text: str) -> None:
    try:
        parsed = parse(text, 0.0)
    except ValueError:
        return
    assert parsed.monotonic_s == 0.0


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
def test_metrics_is_appended_where_there_is_no_path(given_url: str, expected: str) -> None:
    assert metrics_url(given_url) == expected


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
        metrics_url(bad)


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
        assert scrape(f"{url}?a=b", 2.0) == "nv_x 1\n"
    assert paths == ["/metrics?a=b"]


def test_proxies_of_the_environment_do_not_apply(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")

    def answer(handler: http.server.BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        handler.wfile.write(b"direct")

    with serving(answer) as url:
        assert scrape(url, 2.0) == "direct"


@pytest.mark.parametrize("status", [204, 301, 404, 503])
def test_another_status_than_200_is_named(status: int) -> None:
    def answer(handler: http.server.BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        handler.send_header("Location", "/elsewhere")
        handler.end_headers()

    with serving(answer) as url, pytest.raises(ScrapeError, match=f"answered status {status}$"):
        scrape(url, 2.0)


def test_bytes_that_are_no_text_are_named() -> None:
    def answer(handler: http.server.BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        handler.wfile.write(b"\xff\xfe\x00")

    with serving(answer) as url, pytest.raises(ScrapeError, match="is no text"):
        scrape(url, 2.0)


def test_what_is_no_http_is_named() -> None:
    def answer(handler: http.server.BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"220 mail ready\r\n")

    with serving(answer) as url, pytest.raises(ScrapeError, match="does not speak HTTP"):
        scrape(url, 2.0)


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
                scrape(url, 0.3)
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
                scrape(url, 1.0)
            assert time.monotonic() - started_s < 1.6
        finally:
            over.set()


def test_an_endless_answer_is_cut_short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monitor.sources.triton_metrics.MOST_BYTES", 2**20)

    def answer(handler: http.server.BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        try:
            while True:
                handler.wfile.write(b"#" * 2**16)
        except OSError:
            return

    with serving(answer) as url, pytest.raises(ScrapeError, match="answered more than 1 MB"):
        scrape(url, 10.0)
