import itertools
from collections.abc import Iterator, Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.sample import FIRST_GATEWAY_SCRAPE
from monitor.sources.gateway import GatewaySource
from monitor.sources.gateway_metrics import between, gateway_url, parse
from monitor.sources.http import ScrapeError

URL = "http://127.0.0.1:8000/metrics"


def gateway_text(
    statuses: Mapping[int, int],
    *,
    stages_s: Mapping[str, tuple[int, float]] | None = None,
    total_s: tuple[int, float] = (0, 0.0),
    rejected: Mapping[str, int] | None = None,
    in_flight: int = 0,
) -> str:
    """Metrics text as the gateway writes it, buckets and all."""
    lines = ["# TYPE framegate_requests_total counter"]
    route = 'route="/v1/quality"'
    for status, count in statuses.items():
        lines.append(
            f'framegate_requests_total{{method="POST",{route},status="{status}"}} {count}.0'
        )
    lines.append('framegate_requests_total{method="GET",route="/health/ready",status="200"} 999.0')
    lines += [
        "# TYPE framegate_request_duration_seconds histogram",
        f'framegate_request_duration_seconds_bucket{{le="0.001",{route}}} 7.0',
        f"framegate_request_duration_seconds_count{{{route}}} {total_s[0]}.0",
        f"framegate_request_duration_seconds_sum{{{route}}} {total_s[1]}",
        'framegate_request_duration_seconds_count{route="/metrics"} 50.0',
        'framegate_request_duration_seconds_sum{route="/metrics"} 50.0',
    ]
    for stage, (count, seconds) in (stages_s or {}).items():
        lines.append(f'framegate_stage_duration_seconds_count{{stage="{stage}"}} {count}.0')
        lines.append(f'framegate_stage_duration_seconds_sum{{stage="{stage}"}} {seconds}')
    for reason, count in (rejected or {}).items():
        lines.append(f'framegate_rejected_requests_total{{reason="{reason}"}} {count}.0')
    lines += ["# TYPE framegate_in_flight_requests gauge"]
    lines.append(f"framegate_in_flight_requests {in_flight}.0")
    return "\n".join(lines) + "\n"


BEFORE = gateway_text(
    {200: 10, 503: 1},
    stages_s={"decode": (10, 0.01)},
    total_s=(11, 0.1),
    rejected={"overloaded": 1},
)
AFTER = gateway_text(
    {200: 14, 400: 2, 503: 4},
    stages_s={"decode": (14, 0.03), "triton": (4, 0.02)},
    total_s=(20, 0.28),
    rejected={"overloaded": 4},
    in_flight=3,
)


def test_pictures_are_counted_by_what_became_of_them_and_health_is_not() -> None:
    found = between(parse(BEFORE, 10.0), parse(AFTER, 12.0))
    assert (found.elapsed_s, found.request_count, found.failure_count) == (2.0, 9, 3)
    assert found.rejected_counts == {"overloaded": 3}
    assert found.total_ms == pytest.approx(20.0)
    assert found.stage_ms == pytest.approx({"decode": 5.0, "triton": 5.0})
    assert found.in_flight_count == 3


def test_a_gateway_that_was_started_anew_counts_from_nothing() -> None:
    found = between(parse(AFTER, 10.0), parse(BEFORE, 11.0))
    assert (found.request_count, found.failure_count) == (11, 1)
    assert found.rejected_counts == {"overloaded": 1}
    assert found.stage_ms == {"decode": pytest.approx(1.0)}


def test_without_requests_no_time_is_known() -> None:
    found = between(parse(AFTER, 10.0), parse(AFTER, 11.0))
    assert (found.request_count, found.total_ms, found.stage_ms) == (0, None, {})


@given(st.text(max_size=200))
def test_any_other_text_is_refused(text: str) -> None:
    with pytest.raises((ValueError, KeyError)):
        parse(text, 0.0)


def test_a_source_speaks_of_the_time_between_two_scrapes_and_says_what_it_does_not_know() -> None:
    answers: Iterator[str | Exception] = iter([BEFORE, ScrapeError("refused"), "<html>", AFTER])

    def fetch(url: str, timeout_s: float) -> str:
        assert (url, timeout_s) == (URL, 0.4)
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    clock = itertools.count(10.0)
    source = GatewaySource(URL, fetch, lambda: next(clock))
    assert source.read(0.4) == (None, FIRST_GATEWAY_SCRAPE)
    assert source.read(0.4) == (None, "refused")
    assert source.read(0.4) == (None, f"{URL} answered something that is no gateway's metrics")
    activity, reason = source.read(0.4)
    assert reason is None
    assert activity is not None
    assert activity.request_count == 9


def test_the_path_is_added_where_none_is_named() -> None:
    assert gateway_url("https://10.0.0.5") == "https://10.0.0.5/metrics"
