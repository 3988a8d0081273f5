"""Memory that both sides know: who may have it, what lies in it, and who lets go of it when."""

import errno
import mmap
import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.triton import shared_memory
from backend.triton.connection import Connection
from backend.triton.shared_memory import RegionLost, SharedPixels, check_known
from tests.unit.backend.v2_server import TOKEN, Reply, V2Server, refusal, v2_server

SIZE_BYTES = 96
NAMESPACE = Path("/proc/self/ns/pid").stat().st_ino
OURS = f"framegate-pixels-{NAMESPACE}-{os.getpid()}-"


def soon() -> float:
    return time.monotonic() + 10


def names_left() -> list[str]:
    """What this process has left in the folder of shared memory."""
    return [path.name for path in Path("/dev/shm").iterdir() if path.name.startswith(OURS)]


@pytest.fixture
def server() -> Iterator[V2Server]:
    with v2_server() as server:
        yield server
    assert names_left() == []


@pytest.fixture
def connection(server: V2Server) -> Iterator[Connection]:
    with Connection(*server.address, deadline_s=soon()) as connection:
        yield connection


def join(
    connection: Connection, token: str | None = TOKEN, size_bytes: int = SIZE_BYTES
) -> SharedPixels:
    shared = SharedPixels(token)
    shared.join(connection, size_bytes, deadline_s=soon())
    return shared


def frames(
    *numbers: int, shape: tuple[int, ...] = (2, 3)
) -> list[np.ndarray[tuple[int, ...], np.dtype[np.uint8]]]:
    return [np.full(shape, number, np.uint8) for number in numbers]


# Agreeing on a region


def test_a_region_is_registered_and_its_name_removed(
    server: V2Server, connection: Connection
) -> None:
    shared = join(connection)
    (name,) = server.regions
    assert name.startswith(OURS)
    assert len(name.removeprefix(OURS)) == 16
    (asked,) = server.asked
    assert asked.path == f"/v2/systemsharedmemory/region/{name}/register"
    assert asked.headers["triton-shared-memory"] == TOKEN
    assert asked.document == {"key": f"/{name}", "offset": 0, "byte_size": SIZE_BYTES}
    assert names_left() == []
    assert shared.lay(frames(1)) == name


def test_no_two_regions_have_one_name(server: V2Server, connection: Connection) -> None:
    lanes = [join(connection) for _ in range(5)]
    assert {lane.lay(frames(1)) for lane in lanes} == set(server.regions)
    assert len(server.regions) == 5


def test_a_server_that_refuses_is_sent_the_pixels(server: V2Server, connection: Connection) -> None:
    shared = join(connection, token="another")
    assert len(server.paths("/register")) == 1
    assert server.regions == {}
    assert shared.lay(frames(1)) is None
    assert not shared.may_recover()
    assert names_left() == []


def test_without_a_token_nobody_is_asked(server: V2Server, connection: Connection) -> None:
    shared = join(connection, token=None)
    shared.sweep(connection, deadline_s=soon())
    assert server.asked == []
    assert shared.lay(frames(1)) is None


def test_a_server_that_leaves_while_it_is_asked_leaves_no_name(
    server: V2Server, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "_shared_memory", lambda asked: None)
    shared = SharedPixels(TOKEN)
    with pytest.raises(ConnectionResetError):
        shared.join(connection, SIZE_BYTES, deadline_s=soon())
    assert names_left() == []
    assert shared.lay(frames(1)) is None


@pytest.mark.parametrize("size_bytes", [SIZE_BYTES, 2**80])
def test_without_room_pixels_are_sent_and_the_operator_is_told(
    server: V2Server,
    connection: Connection,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    size_bytes: int,
) -> None:
    def full(descriptor: int, offset: int, size: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    if size_bytes == SIZE_BYTES:
        monkeypatch.setattr(os, "posix_fallocate", full)
    shared = join(connection, size_bytes=size_bytes)
    assert shared.lay(frames(1)) is None
    assert server.asked == []
    assert names_left() == []
    (message,) = caplog.messages
    assert message.startswith("No shared memory for pixels, they are sent instead: ")


def test_where_there_is_no_folder_for_it_pixels_are_sent(
    server: V2Server, connection: Connection, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(shared_memory, "FOLDER", tmp_path / "none")
    assert join(connection).lay(frames(1)) is None
    assert server.asked == []


# What lies in it


@given(
    rounds=st.lists(
        st.integers(1, 4).flatmap(
            lambda count: st.lists(st.binary(min_size=24, max_size=24), min_size=count,
                                   max_size=count)
        ),
        min_size=1,
        max_size=3,
    )
)  # fmt: skip
def test_what_is_laid_is_what_the_other_side_reads(rounds: list[list[bytes]]) -> None:
    with v2_server() as server, Connection(*server.address, deadline_s=soon()) as connection:
        shared = join(connection)
        for round_ in rounds:
            laid = [np.frombuffer(data, np.uint8).reshape(2, 4, 3) for data in round_]
            name = shared.lay(laid)
            assert name is not None
            assert server.regions[name][: 24 * len(round_)] == b"".join(round_)


def test_frames_of_any_type_and_layout_lie_one_after_the_other(
    server: V2Server, connection: Connection
) -> None:
    shared = join(connection)
    pixels = np.arange(12, dtype=np.float32).reshape(3, 4)
    name = shared.lay([pixels[:, ::2], pixels[:, 1::2]])
    assert name is not None
    assert server.regions[name][:48] == pixels[:, ::2].tobytes() + pixels[:, 1::2].tobytes()


def test_what_does_not_fit_is_sent(server: V2Server, connection: Connection) -> None:
    shared = join(connection)
    assert shared.lay(frames(*range(16))) is not None
    (memory,) = server.regions.values()
    before = memory[:]
    assert shared.lay(frames(*range(17))) is None
    assert shared.lay([np.ones(13, np.float64)]) is None
    assert memory[:] == before


# Letting go of it


def test_with_the_next_connection_comes_another_region(
    server: V2Server, connection: Connection
) -> None:
    shared = join(connection)
    (first,) = server.regions
    shared.join(connection, SIZE_BYTES, deadline_s=soon())
    (second,) = server.regions
    assert first != second
    assert shared.lay(frames(1)) == second


def test_a_region_in_use_is_not_written_until_the_server_has_let_go_of_it(
    server: V2Server, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared = join(connection)
    (held,) = server.regions
    shared.lay(frames(7))
    server.in_use = True
    for _ in range(2):
        shared.join(connection, SIZE_BYTES, deadline_s=soon())
        assert shared.lay(frames(9)) is None
        assert server.regions[held][:6] == bytes([7] * 6)
    assert not shared.may_recover()
    monkeypatch.setattr(shared_memory, "RECOVERY_S", 0)
    assert shared.may_recover()
    server.in_use = False
    shared.join(connection, SIZE_BYTES, deadline_s=soon())
    assert not shared.may_recover()
    (fresh,) = server.regions
    assert fresh != held
    assert shared.lay(frames(9)) == fresh
    assert server.regions[fresh][:6] == bytes([9] * 6)


@pytest.mark.parametrize(
    ("region", "text", "lost"),
    [
        ("r", "Unable to find shared memory region: 'r'", True),
        ("r", "[request id: 1] Unable to find shared memory region: 'r'", True),
        ("r", "unexpected shape", False),
        (None, "Unable to find shared memory region: 'r'", False),
    ],
)
def test_a_region_is_lost_where_the_server_says_so(
    region: str | None, text: str, lost: bool
) -> None:
    try:
        check_known(region, text)
        found = False
    except RegionLost:
        found = True
    assert found == lost


# What killed processes left


@pytest.fixture
def dead_pid() -> int:
    ended = subprocess.Popen(["true"])
    ended.wait()
    return ended.pid


def test_only_what_dead_processes_of_these_ids_left_is_swept(
    server: V2Server, connection: Connection, dead_pid: int
) -> None:
    left_over = [f"framegate-pixels-{NAMESPACE}-{dead_pid}-{name}" for name in ("a", "b-c")]
    others = [
        f"{OURS}a",
        f"framegate-pixels-{NAMESPACE}-1-a",
        f"framegate-pixels-{NAMESPACE + 1}-{dead_pid}-a",  # ids mean something else there
        f"framegate-pixels-{NAMESPACE}-",
        f"framegate-pixels-{dead_pid}-a",
        f"other-{NAMESPACE}-{dead_pid}-a",
    ]
    server.regions = {name: mmap.mmap(-1, 1) for name in left_over + others}
    SharedPixels(TOKEN).sweep(connection, deadline_s=soon())
    assert list(server.regions) == others
    assert server.paths("/unregister") == [
        f"/v2/systemsharedmemory/region/{name}/unregister" for name in left_over
    ]
    assert {asked.headers["triton-shared-memory"] for asked in server.asked} == {TOKEN}


@pytest.mark.parametrize(
    "said",
    [refusal(403, "restricted"), Reply(200, b""), Reply(200, b"[1, {}]"), Reply(200, b"<html>")],
)
def test_a_server_that_does_not_say_what_it_has_is_not_swept(
    server: V2Server, connection: Connection, monkeypatch: pytest.MonkeyPatch, said: Reply
) -> None:
    monkeypatch.setattr(server, "_shared_memory", lambda asked: said)
    SharedPixels(TOKEN).sweep(connection, deadline_s=soon())
    assert server.paths() == ["/v2/systemsharedmemory/status"]
