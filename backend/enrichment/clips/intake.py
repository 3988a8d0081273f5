"""From a file to a clip in the store: room is reserved before frames are decoded."""

from collections.abc import Sequence
from pathlib import Path

from backend.enrichment.clips import burst, decoding
from backend.enrichment.clips.clip import Clip
from backend.enrichment.clips.decoding import OnCancel, Progress
from backend.enrichment.clips.protocol import DecodingLimits
from backend.enrichment.clips.sampling import Sampling
from backend.enrichment.clips.store import ClipStore


class Intake:
    """Takes clips in, for any thread; each call works on one clip until it is kept."""

    def __init__(self, store: ClipStore, limits: DecodingLimits) -> None:
        self._store = store
        self._limits = limits

    def keep_video(
        self,
        owner: str,
        path: Path,
        sampling: Sampling,
        progress: Progress = lambda done, of: None,
        on_cancel: OnCancel = lambda stop: None,
    ) -> Clip:
        """Keep the frames wanted of an MP4, WebM or MJPEG file.

        Raises:
            ClipRefused, NoRoomForClip: see `decoding.begin` and ClipStore.reserve.
        """
        with (
            decoding.begin(path, sampling, self._limits, on_cancel=on_cancel) as video,
            self._store.reserve(owner, video.announced.size_bytes) as room,
        ):
            frames, times_s = video.read(progress)
            return self._store.keep(room, frames, times_s, video.source)

    def keep_burst(
        self,
        owner: str,
        files: Sequence[bytes],
        *,
        fps: float,
        progress: Progress = lambda done, of: None,
    ) -> Clip:
        """Keep all of several pictures.

        Args:
            fps: at which they were taken.

        Raises:
            BadInput, NoRoomForClip: see `burst` and ClipStore.reserve.
        """
        pictures = burst.inspect(files, self._limits)
        with self._store.reserve(owner, pictures.size_bytes) as room:
            frames = burst.decode(pictures, progress)
            times_s = [number / fps for number in range(len(frames))]
            return self._store.keep(room, frames, times_s, "pictures")
