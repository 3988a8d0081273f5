"""The process that decodes: what comes out of it, and that it ends, whatever it is given."""

import json
import os
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import psutil
import pytest

from backend.enrichment.clips.decoding import PROGRAM, Decoding, begin, source_of
from backend.enrichment.clips.protocol import DecodingLimits, Source
from backend.enrichment.clips.sampling import Evenly, SampleLimits
from backend.errors import (
    ClipRefused,
    ClipTooLarge,
    SlowClip,
    UndecodableClip,
    UnsupportedClip,
)
from tests.unit.backend.enrichment.clips.videos import SIZE, level, video, with_sound

LIMITS = DecodingLimits(SampleLimits(most_frames=8, most_pixels=8 * 64 * 48), wall_s=60)
ANNOUNCED = json.dumps({"width": 2, "height": 1, "times_s": [0, 1]})
FRAME = json.dumps({"time_s": 0, "quarter_turns": 0})
PYTHON = (sys.executable, "-I", "-c")
# In place of a decoder: it says what it is told to.
SAYS = "import sys, os, signal, time\nout = sys.stdout.buffer\n"


@pytest.fixture
def mp4(tmp_path: Path) -> Path:
    path = tmp_path / "clip.mp4"
    path.write_bytes(video("mp4"))
    return path


@pytest.fixture(autouse=True)
def no_process_is_left() -> Iterator[None]:
    before = set(psutil.Process().children())
    yield
    assert set(psutil.Process().children()) <= before


def refused(
    path: Path,
    limits: DecodingLimits = LIMITS,
    program: Sequence[str] = PROGRAM,
) -> ClipRefused:
    with pytest.raises(ClipRefused) as caught, begin(path, Evenly(2), limits, program=program) as v:
        v.read()
    return caught.value


def run(path: Path, code: str, limits: DecodingLimits = LIMITS) -> ClipRefused:
    return refused(path, limits, (*PYTHON, SAYS + code))


def test_the_frames_of_a_video_come_out_of_a_process_of_its_own(mp4: Path) -> None:
    seen: list[tuple[int, int]] = []
    with begin(mp4, Evenly(4), LIMITS) as decoding:
        assert (decoding.source, decoding.announced.size_bytes) == ("mp4", 4 * 64 * 48 * 3)
        assert decoding._process.pid != os.getpid()
        frames, times_s = decoding.read(lambda done, of: seen.append((done, of)))
    assert frames.shape == (4, 48, 64, 3)
    assert frames.dtype == np.uint8
    assert frames.base is None  # so that nothing larger stays in memory
    assert [round(float(frame.mean())) for frame in frames] == [
        pytest.approx(level(number), abs=3) for number in (3, 9, 14, 20)
    ]
    assert all(one < other for one, other in pairwise(times_s))
    assert seen == [(1, 4), (2, 4), (3, 4), (4, 4)]


def test_a_video_taken_on_its_side_is_turned_upright(tmp_path: Path) -> None:
    path = tmp_path / "portrait.mp4"
    path.write_bytes(video("mp4", rotation=90, frames=2))
    with begin(path, Evenly(1), LIMITS) as decoding:
        assert (decoding.announced.width, decoding.announced.height) == SIZE
        frames, _ = decoding.read()
    assert frames.shape == (1, 64, 48, 3)


@pytest.mark.parametrize("kind", ["mp4", "webm"])
def test_sound_is_passed_over(tmp_path: Path, kind: Source) -> None:
    path = tmp_path / "with-sound"
    path.write_bytes(with_sound(kind))
    with begin(path, Evenly(2), LIMITS) as decoding:
        frames, times_s = decoding.read()
    assert (frames.shape, times_s) == ((1, 48, 64, 3), [0])


def test_a_turn_is_counterclockwise(mp4: Path) -> None:
    header = json.dumps({"time_s": 0, "quarter_turns": 1})
    code = f"out.write(b'{ANNOUNCED}\\n{header}\\nabcdef' + b'{{\"done\": true}}\\n')"
    with begin(mp4, Evenly(2), LIMITS, program=(*PYTHON, SAYS + code)) as decoding:
        frames, times_s = decoding.read()
    assert times_s == [0]
    assert frames.tobytes() == b"defabc"  # what was at the right is at the top


def test_a_refusal_of_the_decoder_is_the_caller_s(tmp_path: Path) -> None:
    path = tmp_path / "broken.mp4"
    path.write_bytes(video("mp4")[:1000])
    assert isinstance(refused(path), UndecodableClip)


def test_the_first_bytes_say_what_a_file_is() -> None:
    assert source_of(b"\0\0\0\x20ftypisom") == "mp4"
    assert source_of(video("webm", frames=1)[:16]) == "webm"
    assert source_of(video("mjpeg", frames=1)[:16]) == "mjpeg"
    for other in (b"", b"RIFF....AVI ", b"#EXTM3U\nhttp://", b"ffconcat version", b"\x89PNG\r\n"):
        with pytest.raises(UnsupportedClip, match="not an MP4, WebM or MJPEG"):
            source_of(other)


def test_what_is_no_video_or_too_large_is_refused_without_a_process(tmp_path: Path) -> None:
    path = tmp_path / "list.m3u8"
    path.write_bytes(b"#EXTM3U\n/etc/passwd\n")
    assert isinstance(refused(path, program=("/nonexistent",)), UnsupportedClip)
    path.write_bytes(video("mp4"))
    limits = replace(LIMITS, most_file_bytes=path.stat().st_size - 1)
    refusal = refused(path, limits, ("/nonexistent",))
    assert isinstance(refusal, ClipTooLarge)


# A decoder that goes astray


def test_one_that_hangs_is_killed_when_its_time_is_up(mp4: Path) -> None:
    began_s = time.monotonic()
    refusal = run(mp4, "time.sleep(60)", replace(LIMITS, wall_s=0.3))
    assert isinstance(refusal, SlowClip)
    assert str(refusal) == "The video took longer than 0.3 s to decode."
    assert time.monotonic() - began_s < 10


def test_one_that_hangs_between_frames_is_killed_too(mp4: Path) -> None:
    code = f"out.write(b'{ANNOUNCED}\\n{FRAME}\\nabc'); out.flush(); time.sleep(60)"
    assert isinstance(run(mp4, code, replace(LIMITS, wall_s=1)), SlowClip)


def test_one_that_ignores_that_its_output_was_closed_is_killed_too(mp4: Path) -> None:
    code = "os.close(1); time.sleep(60)"
    assert isinstance(run(mp4, code, replace(LIMITS, wall_s=0.5)), SlowClip)


def test_one_that_uses_up_its_processor_time_is_ended_by_the_kernel(mp4: Path) -> None:
    program = restricted("while True: pass")
    refusal = refused(mp4, replace(LIMITS, cpu_s=1), program)
    assert isinstance(refusal, SlowClip)
    assert str(refusal) == "The video took more than 1 s of processor time to decode."


def test_one_that_wants_more_memory_than_it_may_have_gets_none(tmp_path: Path) -> None:
    path = tmp_path / "large.mjpeg"
    path.write_bytes(video("mjpeg", frames=1, size=(4000, 3000)))
    limits = replace(LIMITS, sample=SampleLimits(8, 10**9))
    with begin(path, Evenly(1), limits) as decoding:
        frames, _ = decoding.read()
    assert frames.shape == (1, 3000, 4000, 3)
    refusal = refused(path, replace(limits, memory_bytes=150 * 2**20))
    assert isinstance(refusal, ClipTooLarge), refusal
    assert str(refusal) == "The video needs more memory to decode than it may have."


@pytest.mark.parametrize("number", [6, 9, 11])  # abort, kill, segmentation fault
def test_one_that_crashes_has_met_a_broken_file(mp4: Path, number: int) -> None:
    refusal = run(mp4, f"os.kill(os.getpid(), {number}); time.sleep(60)")
    assert isinstance(refusal, UndecodableClip)
    assert str(refusal).startswith("The decoder failed on this file")


@pytest.mark.parametrize(
    "said",
    [
        "nonsense\n",
        "[]\n",
        "[1]\n",
        "{}\n",
        '{"refused": "SystemExit", "text": ""}\n',
        '{"refused": "SlowClip"}\n',
        '{"done": true}\n',
        '{"width": 0, "height": 1, "times_s": [0]}\n',
        '{"width": 2, "height": 1, "times_s": []}\n',
        '{"width": 2, "height": 1, "times_s": "ab"}\n',
        '{"width": 2.5, "height": 1, "times_s": [0]}\n',
        '{"width": 100000, "height": 100000, "times_s": [0]}\n',
        '{"width": 2, "height": 1, "times_s": [1' + 400 * "0" + "]}\n",
        "[" * 1200 + "\n",
        f"{ANNOUNCED}\nnonsense\n",
        f'{ANNOUNCED}\n{{"time_s": 0, "quarter_turns": Infinity}}\nabcdef',
        f'{ANNOUNCED}\n{{"time_s": NaN, "quarter_turns": 0}}\nabcdef',
        f'{ANNOUNCED}\n{{"done": true}}\n',
        f"{ANNOUNCED}\n{FRAME}\nabcdef",
        f"{ANNOUNCED}\n{FRAME}\nabc",
        f"{ANNOUNCED}\n" + f"{FRAME}\nabcdef" * 3,
        f'{ANNOUNCED}\n{FRAME}\nabcdef{{"time_s": 1, "quarter_turns": 1}}\nabcdef',
    ],
)
def test_one_that_says_nonsense_has_met_a_broken_file(mp4: Path, said: str) -> None:
    assert isinstance(run(mp4, f"out.write({said.encode()!r})"), UndecodableClip)


def test_one_that_announces_more_than_the_limits_is_refused(mp4: Path) -> None:
    nine = json.dumps({"width": 2, "height": 1, "times_s": list(range(9))})
    assert isinstance(run(mp4, f"out.write(b'{nine}\\n')"), ClipTooLarge)


def test_a_message_without_end_is_not_read_to_its_end(mp4: Path) -> None:
    began_s = time.monotonic()
    refusal = run(mp4, "\nwhile True: out.write(b'x' * 65536)")
    assert isinstance(refusal, UndecodableClip)
    assert time.monotonic() - began_s < 20


def test_one_that_cannot_start_is_no_fault_of_the_file(mp4: Path) -> None:
    with (
        pytest.raises(RuntimeError, match="see standard error"),
        begin(mp4, Evenly(2), LIMITS, program=(*PYTHON, "raise SystemExit(3)")),
    ):
        pass


def test_a_reader_that_has_had_enough_ends_it(mp4: Path) -> None:
    class Cancelled(Exception):
        pass

    def cancel(done: int, of: int) -> None:
        raise Cancelled

    seen: list[Decoding] = []

    def cancelled() -> None:
        with begin(mp4, Evenly(4), LIMITS) as decoding:
            seen.append(decoding)
            decoding.read(cancel)

    with pytest.raises(Cancelled):
        cancelled()
    assert seen[0]._process.poll() is not None
    for thread in threading.enumerate():
        if isinstance(thread, threading.Timer):
            thread.join(5)
            assert not thread.is_alive()


# What the process gives up


def restricted(code: str) -> tuple[str, ...]:
    """A program within the limits of the decoder, which does something else."""
    lines = (
        "import json, socket, sys",
        "from backend.enrichment.clips.decoder_process import restrict",
        "from backend.enrichment.clips.protocol import Task",
        "restrict(Task.from_json(sys.argv[1]).limits)",
        "def say(text): print(json.dumps({'refused': 'SlowClip', 'text': text}))",
        code,
    )
    return (sys.executable, "-c", "\n".join(lines))


@pytest.mark.parametrize(
    "what",
    [
        "open('/etc/hostname')",
        "open('/dev/shm/decoded', 'w')",
        "socket.socket()",
        "socket.socket(socket.AF_UNIX)",
    ],
)
def test_it_can_open_no_file_and_no_connection(mp4: Path, what: str) -> None:
    code = f"try: {what}\nexcept OSError as error: say(error.strerror)\nelse: say('opened')"
    assert str(refused(mp4, program=restricted(code))) == "Too many open files"


def test_it_knows_nothing_of_this_process_s_environment(
    mp4: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FRAMEGATE_INTERNAL_TOKEN", "a-secret-of-the-parent")
    code = (
        'out.write(b\'{"refused": "SlowClip", "text": "%s"}\\n\' % \' \'.join(os.environ).encode())'
    )
    assert "FRAMEGATE" not in str(run(mp4, code))
    assert "PYTHONPATH" in str(run(mp4, code))
