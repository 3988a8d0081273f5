from pathlib import Path

import pytest

from loadtest._course._monitor_child import MonitorChild, local_port
from monitor.output.recording import read
from tests.processes import wait_until


@pytest.mark.parametrize(
    ("url", "port"),
    [
        ("http://127.0.0.1:8000", 8000),
        ("http://localhost:8000/", 8000),
        ("https://[::1]:8443", 8443),
        ("https://127.0.0.2", 443),
        ("http://gateway.example:8000", None),
        ("http://192.168.0.7:8000", None),
        ("http://127.0.0.1:none", None),
        ("127.0.0.1:8000", None),
        ("", None),
    ],
)
def test_only_an_address_of_this_machine_has_a_local_port(url: str, port: int | None) -> None:
    assert local_port(url) == port


def test_the_child_watches_what_it_is_told_to(tmp_path: Path, closed_port: int) -> None:
    recording, log = tmp_path / "monitor.jsonl", tmp_path / "monitor.log"
    child = MonitorChild(
        recording,
        log,
        at_most_s=60.0,
        watch={"gateway": closed_port},
        triton_http=f"http://127.0.0.1:{closed_port}",
    )
    wait_until(
        lambda: recording.exists() and recording.read_bytes().count(b"\n") >= 2,
        what="the monitor has written a sample",
    )
    assert child.stop() is None
    first = read(recording).samples[0]
    assert [reading.role for reading in first.processes] == ["gateway"]
    assert "nobody listens" in first.missing["processes.gateway"]
    assert "/v2/models/stats cannot be reached" in first.missing["batch_sizes"]
