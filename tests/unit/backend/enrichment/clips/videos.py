"""Small real videos whose frames are told by how bright they are, and hostile ones."""

import io
import struct
import zlib
from collections.abc import Sequence
from fractions import Fraction
from typing import cast

import av
import numpy as np
from av.video.stream import VideoStream
from numpy.typing import NDArray

from backend.enrichment.clips.protocol import Source

SIZE = (64, 48)
RATE = 24
_CODECS = {
    "mp4": ("mp4", "libx264", {"preset": "ultrafast", "bf": "2", "crf": "10"}),
    "webm": ("webm", "libvpx", {"deadline": "realtime", "cpu-used": "8", "crf": "4"}),
    "mjpeg": ("mjpeg", "mjpeg", {"qmin": "1", "qmax": "2"}),
}


def level(number: int) -> int:
    """How bright a frame is."""
    return 20 + 9 * (number % 24)


def picture(number: int, size: tuple[int, int] = SIZE) -> NDArray[np.uint8]:
    return np.full((size[1], size[0], 3), level(number), np.uint8)


def video(
    kind: Source,
    *,
    frames: int = 24,
    size: tuple[int, int] = SIZE,
    stamps: Sequence[int] | None = None,
    rotation: int = 0,
    streams: int = 1,
    encoder: tuple[str, dict[str, str]] | None = None,
    options: dict[str, str] | None = None,
) -> bytes:
    """A video of RATE frames per second.

    Args:
        stamps: of the frames, in units of 1/RATE s; None for one after the other.
        rotation: by which a player turns it, in degrees counterclockwise.
        streams: with the same content.
        encoder: another than the format's usual one, with its options.
        options: of the container.
    """
    container, codec, settings = _CODECS[kind]
    codec, settings = encoder or (codec, settings)
    written = io.BytesIO()
    with av.open(written, "w", format=container, options=options or {}) as out:
        tracks: list[VideoStream] = []
        for _ in range(streams):
            track = cast(VideoStream, out.add_stream(codec, rate=RATE, options=settings))
            track.width, track.height = size
            track.pix_fmt = "yuvj420p" if kind == "mjpeg" else "yuv420p"
            if rotation:
                track.set_display_rotation(rotation)
            tracks.append(track)
        for number in range(frames):
            for track in tracks:
                frame = av.VideoFrame.from_ndarray(picture(number, size), format="rgb24")
                frame.pts = number if stamps is None else stamps[number]
                frame.time_base = Fraction(1, RATE)
                out.mux(track.encode(frame))
        for track in tracks:
            out.mux(track.encode())
    return written.getvalue()


def with_sound(kind: Source = "mp4", *, picture_too: bool = True) -> bytes:
    """A video of one frame, or none, with a moment of silence."""
    written = io.BytesIO()
    container, codec, usual = _CODECS[kind]
    with av.open(written, "w", format=container) as out:
        sound = out.add_stream("libopus", rate=48000)
        silence = av.AudioFrame.from_ndarray(
            np.zeros((1, 960), np.float32), format="flt", layout="mono"
        )
        silence.rate = 48000
        if picture_too:
            track = cast(VideoStream, out.add_stream(codec, rate=RATE, options=usual))
            track.width, track.height = SIZE
            frame = av.VideoFrame.from_ndarray(picture(0), format="rgb24")
            frame.pts = 0
            out.mux(track.encode(frame))
            out.mux(track.encode())
        out.mux(sound.encode(silence))
        out.mux(sound.encode())
    return written.getvalue()


def with_sample_entry_size(mp4: bytes, width: int, height: int) -> bytes:
    """An MP4 whose container says another size than its frames have."""
    at = mp4.index(b"avc1", mp4.index(b"stsd")) + 28
    return mp4[:at] + struct.pack(">HH", width, height) + mp4[at + 4 :]


def with_jpeg_size(mjpeg: bytes, width: int, height: int) -> bytes:
    """An MJPEG whose first frame says another size than it has."""
    at = mjpeg.index(b"\xff\xc0") + 5
    return mjpeg[:at] + struct.pack(">HH", height, width) + mjpeg[at + 4 :]


def with_vp8_size(webm: bytes, width: int, height: int) -> bytes:
    """A WebM whose first frame says another size than its container."""
    at = webm.index(b"\x9d\x01\x2a") + 3
    return webm[:at] + struct.pack("<HH", width, height) + webm[at + 4 :]


def with_durations(mp4: bytes, ticks: int) -> bytes:
    """An MP4 whose headers say that it lasts so long."""
    changed = bytearray(mp4)
    for box, offset in ((b"mvhd", 20), (b"tkhd", 24), (b"mdhd", 20)):
        at = mp4.index(box) + offset
        changed[at : at + 4] = struct.pack(">I", ticks)
    return bytes(changed)


def with_sample_count(mp4: bytes, count: int) -> bytes:
    """An MP4 that says that it has so many frames, all of one size."""
    at = mp4.index(b"stsz") + 8
    return mp4[:at] + struct.pack(">II", 10, count) + mp4[at + 8 :]


def packed_matroska(frame: bytes) -> bytes:
    """A Matroska file of one JPEG, packed as Matroska's own compression allows."""

    def element(name: str, *content: bytes) -> bytes:
        body = b"".join(content)
        return bytes.fromhex(name) + (len(body) | 1 << 56).to_bytes(8, "big") + body

    compression = element("6240", element("5034", element("4254", b"\0")))
    track = element(
        "AE",
        element("D7", b"\1"),
        element("73C5", b"\1"),
        element("83", b"\1"),
        element("86", b"V_MJPEG"),
        element("6D80", compression),
        element("E0", element("B0", b"\x40"), element("BA", b"\x30")),
    )
    packed = zlib.compress(frame)
    return element("1A45DFA3", element("4282", b"matroska")) + element(
        "18538067",
        element("1549A966", element("2AD7B1", b"\x0f\x42\x40")),
        element("1654AE6B", track),
        element("1F43B675", element("E7", b"\0"), element("A3", b"\x81\0\0\x80", packed)),
    )
