"""Decodes one video in a process of its own: `protocol.py` says how it is spoken to.

The libraries here take bytes from anybody. Before they see the first one this process has given up
memory, processor time and files beyond its limits, and the ability to open anything: no other file
and no connection, whatever a video refers to. Its parent limits the time and can kill it.
"""

import contextlib
import json
import os
import resource
import sys
from collections.abc import Iterator
from typing import Any, BinaryIO

import av

# PyAV imports it with the first file, when nothing can be opened any more.
import av.subtitles.stream
from av.container import InputContainer
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from backend.enrichment.clips.protocol import (
    Announcement,
    DecodingLimits,
    FrameHeader,
    Source,
    Task,
    refusal_to_message,
)
from backend.enrichment.clips.sampling import Timeline, choose, timeline
from backend.errors import ClipRefused, ClipTooLarge, UndecodableClip, UnsupportedClip

# Named, so that nothing is guessed from the content: FFmpeg knows hundreds of formats.
DEMUXERS: dict[Source, str] = {"mp4": "mov", "webm": "matroska", "mjpeg": "mjpeg"}
DECODERS = ("h264", "hevc", "vp8", "vp9", "libdav1d", "av1", "mpeg4", "mjpeg")
_STANDARD_STREAMS = 3


def main() -> None:
    """Decode standard input as the only argument says."""
    task = Task.from_json(sys.argv[1])
    restrict(task.limits)
    decode(sys.stdin.buffer, sys.stdout.buffer, task)


def restrict(limits: DecodingLimits) -> None:
    """Give up what decoding does not need; only root could take it back."""
    for kind, most in (
        (resource.RLIMIT_AS, limits.memory_bytes),
        (resource.RLIMIT_CPU, limits.cpu_s),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, _STANDARD_STREAMS),
    ):
        hardest = resource.getrlimit(kind)[1]
        lowest = most if hardest == resource.RLIM_INFINITY else min(most, hardest)
        # The hard limit of processor time would end this process without saying why.
        hard = hardest if kind == resource.RLIMIT_CPU else lowest
        resource.setrlimit(kind, (lowest, hard))


def decode(file: BinaryIO, answers: BinaryIO, task: Task) -> None:
    """Write to `answers` what there is in a file, or what it is refused with."""
    try:
        with _as_refusals():
            _decode(file, answers, task)
        _say(answers, {"done": True})
    except ClipRefused as refusal:
        _say(answers, refusal_to_message(refusal))


def _decode(file: BinaryIO, answers: BinaryIO, task: Task) -> None:
    with _open(file, task) as (container, stream):
        line = _read_times(container, stream, task)
        size = (stream.width, stream.height)
    chosen = choose(line.times_s, task.sampling, size[0] * size[1], task.limits.sample)
    times_s = [line.times_s[number] for number in chosen]
    _say(answers, Announcement(*size, tuple(times_s)).to_message())
    file.seek(0)
    with _open(file, task) as (container, stream):
        for time_s, frame in _frames_at(times_s, line, container.decode(stream)):
            if (frame.width, frame.height) != size:
                raise UndecodableClip("The file has frames of another size than it says.")
            # What can fail comes first: after its header a frame's pixels follow, and no refusal.
            plane = frame.reformat(format="rgb24", threads=1).planes[0]
            turns = round(frame.rotation / 90) % 4
            _say(answers, FrameHeader(time_s, turns).to_message())
            _write_rows(answers, memoryview(plane), 3 * frame.width, plane.line_size)


@contextlib.contextmanager
def _open(file: BinaryIO, task: Task) -> Iterator[tuple[InputContainer, VideoStream]]:
    """The file and the stream of it that has the video."""
    limits = task.limits
    options = {
        "protocol_whitelist": "none",
        "codec_whitelist": ",".join(DECODERS),
        # One more than allowed, so that too many can be told from as many as allowed.
        "max_streams": str(limits.most_streams + 1),
    }
    with av.open(
        file, "r", format=DEMUXERS[task.source], options=options, metadata_errors="ignore"
    ) as container:
        if len(container.streams) > limits.most_streams:
            raise ClipTooLarge(f"The file has more than {limits.most_streams} streams.")
        if not container.streams.video:
            raise UnsupportedClip("The file has no video that can be decoded.")
        stream = container.streams.video[0]
        _check_stream(stream, limits)
        stream.codec_context.options = {"max_pixels": str(limits.most_frame_pixels)}
        stream.codec_context.thread_count = 1
        yield container, stream


def _check_stream(stream: VideoStream, limits: DecodingLimits) -> None:
    if stream.codec_context is None or stream.codec_context.name not in DECODERS:
        raise UnsupportedClip("The video is of a codec that is not decoded here: send H.264.")
    if stream.width * stream.height > limits.most_frame_pixels:
        raise ClipTooLarge(
            f"The video has {stream.width}×{stream.height} pixels and the limit is "
            f"{limits.most_frame_pixels}: scale it down first."
        )
    if not stream.width or not stream.height:
        raise UndecodableClip("The file does not say how large its frames are.")


def _read_times(container: InputContainer, stream: VideoStream, task: Task) -> Timeline:
    """Go through the whole file without decoding any of it."""
    stamps: list[int | None] = []
    count = 0
    for packet in container.demux(stream):
        if not packet.size:  # the end
            continue
        if packet.is_corrupt or (task.source == "mjpeg" and not _is_whole_jpeg(packet)):
            raise UndecodableClip("The file is cut off.")
        count += 1
        if count > task.limits.most_packets:
            raise ClipTooLarge(f"The video has more than {task.limits.most_packets} frames.")
        if not packet.is_discard:
            stamps.append(packet.pts)
    if count < stream.frames:
        raise UndecodableClip(
            f"The file is cut off: it says that it has {stream.frames} frames and has {count}."
        )
    fps = float(stream.average_rate) if stream.average_rate else None
    return timeline(stamps, float(stream.time_base or 1), fps)


def _is_whole_jpeg(packet: "Packet[VideoStream]") -> bool:
    # Half a JPEG would be decoded, the rest of it grey. Some cameras pad theirs with zeros.
    return bytes(packet).rstrip(b"\0").endswith(b"\xff\xd9")


def _frames_at(
    times_s: list[float], line: Timeline, frames: Iterator[VideoFrame]
) -> Iterator[tuple[float, VideoFrame]]:
    """For each of the times the first frame from it on, with its own time; none twice."""
    due = 0
    for count, frame in enumerate(frames):
        time_s = line.time_s(frame.pts, count)
        if time_s is None or time_s < times_s[due]:
            continue
        if frame.is_corrupt:
            raise UndecodableClip("A frame is broken.")
        yield time_s, frame
        while due < len(times_s) and times_s[due] <= time_s:
            due += 1
        if due == len(times_s):
            return


def _write_rows(answers: BinaryIO, pixels: memoryview, row_bytes: int, line_bytes: int) -> None:
    """Without what pads each row."""
    for start in range(0, len(pixels), line_bytes):
        answers.write(pixels[start : start + row_bytes])
    answers.flush()


def _say(answers: BinaryIO, message: dict[str, Any]) -> None:
    answers.write(json.dumps(message).encode() + b"\n")
    answers.flush()


@contextlib.contextmanager
def _as_refusals() -> Iterator[None]:
    """Decoders raise whatever they like on hostile bytes."""
    try:
        yield
    except (ClipRefused, SystemError, RecursionError, BrokenPipeError):
        raise
    except MemoryError:
        raise ClipTooLarge("The video needs more memory to decode than it may have.") from None
    except Exception as error:
        detail = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise UndecodableClip(f"The file is broken or cut off: {detail[:120]}.") from error


if __name__ == "__main__":
    av.logging.set_level(None)
    main()
    # The libraries' own clean-up has nothing left to save, and a hostile file may have hurt it.
    os._exit(0)
