import contextlib
import fcntl
import http.server
import json
import os
import pty
import re
import signal
import socket
import struct
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from monitor.output import table
from monitor.output.recording import read
from monitor.sources.http import get
from tests.unit.monitor.sources.triton_text import statistics_text, triton_text

ROOT = Path(__file__).parents[3]
DEADLINE_S = 30.0
# The end of a line of the table.
THREE_REQUESTS = "+3         2.00ms     4.00ms     -       0        -"
# Proxies must never stand between the monitor and loopback, so every run here has one that fails.
ENVIRONMENT = {
    **{key: value for key, value in os.environ.items() if not key.startswith("FRAMEGATE_")},
    "http_proxy": "http://127.0.0.1:9",
    "HTTP_PROXY": "http://127.0.0.1:9",
    "no_proxy": "",
    "PYTHONWARNINGS": "error",
}


def started(*arguments: str | Path, **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "monitor", *map(str, arguments)],
        cwd=ROOT,
        env={**ENVIRONMENT, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    )


def ran(*arguments: str | Path, **environment: str) -> tuple[int, str, str]:
    with started(*arguments, **environment) as process:
        output, errors = process.communicate(timeout=DEADLINE_S)
        return process.returncode, output, errors


class Triton(http.server.ThreadingHTTPServer):
    """Each scrape finds three requests more, 2 ms in the queue and 4 ms computing each."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), TritonHandler)
        self.scrape_count = 0
        self.infer_us = 4000
        self.scraped = threading.Condition()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def text(self) -> str:
        with self.scraped:
            self.scrape_count += 1
            requests = 3 * self.scrape_count
            self.scraped.notify_all()
        return triton_text(
            {
                "inference_request_success": requests,
                "inference_queue_duration_us": 2000 * requests,
                "inference_compute_infer_duration_us": self.infer_us * requests,
            }
        )

    def statistics(self) -> str:
        return statistics_text({1: self.scrape_count, 8: 2 * self.scrape_count})

    def wait_for_scrapes(self, count: int) -> None:
        with self.scraped:
            assert self.scraped.wait_for(lambda: self.scrape_count >= count, DEADLINE_S)


class TritonHandler(http.server.BaseHTTPRequestHandler):
    server: Triton

    def do_GET(self) -> None:
        assert self.path in ("/metrics", "/v2/models/stats")
        metrics = self.path == "/metrics"
        text = self.server.text() if metrics else self.server.statistics()
        self.send_response(200)
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


@pytest.fixture
def triton() -> Iterator[Triton]:
    with Triton() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def nowhere() -> Iterator[str]:
    """An address that refuses: the port is taken, and nothing listens on it."""
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{holder.getsockname()[1]}"


def test_once_as_json_with_nothing_running_is_one_document_with_nulls_and_reasons(
    nowhere: str,
) -> None:
    started_s = time.monotonic()
    code, output, errors = ran("--once", "--format", "json", "--triton", nowhere)
    assert time.monotonic() - started_s < 3.0
    document = json.loads(output)
    assert (code, errors) == (0, "")
    assert document["type"] == "sample"
    assert set(document["triton"].values()) == {None}
    assert document["missing"]["triton"] == (
        f"{nowhere}/metrics cannot be reached: Connection refused"
    )
    assert ("gpu" in document["missing"]) == (document["gpus"] == [])


def test_once_scrapes_twice_where_triton_answers(triton: Triton) -> None:
    code, output, errors = ran("--once", "--format", "json", "-i", "0.1", "--triton", triton.url)
    found = json.loads(output)["triton"]
    assert (code, errors) == (0, "")
    assert (found["request_count"], found["queue_ms"], found["infer_ms"]) == (3, 2.0, 4.0)
    assert triton.scrape_count == 2


def test_once_as_a_table_is_the_header_and_one_line(nowhere: str) -> None:
    code, output, _ = ran("--once", "--triton", nowhere)
    assert code == 0
    assert output.startswith(table.header() + "\n")
    assert re.fullmatch(
        r"\d\d:\d\d:\d\d .* -          -          -       -        -", last_line(output)
    )


def last_line(output: str) -> str:
    return [line for line in output.splitlines() if "GPU 1" not in line][-1]


def test_a_line_per_interval_until_the_duration_is_over(triton: Triton) -> None:
    code, output, _ = ran("--no-header", "-i", "0.5", "--duration", "1.2", "--triton", triton.url)
    assert code == 0
    lines = [line for line in output.splitlines() if re.match(r"\d\d:", line)]
    assert len(lines) in (2, 3)
    assert lines[0].endswith("-          -          -          -       0        -")
    for line in lines[1:]:
        assert line.endswith(THREE_REQUESTS)


def test_triton_is_found_where_the_settings_say(triton: Triton) -> None:
    code, output, _ = ran(
        "--once", "-i", "0.1", FRAMEGATE_TRITON_METRICS_PORT=str(triton.server_port)
    )
    assert code == 0
    assert last_line(output).endswith(THREE_REQUESTS)


def test_a_terminal_that_speaks_ascii_ends_nothing(triton: Triton) -> None:
    code, output, errors = ran("--once", "--triton", triton.url, PYTHONIOENCODING="ascii")
    assert (code, "Traceback" in errors) == (0, False)
    assert last_line(output).endswith(THREE_REQUESTS)


def test_ctrl_c_prints_a_summary_and_exits_0(triton: Triton) -> None:
    with started("-i", "0.1", "--triton", triton.url) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line.rstrip().endswith(THREE_REQUESTS):
                break
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=DEADLINE_S)
    assert process.returncode == 0
    summary = output[output.index(" samples in ") :]
    assert re.match(r" samples in \d+ s: \d+ requests\n", summary)
    assert re.search(r"^queue +2\.00 +2\.00 ms$", summary, re.MULTILINE)
    assert re.search(r"^inference +4\.00 +4\.00 ms$", summary, re.MULTILINE)
    assert re.search(r"^GPU", summary, re.MULTILINE)
    assert summary.endswith("Verdict: healthy 100 %\n") or "unknown" in summary
    assert "Traceback" not in errors


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_recording_that_is_stopped_has_only_whole_lines(
    triton: Triton, tmp_path: Path, number: signal.Signals
) -> None:
    file = tmp_path / "run.jsonl"
    with started("record", file, "-i", "0.1", "--triton", triton.url) as process:
        triton.wait_for_scrapes(4)
        process.send_signal(number)
        output, errors = process.communicate(timeout=DEADLINE_S)
    assert (process.returncode, output) == (0, "")
    assert "Traceback" not in errors
    assert (" requests\n" in errors) == (number == signal.SIGINT)
    recording = read(file)
    assert recording.cut_off is False
    assert file.read_bytes().endswith(b"}\n")
    assert recording.header.interval_s == 0.1
    assert len(recording.samples) >= 3
    assert [sample.deltas().request_count for sample in recording.samples] == [
        None,
        *[3] * (len(recording.samples) - 1),
    ]


def test_flags_before_record_count_as_much_as_after_it(triton: Triton, tmp_path: Path) -> None:
    file = tmp_path / "run.jsonl"
    code, output, _ = ran("-i", "0.2", "--once", "--triton", triton.url, "record", file)
    assert (code, output) == (0, "")
    recording = read(file)
    assert recording.header.interval_s == 0.2
    assert [sample.deltas().request_count for sample in recording.samples] == [3]


def test_processes_and_batch_sizes_are_recorded_when_asked_for(
    triton: Triton, nowhere: str, tmp_path: Path
) -> None:
    file = tmp_path / "run.jsonl"
    silent_port = nowhere.rpartition(":")[2]
    code, _, errors = ran(
        *("record", file, "--once", "-i", "0.2", "--triton", triton.url),
        *("--triton-http", triton.url),
        *("--watch", f"fake={triton.server_port}", "--watch", f"gateway={silent_port}"),
    )
    assert code == 0
    [sample] = read(file).samples
    assert sample.batch_sizes == {1: 1, 8: 2}
    fake, gateway = sample.processes
    assert fake.role == "fake"
    assert fake.cpu_percent is not None
    assert fake.count is not None
    assert (gateway.role, gateway.cpu_percent, gateway.count) == ("gateway", None, None)
    assert f"monitor: no processes of gateway: nobody listens on port {silent_port}" in errors


@pytest.fixture
def recording(triton: Triton, tmp_path: Path) -> Path:
    file = tmp_path / "recorded.jsonl"
    code, _, _ = ran("record", file, "-i", "0.1", "--duration", "0.45", *only(triton))
    assert code == 0
    return file


def only(triton: Triton) -> tuple[str, ...]:
    """Nothing but this server is asked."""
    return ("--triton", triton.url, "--gateway", "off", "--watch", "off")


def test_a_replay_shows_the_lines_of_its_recording_and_a_summary(recording: Path) -> None:
    code, output, _ = ran("replay", recording, "--speed", "0", "--no-header")
    samples = read(recording).samples
    lines = [line for line in output.splitlines() if re.match(r"\d\d:", line)]
    assert code == 0
    assert lines == [table.row(sample) for sample in samples]
    assert f"{len(samples)} samples in 0 s: {3 * (len(samples) - 1)} requests" in output
    code, output, _ = ran("replay", recording, "--speed", "0", "--format", "csv")
    rows = output.splitlines()
    assert (code, len(rows)) == (0, len(samples) + 1)
    assert rows[0].startswith("time,")


def test_a_report_is_a_page_beside_its_recording(recording: Path) -> None:
    code, output, _ = ran("report", recording)
    page = recording.with_suffix(".html")
    assert (code, output) == (0, f"{page}\n")
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")


def test_an_exporter_answers_with_what_is_derived(triton: Triton) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        code, _, errors = ran("export", "--port", str(port), *only(triton))
        assert code == 1
        assert f"127.0.0.1, port {port}, cannot be listened on" in errors
    with started("export", "--port", str(port), "-i", "0.1", *only(triton)) as process:
        triton.wait_for_scrapes(3)
        url = f"http://127.0.0.1:{port}/metrics"
        text = get(url, 5.0)
        process.terminate()
        _, errors = process.communicate(timeout=DEADLINE_S)
    assert process.returncode == 0
    assert url in errors
    series = 'framegate_monitor_model_queue_seconds{model="capture_quality",version="1"}'
    assert f"{series} 0.002" in text


@pytest.mark.parametrize(("fail_on", "code"), [(None, 0), ("degraded", 3), ("overloaded", 3)])
def test_fail_on_ends_with_3_where_it_came_to_that(
    fail_on: str | None, code: int, triton: Triton
) -> None:
    triton.infer_us = 60_000
    flags = ("-i", "0.1", "--duration", "0.5", *only(triton))
    found, _, errors = ran(*flags, *(("--fail-on", fail_on) if fail_on else ()))
    assert found == code
    assert re.search(r"^monitor: \d\d:\d\d:\d\d overloaded: inference 60 ms > 50 ms", errors, re.M)


def test_colour_is_beside_the_word_where_it_is_wanted(triton: Triton) -> None:
    triton.infer_us = 60_000
    flags = ("-i", "0.1", "--duration", "0.4", "--color", *only(triton))
    assert "\x1b[31moverloaded\x1b[0m: " in ran(*flags)[2]


def test_a_screen_needs_a_terminal(triton: Triton) -> None:
    code, output, errors = ran("--tui", *only(triton))
    assert (code, output) == (2, "")
    assert errors == "monitor: --tui needs a terminal; leave it out for lines\n"


def test_a_screen_is_given_back_and_followed_by_the_summary(triton: Triton) -> None:
    controller, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    process = subprocess.Popen(
        [sys.executable, "-m", "monitor", "--tui", "-i", "0.1", *only(triton)],
        cwd=ROOT,
        env={**ENVIRONMENT, "TERM": "xterm-256color"},
        stdin=subprocess.DEVNULL,
        stdout=terminal,
        stderr=subprocess.PIPE,
    )
    os.close(terminal)
    shown = b""
    with process, os.fdopen(controller, "rb", buffering=0) as screen:
        while b"capture_quality" not in shown:
            shown += screen.read(65536)
        process.send_signal(signal.SIGINT)
        # Reading from a terminal whose other end is closed fails.
        with contextlib.suppress(OSError):
            while more := screen.read(65536):
                shown += more
        assert process.wait(DEADLINE_S) == 0
    opened, closed = shown.index(b"\x1b[?1049h"), shown.index(b"\x1b[?1049l")
    assert opened < closed < shown.index(b" samples in ")


def test_json_without_once_is_a_recording_on_stdout(triton: Triton, tmp_path: Path) -> None:
    code, output, _ = ran(
        "--format", "json", "-i", "0.1", "--duration", "0.3", "--triton", triton.url
    )
    file = tmp_path / "run.jsonl"
    file.write_text(output, encoding="utf-8")
    assert code == 0
    assert len(read(file).samples) >= 2


def test_a_reader_that_leaves_causes_no_traceback(triton: Triton) -> None:
    with started("-i", "0.1", "--triton", triton.url) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr is not None
        errors = process.stderr.read()
        assert process.wait(DEADLINE_S) == 0
    assert "Traceback" not in errors
    assert "Exception" not in errors
    assert "Broken pipe" not in errors


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["-i", "0"], "0 is not between 0.1 and 3600 seconds"),
        (["-i", "nan"], "nan is not between 0.1 and 3600 seconds"),
        (["-i", "soon"], "'soon' is not a number of seconds"),
        (["--duration", "-1"], "-1 is not a number of seconds above 0"),
        (["--triton", "localhost:8002"], "'localhost:8002' is not a URL"),
        (["record", "x", "--watch", "8000"], "'8000' is not a role and a port from 1 to 65535"),
        (["record", "x", "--watch", "gateway=0"], "'gateway=0' is not a role and a port"),
        (["record", "x", "--triton-http", "here"], "'here' is not a URL"),
        (["record"], "the following arguments are required: FILE"),
        (["play"], "invalid choice: 'play'"),
        (["replay", "/nonexistent/run.jsonl"], "cannot be read: No such file or directory"),
        (["replay", "x", "--speed", "-1"], "-1 is not a speed"),
        (["report", "/nonexistent/run.jsonl"], "cannot be read: No such file or directory"),
        (["export", "--port", "0"], "'0' is not a port from 1 to 65535"),
        (["--thresholds", "mine"], "has no profile [mine]"),
        (["--ca", "/nonexistent.pem"], "there is no file /nonexistent.pem"),
        (["--webhook", "hook"], "the webhook's address must begin with http:// or https://"),
        (["--tui", "--once"], "--once has one sample"),
        (["record", "/nonexistent/run.jsonl"], "cannot be written: No such file or directory"),
    ],
)
def test_a_mistake_is_one_sentence_and_exit_code_2(arguments: list[str], complaint: str) -> None:
    code, output, errors = ran(*arguments)
    assert (code, output) == (2, "")
    assert complaint in errors
    assert len(errors.splitlines()) == 1


def test_every_wrong_setting_is_named_at_once() -> None:
    code, output, errors = ran(
        "--once", FRAMEGATE_TRITON_HOST="", FRAMEGATE_TRITON_METRICS_PORT="http"
    )
    assert (code, output) == (2, "")
    assert len(errors.splitlines()) == 1
    assert "FRAMEGATE_TRITON_HOST: " in errors
    assert "FRAMEGATE_TRITON_METRICS_PORT: " in errors


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="/dev/full is missing: not Linux")
def test_a_full_disk_is_one_sentence_and_exit_code_1(nowhere: str) -> None:
    code, _, errors = ran("record", "/dev/full", "--once", "--triton", nowhere)
    assert code == 1
    assert errors.splitlines()[-1] == "monitor: writing failed: No space left on device"
    assert "Traceback" not in errors


def modules_after(statement: str) -> set[str]:
    program = f"{statement}\nimport sys\nprint(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return set(done.stdout.split())


def test_starting_imports_nothing_heavy() -> None:
    heavy = {"rich", "textual", "pydantic", "psutil", "requests", "urllib3", "asyncio", "numpy"}
    assert modules_after("import monitor.cli") & heavy == set()


def test_verdicts_and_recordings_are_read_without_nvml_or_triton() -> None:
    loaded = modules_after("import monitor.judgement.verdict, monitor.output.recording")
    assert loaded & {"pynvml", "prometheus_client", "pydantic"} == set()
