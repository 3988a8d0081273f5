"""What the decoder makes of real videos, odd ones and hostile ones; here within the test's process.

`test_decoding.py` has the process around it.
"""

import io
import json
import time
from dataclasses import dataclass, field, replace
from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray

from backend.enrichment.clips.decoder_process import decode
from backend.enrichment.clips.protocol import (
    Announcement,
    DecodingLimits,
    FrameHeader,
    Source,
    Task,
    refusal_in,
)
from backend.enrichment.clips.sampling import USUAL_FPS, AtRate, Evenly, SampleLimits, Sampling
from backend.errors import ClipRefused, ClipTooLarge, UndecodableClip, UnsupportedClip
from tests.unit.backend.enrichment.clips import videos
from tests.unit.backend.enrichment.clips.videos import RATE, SIZE, level, video

KINDS: tuple[Source, ...] = ("mp4", "webm", "mjpeg")
LIMITS = DecodingLimits(SampleLimits(most_frames=64, most_pixels=64 * 64 * 48))
ANY = SampleLimits(most_frames=64, most_pixels=10**9)
ALL = AtRate(1000)


@dataclass
class Told:
    """What the decoder said."""

    announced: Announcement | None = None
    headers: list[FrameHeader] = field(default_factory=list)
    frames: list[NDArray[np.uint8]] = field(default_factory=list)
    refusal: ClipRefused | None = None

    @property
    def times_s(self) -> list[float]:
        return [header.time_s for header in self.headers]

    @property
    def numbers(self) -> list[int]:
        """Of the frames, by how bright they are."""
        return [round((float(frame.mean()) - 20) / 9) for frame in self.frames]


def told(
    data: bytes, kind: Source, sampling: Sampling = ALL, limits: DecodingLimits = LIMITS
) -> Told:
    answers, said = io.BytesIO(), Told()
    decode(io.BytesIO(data), answers, Task(kind, sampling, limits))
    answers.seek(0)
    while line := answers.readline():
        message = json.loads(line)
        said.refusal = refusal_in(message)
        if said.refusal or "done" in message:
            assert answers.read() == b""
        elif said.announced is None:
            said.announced = Announcement.from_message(message, limits)
        else:
            said.headers.append(FrameHeader.from_message(message))
            pixels = np.frombuffer(answers.read(said.announced.frame_bytes), np.uint8)
            said.frames.append(pixels.reshape(said.announced.height, said.announced.width, 3))
    return said


def refused(
    data: bytes, kind: Source, sampling: Sampling = ALL, limits: DecodingLimits = LIMITS
) -> ClipRefused:
    said = told(data, kind, sampling, limits)
    assert said.refusal is not None
    assert said.frames == []
    return said.refusal


# Real videos


@pytest.mark.parametrize("kind", KINDS)
def test_every_frame_of_a_video_comes_in_order_with_its_time_and_its_pixels(kind: Source) -> None:
    said = told(video(kind), kind)
    assert said.refusal is None
    assert said.announced == Announcement(*SIZE, said.announced.times_s if said.announced else ())
    assert said.numbers == list(range(24))
    rate = USUAL_FPS if kind == "mjpeg" else RATE  # of which it says nothing
    assert said.times_s == pytest.approx([n / rate for n in range(24)], abs=2e-3)
    for number, frame in enumerate(said.frames):
        assert np.abs(frame.astype(int) - level(number)).max() <= 5


@pytest.mark.parametrize("kind", KINDS)
def test_the_frames_that_come_are_those_that_were_announced(kind: Source) -> None:
    said = told(video(kind), kind, Evenly(4))
    assert said.numbers == [3, 9, 14, 20]
    assert said.announced is not None
    assert said.times_s == pytest.approx(said.announced.times_s, abs=1e-3)


@pytest.mark.parametrize(
    ("kind", "codec", "options"),
    [
        ("mp4", "mpeg4", {"qmin": "1", "qmax": "2"}),
        ("mp4", "libx265", {"crf": "5", "x265-params": "log-level=none"}),
        ("mp4", "libsvtav1", {"preset": "12", "crf": "5"}),
        ("webm", "libvpx-vp9", {"deadline": "realtime", "cpu-used": "8", "crf": "4"}),
        ("webm", "libvpx", {"deadline": "good", "auto-alt-ref": "1", "lag-in-frames": "16"}),
    ],
)
def test_every_codec_that_phones_and_browsers_write_is_decoded(
    kind: Source, codec: str, options: dict[str, str]
) -> None:
    data = video(kind, encoder=(codec, options), size=(64, 64))
    assert told(data, kind, limits=replace(LIMITS, sample=ANY)).numbers == list(range(24))


def test_a_rate_is_a_rate_of_time() -> None:
    assert told(video("mp4"), "mp4", AtRate(6)).numbers == [0, 4, 8, 12, 16, 20]


def test_a_width_that_is_no_multiple_of_anything_is_as_good() -> None:
    said = told(video("mjpeg", size=(50, 34), frames=3), "mjpeg")
    assert [frame.shape for frame in said.frames] == [(34, 50, 3)] * 3
    assert said.numbers == [0, 1, 2]


def test_a_variable_rate_is_kept_in_the_times() -> None:
    stamps = [0, 1, 2, 30, 31, 96]
    said = told(video("mp4", frames=6, stamps=stamps), "mp4")
    assert said.times_s == pytest.approx([stamp / RATE for stamp in stamps], abs=1e-3)
    assert told(video("mp4", frames=6, stamps=stamps), "mp4", AtRate(1)).numbers == [0, 3, 5]


def test_a_video_written_as_it_was_recorded_has_no_duration_and_is_as_good() -> None:
    fragmented = video("mp4", options={"movflags": "frag_keyframe+empty_moov"})
    live = video("webm", options={"live": "1"})
    for kind, data in (("mp4", fragmented), ("webm", live)):
        assert told(data, kind, Evenly(4)).numbers == [3, 9, 14, 20]  # type: ignore[arg-type]


@pytest.mark.parametrize(("degrees", "turns"), [(90, 1), (180, 2), (-90, 3), (0, 0)])
def test_how_a_frame_is_turned_upright_is_told(degrees: int, turns: int) -> None:
    said = told(video("mp4", rotation=degrees, frames=2), "mp4")
    assert [header.quarter_turns for header in said.headers] == [turns, turns]


# Hostile ones


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_cut_off_anywhere_is_refused_or_has_whole_frames(kind: Source) -> None:
    whole = video(kind, frames=6)
    for length in range(0, len(whole), 10):
        said = told(whole[:length], kind)
        if said.refusal is None:
            assert said.frames
            # An MP4 has its index at the end, so that it has all or nothing.
            assert kind != "mp4" or said.numbers == list(range(6))
        else:
            assert isinstance(said.refusal, UndecodableClip | UnsupportedClip), length
        assert all(one < other for one, other in pairwise(said.times_s))
        # What came before the cut is what it was.
        assert said.numbers == list(range(len(said.frames)))


def test_an_mp4_that_begins_with_its_index_is_refused_where_frames_are_missing() -> None:
    whole = video("mp4", options={"moov_size": "4000"})
    assert told(whole, "mp4").numbers == list(range(24))
    for length in range(whole.index(b"mdat") + 4, len(whole) - 10, 10):
        assert isinstance(told(whole[:length], "mp4").refusal, UndecodableClip), length


def test_a_recording_cut_off_anywhere_is_refused_or_has_whole_frames() -> None:
    whole = video("mp4", options={"movflags": "frag_every_frame+empty_moov"})
    for length in range(0, len(whole), 10):
        said = told(whole[:length], "mp4")
        assert said.refusal is not None or said.frames
        # A frame may be missing whose neighbours are there: they stand first in the file.
        assert said.numbers == sorted(set(said.numbers))
    within_the_last_frame = whole[: whole.rindex(b"mdat") + 6]
    assert str(told(within_the_last_frame, "mp4").refusal) == "The file is cut off."


@pytest.mark.parametrize("kind", KINDS)
def test_any_broken_bytes_are_refused_or_have_whole_frames(kind: Source) -> None:
    whole = video(kind, frames=6)
    random = np.random.default_rng(1)
    for _ in range(60):
        broken = bytearray(whole)
        for at in random.integers(12, len(whole), 8):
            broken[at] = random.integers(256)
        said = told(bytes(broken), kind)
        assert said.refusal is not None or said.frames


def test_a_header_of_a_gigapixel_is_refused_before_any_frame_is_decoded() -> None:
    began_s = time.monotonic()
    for data, kind in (
        (videos.with_jpeg_size(video("mjpeg", frames=2), 65500, 65500), "mjpeg"),
        (videos.with_vp8_size(video("webm", frames=2), 16383, 16383), "webm"),
    ):
        said = told(data, kind)  # type: ignore[arg-type]
        assert isinstance(said.refusal, ClipRefused), kind
        assert said.frames == []
    assert time.monotonic() - began_s < 2


def test_a_container_that_lies_about_the_size_of_frames_is_not_believed() -> None:
    lying = videos.with_sample_entry_size(video("mp4", frames=2), 65000, 65000)
    assert [frame.shape for frame in told(lying, "mp4").frames] == [(48, 64, 3)] * 2


def test_more_pixels_than_allowed_are_refused_with_both_numbers() -> None:
    limits = replace(LIMITS, most_frame_pixels=64 * 48 - 1)
    for kind in KINDS:
        refusal = refused(video(kind, frames=2), kind, limits=limits)
        assert isinstance(refusal, ClipTooLarge), kind
        assert "64×48 pixels and the limit is 3071" in str(refusal)


def test_frames_that_grow_on_the_way_are_refused() -> None:
    grows = video("mjpeg", frames=2) + video("mjpeg", frames=2, size=(128, 96))
    said = told(grows, "mjpeg")
    assert isinstance(said.refusal, UndecodableClip)
    assert "another size" in str(said.refusal)
    # Past the limit they are not even decoded.
    said = told(grows, "mjpeg", limits=replace(LIMITS, most_frame_pixels=64 * 48))
    assert isinstance(said.refusal, UndecodableClip)
    assert "another size" not in str(said.refusal)
    gigantic = video("mjpeg", frames=2) + videos.with_jpeg_size(
        video("mjpeg", frames=1), 65500, 65500
    )
    assert isinstance(told(gigantic, "mjpeg").refusal, ClipRefused)


def test_headers_that_promise_an_endless_video_change_nothing() -> None:
    whole = video("mp4")
    endless = videos.with_durations(whole, 0xFFFFFFFF)
    for sampling in (Evenly(4), AtRate(6)):
        assert told(endless, "mp4", sampling).times_s == told(whole, "mp4", sampling).times_s


def test_an_index_of_billions_of_frames_is_refused_at_once() -> None:
    began_s = time.monotonic()
    for count in (10_000, 0x7FFFFFFF, 0xFFFFFFFF):
        refusal = refused(videos.with_sample_count(video("mp4"), count), "mp4")
        assert isinstance(refusal, UndecodableClip | UnsupportedClip)
    assert time.monotonic() - began_s < 2


def test_many_streams_are_refused_and_as_many_as_allowed_are_not() -> None:
    limits = replace(LIMITS, most_streams=4)
    for kind in ("mp4", "webm"):
        assert told(video(kind, streams=4, frames=2), kind, limits=limits).numbers == [0, 1]
        refusal = refused(video(kind, streams=5, frames=2), kind, limits=limits)
        assert isinstance(refusal, ClipTooLarge), kind
        assert "more than 4 streams" in str(refusal)
        assert told(video(kind, streams=12, frames=1), kind, limits=limits).frames == []


def test_a_small_file_of_very_many_frames_is_refused_before_any_is_decoded() -> None:
    many = video("mp4", frames=400)
    assert len(many) < 100_000
    refusal = refused(many, "mp4", Evenly(2), replace(LIMITS, most_packets=399))
    assert isinstance(refusal, ClipTooLarge)
    assert "more than 399 frames" in str(refusal)
    assert len(told(many, "mp4", Evenly(2), replace(LIMITS, most_packets=400)).frames) == 2
    assert "would be 400 frames and a clip may have 64" in str(refused(many, "mp4"))


def test_a_frame_that_unpacks_to_a_thousand_times_its_size_is_refused() -> None:
    one = video("mjpeg", frames=1)
    assert told(videos.packed_matroska(one), "webm").numbers == [0]
    bomb = videos.packed_matroska(one + bytes(60 * 2**20))
    assert len(bomb) < 100_000
    assert isinstance(refused(bomb, "webm"), ClipRefused)


def test_a_file_without_a_video_is_refused() -> None:
    assert isinstance(refused(videos.with_sound(picture_too=False), "mp4"), UnsupportedClip)


def test_a_codec_that_is_not_on_the_list_is_refused() -> None:
    import av

    written = io.BytesIO()
    with av.open(written, "w", format="matroska") as out:
        track = out.add_stream("ffv1", rate=RATE)
        track.width, track.height, track.pix_fmt = *SIZE, "yuv420p"
        frame = av.VideoFrame.from_ndarray(videos.picture(0), format="rgb24")
        out.mux(track.encode(frame))
        out.mux(track.encode())
    assert isinstance(refused(written.getvalue(), "webm"), UnsupportedClip)


def test_one_format_under_the_name_of_another_is_refused() -> None:
    for kind in KINDS:
        for other in set(KINDS) - {kind}:
            assert isinstance(refused(video(kind, frames=2), other), ClipRefused)


def test_a_decoder_without_memory_says_so() -> None:
    class Hungry(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            raise MemoryError

    answers = io.BytesIO()
    decode(Hungry(), answers, Task("mp4", ALL, LIMITS))
    refusal = refusal_in(json.loads(answers.getvalue()))
    assert isinstance(refusal, ClipTooLarge)
    assert "more memory" in str(refusal)
