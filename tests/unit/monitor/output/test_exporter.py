"""The exporter, asked over HTTP as Prometheus asks it."""

import contextlib
import re
import shutil
import socket
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import replace

import pytest
from prometheus_client.parser import text_string_to_metric_families

from monitor.counters import ModelActivity, ModelKey
from monitor.observation import Growth
from monitor.output import exporter as module
from monitor.output.exporter import CannotListen, Exporter
from tests.unit.monitor.output.made_observations import (
    HOSTILE,
    SCORER,
    blind_sample,
    busy_sample,
    observed,
    with_model_name,
)

MODEL = (("model", "capture_quality"), ("version", "1"))
GPU = (("index", "0"), ("uuid", "GPU-a"))
Series = dict[tuple[str, tuple[tuple[str, str], ...]], float]


class Clock:
    now_s = 500.5

    def monotonic(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def exporter(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Iterator[Exporter]:
    monkeypatch.setattr(module, "POLL_S", 0.01)
    with Exporter("127.0.0.1", 0, interval_s=1.0, monotonic=clock.monotonic) as running:
        yield running


def text_of(exporter: Exporter) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{exporter.port}/metrics", timeout=10) as answer:
        assert answer.headers["Content-Type"].startswith("text/plain; version=")
        return str(answer.read().decode())


def series_of(exporter: Exporter) -> Series:
    return {
        (sample.name.removeprefix("framegate_monitor_"), tuple(sorted(sample.labels.items()))): (
            sample.value
        )
        for family in text_string_to_metric_families(text_of(exporter))
        for sample in family.samples
    }


def test_what_the_monitor_derives_is_told_in_base_units(exporter: Exporter) -> None:
    growth = Growth("gateway memory", 52e6, "gateway memory grows 52 MB/hour.", alarming=True)
    exporter.write(observed(busy_sample(), "overloaded", "instances_bound", growths=(growth,)))
    series = series_of(exporter)
    states = {key: value for key, value in series.items() if key[0] in ("verdict", "diagnosis")}
    assert {key for key, value in states.items() if value} == {
        ("verdict", (("level", "overloaded"),)),
        ("diagnosis", (("code", "instances_bound"),)),
    }
    assert len(states) == 4 + 7
    rest = {key: value for key, value in series.items() if key not in states}
    assert rest == pytest.approx(
        {
            ("sample_age_seconds", ()): 0.5,
            ("up", (("source", "triton"),)): 1,
            ("up", (("source", "gpu"),)): 1,
            ("up", (("source", "gateway"),)): 1,
            ("model_queue_seconds", MODEL): 0.015,
            ("model_compute_infer_seconds", MODEL): 0.063,
            ("model_mean_batch_size", MODEL): 4,
            ("model_requests_per_second", MODEL): 50,
            ("model_failures_per_second", MODEL): 3,
            ("model_pending_requests", MODEL): 3,
            ("model_in_flight_requests", MODEL): 4,
            ("model_instances_busy_ratio", MODEL): 0.9,
            ("gpu_utilization_ratio", GPU): 0.87,
            ("gpu_memory_used_bytes", GPU): 6 * 2**30,
            ("gpu_memory_total_bytes", GPU): 12 * 2**30,
            ("gpu_power_watts", GPU): 145.5,
            ("gpu_power_limit_watts", GPU): 170,
            ("gpu_temperature_celsius", GPU): 61,
            ("gateway_request_seconds", ()): 0.085,
            ("gateway_requests_per_second", ()): 55,
            ("gateway_failures_per_second", ()): 5,
            ("gateway_in_flight_requests", ()): 9,
            ("gateway_stage_seconds", (("stage", "decode"),)): 0.0015,
            ("gateway_stage_seconds", (("stage", "preprocess"),)): 0.0025,
            ("gateway_stage_seconds", (("stage", "triton"),)): 0.08,
            ("joules_per_inference", ()): 1.455,
            ("memory_growth_bytes_per_hour", (("what", "gateway memory"),)): 52e6,
        }
    )


def test_what_is_unknown_is_absent_and_never_zero(exporter: Exporter) -> None:
    exporter.write(observed(blind_sample(), "unknown"))
    names = {name for name, _ in series_of(exporter)}
    assert names == {"sample_age_seconds", "up", "verdict", "diagnosis"}
    up = {labels: value for (name, labels), value in series_of(exporter).items() if name == "up"}
    assert set(up.values()) == {0}
    assert len(up) == 3


def test_a_gateway_nobody_asked_is_neither_up_nor_down(exporter: Exporter) -> None:
    exporter.write(observed(replace(busy_sample(), gateway=None)))
    assert ("up", (("source", "gateway"),)) not in series_of(exporter)


def test_a_model_that_was_unloaded_and_a_gpu_that_was_lost_are_gone(exporter: Exporter) -> None:
    full = busy_sample()
    assert full.models is not None
    other = ModelActivity(ModelKey("other", "2"), 0, full.models[0].deltas)
    exporter.write(observed(replace(full, models=(*full.models, other))))
    assert any(dict(labels).get("model") == "other" for _, labels in series_of(exporter))
    exporter.write(observed(replace(full, gpus=())))
    labels = [dict(labels) for _, labels in series_of(exporter)]
    assert {one["model"] for one in labels if "model" in one} == {SCORER.model}
    assert not any("uuid" in one for one in labels)


def test_a_model_of_which_only_the_first_scrape_is_known_has_its_pending_count_alone(
    exporter: Exporter,
) -> None:
    first = replace(busy_sample(), models=(ModelActivity(SCORER, 2),), elapsed_s=None)
    exporter.write(observed(replace(first, instances=None)))
    model = {
        name: value for (name, labels), value in series_of(exporter).items() if labels == MODEL
    }
    assert model == {"model_pending_requests": 2}


def test_the_parts_of_a_divided_gpu_have_labels_of_their_own(exporter: Exporter) -> None:
    whole = replace(busy_sample().gpus[0], uuid=None)
    parts = (whole, replace(whole, mig_index=0), replace(whole, mig_index=1, uuid="MIG-b"))
    exporter.write(observed(replace(busy_sample(), gpus=parts)))
    found = {dict(labels)["index"] for name, labels in series_of(exporter) if "gpu_" in name}
    assert found == {"0", "0/0", "0/1"}


def test_two_gpus_that_cannot_be_told_apart_do_not_make_the_scrape_invalid(
    exporter: Exporter,
) -> None:
    gpu = busy_sample().gpus[0]
    exporter.write(observed(replace(busy_sample(), gpus=(gpu, gpu))))
    assert text_of(exporter).count("framegate_monitor_gpu_power_watts{") == 1


def test_an_observation_gone_stale_leaves_its_age_and_nothing_up(
    exporter: Exporter, clock: Clock
) -> None:
    exporter.write(observed(busy_sample()))
    clock.now_s = 503.0
    assert ("model_pending_requests", MODEL) in series_of(exporter)
    clock.now_s = 503.1
    assert series_of(exporter) == pytest.approx(
        {
            ("sample_age_seconds", ()): 3.1,
            ("up", (("source", "triton"),)): 0,
            ("up", (("source", "gpu"),)): 0,
            ("up", (("source", "gateway"),)): 0,
        }
    )


def test_before_the_first_sample_there_is_nothing(exporter: Exporter) -> None:
    assert series_of(exporter) == {}


def test_a_hostile_name_stays_a_label(exporter: Exporter) -> None:
    exporter.write(observed(with_model_name(busy_sample(), HOSTILE)))
    assert ("model_pending_requests", (("model", HOSTILE), ("version", "1"))) in series_of(exporter)


def test_every_family_is_a_gauge_with_help_and_a_lawful_name(exporter: Exporter) -> None:
    exporter.write(observed(busy_sample()))
    text = text_of(exporter)
    names = set(re.findall(r"^(\w+)[{ ]", text, flags=re.MULTILINE))
    assert names
    for name in names:
        assert f"# TYPE {name} gauge\n" in text
        assert re.search(rf"^# HELP {name} [A-Z0-9].*\.$", text, flags=re.MULTILINE)
        # Prometheus keeps these endings for counters, histograms and summaries.
        assert not name.endswith(("_total", "_count", "_sum", "_bucket", "_info"))
        assert not re.search(r"_(ms|us|milliseconds|percent|mb|kb)(_|$)", name)


def test_promtool_finds_nothing_to_complain_of(exporter: Exporter) -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("missing: promtool (Debian: prometheus)")
    growth = Growth("gateway memory", 52e6, "gateway memory grows 52 MB/hour.")
    exporter.write(observed(busy_sample(), growths=(growth,)))
    done = subprocess.run(
        [promtool, "check", "metrics"], input=text_of(exporter), capture_output=True, text=True
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/", 404), ("GET", "/metrics/", 404), ("POST", "/metrics", 501)],
)
def test_there_is_nothing_but_get_metrics(
    exporter: Exporter, method: str, path: str, status: int
) -> None:
    url = f"http://127.0.0.1:{exporter.port}{path}"
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(urllib.request.Request(url, method=method), timeout=10)
    with caught.value as answer:
        assert answer.code == status


def test_a_query_does_not_hide_the_metrics(exporter: Exporter) -> None:
    with urllib.request.urlopen(f"http://127.0.0.1:{exporter.port}/metrics?x=1") as answer:
        assert answer.status == 200


def test_a_port_in_use_is_a_sentence(exporter: Exporter) -> None:
    with (
        pytest.raises(CannotListen) as caught,
        Exporter("127.0.0.1", exporter.port, interval_s=1.0),
    ):
        pass
    assert str(caught.value) == (
        f"127.0.0.1, port {exporter.port}, cannot be listened on: Address already in use. "
        "Give another --port or --host."
    )


def test_the_port_is_free_again_at_the_end() -> None:
    with Exporter("127.0.0.1", 0, interval_s=1.0) as first:
        port = first.port
    with Exporter("127.0.0.1", port, interval_s=1.0) as second:
        assert second.port == port


def test_whoever_sends_half_a_request_is_hung_up_on(
    exporter: Exporter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LONGEST_REQUEST_S", 0.05)
    with socket.create_connection(("127.0.0.1", exporter.port), timeout=10) as slow:
        slow.sendall(b"GET /met")
        assert slow.recv(1) == b""


def test_more_connections_than_there_is_room_for_are_closed_unanswered(
    exporter: Exporter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_CONNECTIONS", 1)
    address = ("127.0.0.1", exporter.port)
    with socket.create_connection(address, timeout=10) as first:
        with socket.create_connection(address, timeout=10) as second:
            second.sendall(b"GET /metrics HTTP/1.0\r\n\r\n")
            with contextlib.suppress(ConnectionResetError):
                assert second.recv(1) == b""
        first.sendall(b"GET /metrics HTTP/1.0\r\n\r\n")
        assert first.recv(12) == b"HTTP/1.0 200"
