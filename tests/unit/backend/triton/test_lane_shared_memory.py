"""One lane that hands its pixels over in shared memory, where it can."""

import errno
from collections.abc import Iterator

import gevent
import pytest

from backend.triton import lane as lane_module
from backend.triton.batching import FrameQueue
from backend.triton.lane import Lane, Server, Tensors
from backend.triton.shared_memory import SharedPixels
from tests.unit.backend.triton.running_lane import Running, number_of
from tests.unit.backend.v2_server import TOKEN, V2Server, pixels, until, v2_server


@pytest.fixture
def server() -> Iterator[V2Server]:
    with v2_server() as server:
        yield server


@pytest.fixture
def running(server: V2Server) -> Iterator[Running]:
    running = Running(server.address, TOKEN)
    yield running
    running.greenlet.kill()


def test_pixels_that_lie_in_shared_memory_are_not_sent(server: V2Server) -> None:
    for token, body_has_pixels in ((None, True), (TOKEN, False), ("another", True)):
        running = Running(server.address, token)
        assert [number_of(frame) for frame in running.put(258)] == [258]
        assert (pixels(258).tobytes() in server.asked[-1].body) == body_has_pixels
        running.greenlet.kill()


def test_a_region_that_the_server_has_forgotten_fails_no_frame(
    server: V2Server, running: Running
) -> None:
    for number in range(3):
        frames = running.put(number, number + 100)
        assert [number_of(frame) for frame in frames] == [number, number + 100]
        assert len(server.regions) == 1
        server.regions.clear()
    assert len(server.paths("/register")) == server.connections == 3
    assert running.losses == []


def test_without_room_for_shared_memory_pixels_are_sent(
    server: V2Server, running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.posix_fallocate", full)
    assert [number_of(frame) for frame in running.put(258)] == [258]
    assert pixels(258).tobytes() in server.asked[-1].body


def test_pixels_are_sent_while_the_server_still_reads_what_was_shared_and_shared_afterwards(
    server: V2Server, running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("backend.triton.shared_memory.RECOVERY_S", 0.05)
    monkeypatch.setattr(lane_module, "STALL_S", 0.05)
    server.go.clear()
    server.in_use = True
    (late,) = running.put(1, within_s=0.05)
    assert not late.wait()
    until(lambda: server.connections == 2, "the lane came back")
    (held,) = server.regions
    server.go.set()
    assert [number_of(frame) for frame in running.put(258)] == [258]
    assert pixels(258).tobytes() in server.asked[-1].body
    assert list(server.regions) == [held]
    server.in_use = False

    def shared_again() -> bool:
        assert [number_of(frame) for frame in running.put(259)] == [259]
        return pixels(259).tobytes() not in server.asked[-1].body

    until(shared_again, "pixels are shared again")
    assert len(server.regions) == 1
    assert held not in server.regions


def test_a_server_is_swept_once_however_many_lanes_join_it(server: V2Server) -> None:
    known = Server(*server.address)
    tensors, queue = Tensors("image", ("score", "measures")), FrameQueue()
    lanes = [
        Lane(known, "m", tensors, queue, SharedPixels(TOKEN), server_lost=lambda: None)
        for _ in range(3)
    ]
    greenlets = [gevent.spawn(lane.run) for lane in lanes]
    until(lambda: len(server.regions) == 3, "all have joined")
    assert len(server.paths("/status")) == 1
    gevent.killall(greenlets)
