"""Hosts are counted by division and rounded up."""

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.capacity.errors import CannotSay
from scripts.capacity.law import Law, Limit
from scripts.capacity.plan import (
    KEEPALIVE_S,
    NETWORK_OUT,
    PROCESSORS,
    SERVERS,
    WORKER_CONNECTIONS,
    WORKERS,
    Host,
    Plan,
    Wish,
    fills,
    plan,
    whole,
)
from tests.capacity_runs import LAW, WISH
from tests.processes import PROJECT


def hosts(made: Plan) -> tuple[int, ...]:
    return tuple(tier.hosts for tier in made.tiers)


def test_the_worked_example() -> None:
    # 1,000/s × 2 ms ÷ 0.8 = 2.5 cores, × 4 ms 5 cores; two cores a host.
    made = plan(WISH, LAW, None)
    assert hosts(made) == (2, 3)
    assert made.gateway_workers == 4
    assert (made.triton_servers, made.gpus, made.gpu_w) == (3, 0, None)


def test_headroom_is_of_what_the_hosts_carry() -> None:
    made = plan(replace(WISH, headroom_ratio=0.5), LAW, None)
    assert made.sized_per_s == 2_000
    assert hosts(made) == (3, 5)


def test_a_quotient_without_rest_is_not_rounded_up() -> None:
    # 0.1 + 0.2 in disguise: 1,200/s × 4 ms ÷ 0.8 ÷ 2 cores is 3 and not 4.
    assert hosts(plan(replace(WISH, cameras=1_200), LAW, None))[1] == 3
    assert [whole(value) for value in (3.0000000001, 3.0001, 2.9999, 0.0)] == [3, 4, 3, 0]


def test_a_spare_host_is_one_more_of_each_kind_with_all_that_they_have() -> None:
    made = plan(replace(WISH, spare_hosts=1), LAW, None)
    assert [tier.all_hosts for tier in made.tiers] == [3, 4]
    assert (made.gateway_workers, made.triton_servers) == (6, 4)


def test_together_every_host_has_both() -> None:
    # 6 ms × 1,000/s ÷ 0.8 = 7.5 cores.
    made = plan(replace(WISH, layout="together"), LAW, None)
    assert hosts(made) == (4,)
    assert (made.gateway_workers, made.triton_servers) == (4, 4)
    assert NETWORK_OUT not in {one.what for one in made.tiers[0].provided}


def test_cameras_that_pause_for_long_need_workers_for_their_connections() -> None:
    # 1,000 frames/s of 4,000 cameras ÷ (1,000 each × 0.7), where computing asks for 2.5.
    made = plan(replace(WISH, cameras=4_000, interval_s=4.0), LAW, None)
    assert made.gateway_workers == 6
    # Past what the gateway keeps an idle connection for, a camera holds none.
    slow = plan(replace(WISH, cameras=60_000, interval_s=60.0), LAW, None)
    assert slow.gateway_workers == 8


def test_what_the_gateway_says_of_connections_is_what_is_counted() -> None:
    said = (PROJECT / "backend/gateway/gunicorn_conf.py").read_text()
    assert f"\nworker_connections = {WORKER_CONNECTIONS}\n" in said
    assert f"\nkeepalive = {KEEPALIVE_S:g}\n" in said


def test_a_gpu_is_counted_in_seconds_and_costs_what_it_took_in_the_run() -> None:
    with_gpu = replace(LAW, gpu_s=0.001)
    wish = replace(WISH, host=Host(cores=64, gpus=4, nic_bytes_per_s=1e12), spare_hosts=1)
    # 1,000/s × 1 ms ÷ 0.5 = 2 GPUs, on one host of four; and as much on the spare one.
    made = plan(wish, with_gpu, 150.0)
    assert hosts(made) == (1, 1)
    assert (made.gpus, made.triton_servers, made.gpu_w) == (4, 4, 600.0)
    assert plan(wish, with_gpu, None).gpu_w is None


def test_hosts_without_a_gpu_cannot_carry_what_was_computed_on_one() -> None:
    with pytest.raises(CannotSay, match="computed on a GPU"):
        plan(WISH, replace(LAW, gpu_s=0.001), None)


def test_tritons_that_queue_are_multiplied_whatever_their_processors_do() -> None:
    made = plan(WISH, replace(LAW, triton_server_s=0.01), None)
    assert hosts(made) == (2, 3)
    assert made.triton_servers == 12  # 10 of them, evenly over three hosts
    assert made.tiers[1].per_host(SERVERS) == 4


def test_a_network_card_can_ask_for_more_hosts_than_the_processors() -> None:
    wish = replace(WISH, host=Host(cores=64, gpus=0, nic_bytes_per_s=1.25e8))
    made = plan(wish, LAW, None)
    # 371 kB out and 370 kB in × 1,000/s ÷ (125 MB/s × 0.7).
    assert hosts(made) == (5, 5)
    assert [one.demand for one in made.tiers[0].provided if one.what == NETWORK_OUT] == [371_000]
    assert (fills(made)[0][0], fills(made)[0][1].what) == ("gateway hosts", NETWORK_OUT)


def test_the_first_to_be_full_is_named_with_its_number_of_cameras() -> None:
    made = plan(WISH, LAW, None)
    tier, first = fills(made)[0]
    assert (tier, first.what) == ("Triton hosts", PROCESSORS)
    # 3 hosts × 2 cores × 0.8 ÷ 4 ms.
    assert first.full_at_cameras == pytest.approx(1_200)


def test_what_a_setting_gives_more_of_is_no_bottleneck() -> None:
    made = plan(WISH, replace(LAW, triton_server_s=0.01), None)
    assert not {WORKERS, SERVERS} & {one.what for _, one in fills(made)}


amounts = st.floats(1e-5, 0.1)
ratios = st.floats(0.05, 1.0)
laws = st.builds(
    lambda gateway_cpu_s, triton_cpu_s, gpu_s, processors, gpus: replace(
        LAW,
        gateway_cpu_s=gateway_cpu_s,
        triton_cpu_s=triton_cpu_s,
        gpu_s=gpu_s,
        limits={**LAW.limits, "processors": processors, "gpus": gpus},
    ),
    amounts,
    amounts,
    st.none() | amounts,
    ratios.map(lambda ratio: Limit(ratio, "knee")),
    ratios.map(lambda ratio: Limit(ratio, "assumed")),
)
wishes = st.builds(
    lambda cameras, interval_s, headroom, layout, cores, gpus, nic: replace(
        WISH,
        cameras=cameras,
        interval_s=interval_s,
        headroom_ratio=headroom,
        layout=layout,
        host=Host(cores, gpus, nic),
    ),
    st.integers(1, 1_000_000),
    st.floats(0.04, 60),
    st.floats(0, 0.9),
    st.sampled_from(("split", "together")),
    st.integers(1, 128),
    st.integers(1, 8),
    st.floats(1e8, 1e11),
)


@given(wishes, laws)
def test_no_host_is_ever_fuller_than_it_may_be(wish: Wish, demands: Law) -> None:
    for tier in plan(wish, demands, None).tiers:
        for one in tier.provided:
            used = wish.sized_per_s * one.demand
            assert tier.hosts * one.per_host * one.limit.ratio >= used * (1 - 1e-6), one.what


@given(wishes, laws)
def test_one_host_less_of_a_kind_would_be_too_few(wish: Wish, demands: Law) -> None:
    host = wish.host
    for tier in plan(wish, demands, None).tiers:
        most = {"processors": host.cores, "GPUs": host.gpus}
        too_full = [
            wish.sized_per_s * one.demand
            > (tier.hosts - 1) * most.get(one.what, host.nic_bytes_per_s) * one.limit.ratio
            for one in tier.provided
            if one.what != WORKERS
        ]
        assert any(too_full), tier.name


@given(wishes, laws, st.integers(1, 1_000_000))
def test_more_cameras_never_need_fewer_hosts(wish: Wish, demands: Law, more: int) -> None:
    few = plan(wish, demands, 100.0)
    many = plan(replace(wish, cameras=wish.cameras + more), demands, 100.0)
    assert all(a <= b for a, b in zip(hosts(few), hosts(many), strict=True))
    assert few.frames_per_s < many.frames_per_s


@given(wishes, laws)
def test_only_frames_per_second_count(wish: Wish, demands: Law) -> None:
    slower = replace(wish, cameras=wish.cameras * 2, interval_s=wish.interval_s * 2)
    assert hosts(plan(wish, demands, None)) == hosts(plan(slower, demands, None))


@given(wishes, laws)
def test_hosts_grow_no_faster_than_cameras(wish: Wish, demands: Law) -> None:
    once = hosts(plan(wish, demands, None))
    twice = hosts(plan(replace(wish, cameras=2 * wish.cameras), demands, None))
    assert all(b <= 2 * a for a, b in zip(once, twice, strict=True))


@given(wishes, laws)
def test_hosts_of_twice_the_size_are_half_as_many(wish: Wish, demands: Law) -> None:
    host = wish.host
    large = Host(2 * host.cores, 2 * host.gpus, 2 * host.nic_bytes_per_s)
    once = hosts(plan(wish, demands, None))
    half = hosts(plan(replace(wish, host=large), demands, None))
    assert half == tuple(math.ceil(count / 2) for count in once)


@given(wishes, laws)
def test_what_is_said_to_be_full_first_comes_no_sooner_than_the_load(
    wish: Wish, demands: Law
) -> None:
    full = [one.full_at_cameras for _, one in fills(plan(wish, demands, None))]
    assert full == sorted(full, key=lambda cameras: cameras or 0.0)
    assert (full[0] or 0.0) >= wish.cameras * (1 - 1e-6)
