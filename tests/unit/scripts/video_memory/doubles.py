"""A device without a model, and what a run with it would be."""

import dataclasses

import numpy as np

from scripts.lifecycle.errors import HolderFailed
from scripts.video_memory.device import Answer, Frames, Values
from scripts.video_memory.memory import DeviceMemory
from scripts.video_memory.result import Errors, Place, Point, Question, Result, Stage
from scripts.video_memory.sizes import Sizes

MB = 2**20
SMALL = Sizes(
    clips=4,
    frames=5,
    width=12,
    height=8,
    patches=2,
    detections=1,
    patch_size=8,
    micro_batch=2,
    hidden=64,
    layers=1,
    token_size=8,
    rounds=2,
    questions=3,
)
MODELS_MB, KEPT_MB, IN_FLIGHT_MB = 100, 10, 3


class CountingDevice:
    """Implements Device: counts what would be on it, in units of its own.

    Attributes:
        most_frames: that were ever handed over at once.
        asked: what it was asked, in order: "host" or "device".
    """

    gpu: str | None = None

    def __init__(self) -> None:
        self.kept: dict[str, list[Values]] = {}
        self.left_by_errors_mb = 0
        self.leaks = False
        self.drifts = False
        self.most_frames = 0
        self.asked: list[str] = []
        self._peak_mb = 0
        self._asks_left: int | None = None

    def load_detector(self) -> None: ...

    def load_model(self) -> None: ...

    def detect(self, frames: Frames) -> Values:
        found: Values = (frames.reshape(len(frames), 1, -1)[:, :, :4] / 255).astype(np.float32)
        return found

    def ask(self, frames: Frames, boxes: Values) -> Answer:
        self.asked.append("host")
        self.most_frames = max(self.most_frames, len(frames))
        self._peak_mb = max(self._peak_mb, self._held_mb + IN_FLIGHT_MB)
        if self._asks_left is not None:
            self._asks_left -= 1
            if self._asks_left < 0:
                self.left_by_errors_mb += IN_FLIGHT_MB if self.leaks else 0
                raise HolderFailed("this model fails on purpose")
        return Answer(_features(frames, boxes), transfer_ms=2.0, cutting_ms=1.0)

    def keep(self, clip_id: str, frames: Frames, boxes: Values) -> None:
        self.kept.setdefault(clip_id, []).append(_features(frames, boxes))

    def ask_kept(self, clip_id: str, number: int) -> Values:
        self.asked.append("device")
        self._peak_mb = max(self._peak_mb, self._held_mb + IN_FLIGHT_MB)
        return self.kept[clip_id][number] + np.float32(1e-3 if self.drifts else 0)

    def forget(self) -> None:
        self.kept.clear()

    def fail_after(self, asks: int | None) -> None:
        self._asks_left = asks

    def give_back(self) -> None: ...

    def forget_peak(self) -> None:
        self._peak_mb = self._held_mb

    def memory(self) -> DeviceMemory:
        held = self._held_mb * MB
        return DeviceMemory(held, held, max(held, self._peak_mb * MB))

    def processor_ms(self) -> float | None:
        """10 ms a micro-batch, and 1 more where it was handed over."""
        return sum(11.0 if way == "host" else 10.0 for way in self.asked)

    def close(self) -> None: ...

    @property
    def _held_mb(self) -> int:
        return MODELS_MB + KEPT_MB * len(self.kept) + self.left_by_errors_mb


def _features(frames: Frames, boxes: Values) -> Values:
    pixels = frames.reshape(len(frames), -1).astype(np.float32).sum(1)
    found: Values = np.stack([pixels, boxes.reshape(len(frames), -1).sum(1)], 1)
    return found


def memory(megabytes: int, peak_mb: int) -> DeviceMemory:
    return DeviceMemory(megabytes * MB, megabytes * MB, peak_mb * MB)


CLEAN = Errors(wanted=3, raised=3, left_bytes=0, clips_in_use=0, same_answer=True)


def result(**changed: object) -> Result:
    """Peaks of 480 and 240 MB; questions of 1,000 ms that take 30, 40 and 80 ms more."""
    points = [
        *(Point(Place.HOST, clips, memory(200, 240)) for clips in (2, 4)),
        *(
            Point(Place.DEVICE, clips, memory(200 + 60 * clips, 240 + 60 * clips))
            for clips in (2, 4)
        ),
    ]
    whole = Result(
        sizes=SMALL,
        gpu=None,
        baseline=memory(200, 200),
        stages=[Stage("start of inference", memory(200, 200))],
        points=points,
        questions=[
            Question(1, clip, 1000, 1000 + more_ms, 12, 20)
            for clip, more_ms in enumerate((40, 30, 80))
        ],
        errors=CLEAN,
        store_bytes=5 * MB,
        compared=9,
        different=0,
    )
    return dataclasses.replace(whole, **changed)  # type: ignore[arg-type]
