"""Processor time and memory of process trees."""

import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from benchmarks.usage import CpuMeter, pss_bytes, tree
from benchmarks.watch import Watch, core_shares
from tests.processes import wait_until

BUSY = "import subprocess, sys; subprocess.Popen([sys.executable, '-c', 'while True: pass']).wait()"


@pytest.fixture
def parent_of_a_busy_one() -> Iterator[int]:
    process = subprocess.Popen([sys.executable, "-c", BUSY])
    wait_until(lambda: len(tree(process.pid)) == 2)
    yield process.pid
    for one in reversed(tree(process.pid)):
        one.kill()
    process.wait()


def test_a_child_s_time_counts_for_its_parent_s_role(parent_of_a_busy_one: int) -> None:
    meter = CpuMeter({"gateway": parent_of_a_busy_one})
    wait_until(lambda: sum(used.seconds for used in meter.used()) > 0.05)
    assert {used.role for used in meter.used()} == {"gateway"}
    assert len(meter.used()) == 2


def test_memory_of_a_tree_is_more_than_that_of_its_root_s_child(parent_of_a_busy_one: int) -> None:
    child = tree(parent_of_a_busy_one)[1]
    wait_until(lambda: pss_bytes(parent_of_a_busy_one) > pss_bytes(child.pid) > 0)


def test_a_process_that_has_ended_uses_nothing() -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    assert CpuMeter({"gateway": ended.pid}).used() == []
    assert pss_bytes(ended.pid) == 0


def test_a_watch_looks_at_its_times_and_ends_with_its_block(parent_of_a_busy_one: int) -> None:
    with Watch({"gateway": parent_of_a_busy_one}, (0.0, 0.2, 3600)) as watch:
        wait_until(lambda: len(watch.looks) == 2)
        began_s = time.monotonic()
    assert time.monotonic() - began_s < 60
    first, second = watch.looks
    assert first.memory_bytes > 0
    shares = {share.role: share.seconds for share in core_shares(first, second)}
    assert set(shares) == {"gateway", "generator"}
    assert shares["gateway"] > 0
