"""From a file to a clip in the store."""

from pathlib import Path

import pytest

from backend.enrichment.clips.clip import Quota
from backend.enrichment.clips.intake import Intake
from backend.enrichment.clips.protocol import DecodingLimits
from backend.enrichment.clips.sampling import Evenly, SampleLimits
from backend.enrichment.clips.store import ClipStore
from backend.errors import ClipTooLarge, NoRoomForClip, UndecodableClip
from tests.pictures import astronaut, encode
from tests.unit.backend.enrichment.clips.videos import video

FRAME_BYTES = 64 * 48 * 3
LIMITS = DecodingLimits(SampleLimits(most_frames=8, most_pixels=10**6))
KEY = "camera"


def stage(budget: int) -> tuple[ClipStore, Intake]:
    """A store for that many frames."""
    store = ClipStore(budget * FRAME_BYTES, Quota(10**9, 9), ttl_s=600)
    return store, Intake(store, LIMITS)


@pytest.fixture
def webm(tmp_path: Path) -> Path:
    path = tmp_path / "clip.webm"
    path.write_bytes(video("webm"))
    return path


def test_a_video_is_kept_with_its_times_and_counts_for_its_frames(webm: Path) -> None:
    store, intake = stage(9)
    clip = intake.keep_video(KEY, webm, Evenly(4))
    assert (clip.source, clip.width, clip.height, len(clip.times_s)) == ("webm", 64, 48, 4)
    assert (store.status().used_bytes, store.status().reserved_bytes) == (4 * FRAME_BYTES, 0)
    with store.lease(KEY, clip.id) as lease:
        assert lease.clip.frames.shape == (4, 48, 64, 3)


def test_a_burst_is_kept_at_its_rate() -> None:
    store, intake = stage(9)
    clip = intake.keep_burst(KEY, [encode(astronaut((64, 48)), "PNG")] * 3, fps=4)
    assert (clip.source, clip.times_s) == ("pictures", (0, 0.25, 0.5))
    assert store.status().used_bytes == 3 * FRAME_BYTES


def test_what_does_not_fit_is_refused_before_a_frame_is_read(webm: Path) -> None:
    store, intake = stage(3)
    seen: list[int] = []
    with pytest.raises(ClipTooLarge, match="The frames need"):
        intake.keep_video(KEY, webm, Evenly(4), lambda done, of: seen.append(done))
    kept = intake.keep_video(KEY, webm, Evenly(2))
    with store.lease(KEY, kept.id), pytest.raises(NoRoomForClip):
        intake.keep_video("another", webm, Evenly(2), lambda done, of: seen.append(done))
    assert seen == []


def test_what_cannot_be_decoded_leaves_nothing_behind(tmp_path: Path) -> None:
    store, intake = stage(9)
    path = tmp_path / "broken.mjpeg"
    path.write_bytes(video("mjpeg")[:-5])
    with pytest.raises(UndecodableClip):
        intake.keep_video(KEY, path, Evenly(2))
    assert (store.status().clips, store.status().reserved_bytes) == (0, 0)
