"""What else grows: connections, networks, Redis, series, load generators."""

from dataclasses import replace

import pytest

from backend.settings import Settings
from scripts.capacity.plan import plan
from scripts.capacity.surroundings import TRITON_CONNECTIONS, surroundings
from tests.capacity_runs import LAW, WISH


def test_each_grows_with_the_frames_or_the_hosts() -> None:
    made = plan(replace(WISH, spare_hosts=1), LAW, None)
    found = surroundings(WISH, made, replace(LAW, generator_cpu_s=0.00185), series_per_gateway=100)
    assert (found.connections, found.per_gateway_host) == (1_000, 500)
    assert found.bytes_in_per_s == pytest.approx(3e7)
    assert found.bytes_to_triton_per_s == pytest.approx(3.7e8)
    # Two workers on each of three hosts, two connections each to four Tritons.
    assert found.triton_connections == 6 * 4 * 2
    assert found.redis_rate.commands_per_s == 1_000
    assert found.redis_rate.thread_ratio == pytest.approx(0.05)
    assert found.redis_cache.commands_per_s == 2_000
    assert found.redis_cache.thread_ratio == pytest.approx(0.066)
    # Two gateway hosts and the spare one.
    assert found.series == 300
    # 1,000/s × 1.85 ms ÷ 0.9 of a core.
    assert found.generator_processes == 3


def test_on_one_host_pixels_do_not_cross_the_network() -> None:
    wish = replace(WISH, layout="together")
    found = surroundings(wish, plan(wish, LAW, None), LAW, 100)
    assert found.bytes_to_triton_per_s == 0
    # Four hosts, each with a worker that asks its own Triton.
    assert found.triton_connections == 4 * 2


def test_defaults_that_are_counted_with_are_the_settings_own() -> None:
    assert Settings.model_fields["triton_connections"].default == TRITON_CONNECTIONS


def test_what_was_not_measured_stays_unknown() -> None:
    wish = replace(WISH, tensor_bytes=None)
    found = surroundings(wish, plan(wish, LAW, None), LAW, 100)
    assert (found.bytes_to_triton_per_s, found.generator_processes) == (None, None)
