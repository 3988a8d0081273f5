"""What a process holds, as the kernel and the C library say."""

import ctypes

import numpy as np
import pytest

from scripts.video_memory import memory

MB = 2**20
SIZE = 64 * MB


def test_a_peak_stays_until_it_is_forgotten() -> None:
    memory.forget_peak()
    before = memory.of_this_process()
    there = np.ones(SIZE, np.uint8)
    held = memory.of_this_process()
    del there
    memory.give_back()
    after = memory.of_this_process()
    assert held.reserved_bytes - before.reserved_bytes == pytest.approx(SIZE, abs=4 * MB)
    assert after.peak_bytes >= before.reserved_bytes + SIZE - 4 * MB
    assert after.reserved_bytes < before.reserved_bytes + 8 * MB
    memory.forget_peak()
    assert memory.of_this_process().peak_bytes < after.peak_bytes - SIZE // 2


def test_what_the_c_library_has_handed_out_is_counted_to_the_byte_or_nearly() -> None:
    before = memory.of_this_process().allocated_bytes
    there = np.empty(SIZE, np.uint8)  # not even touched
    held = memory.of_this_process().allocated_bytes
    del there
    after = memory.of_this_process().allocated_bytes
    assert before is not None
    assert held is not None
    assert after is not None
    assert held - before == pytest.approx(SIZE, abs=MB)
    assert after - before == pytest.approx(0, abs=MB)


def test_another_c_library_leaves_it_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ctypes, "CDLL", lambda name: object())
    assert memory.of_this_process().allocated_bytes is None
