"""What was measured, and what follows from it. Pure."""

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from scripts.video_memory.memory import DeviceMemory
from scripts.video_memory.sizes import Sizes

# Below this nobody can tell what is left from what a process is busy with anyway.
NOISE_BYTES = 2**20


class Place(StrEnum):
    """Where the frames of clips are kept."""

    DEVICE = "device"
    HOST = "host"


@dataclass(frozen=True)
class Stage:
    """What the device held at one moment of the run."""

    name: str
    memory: DeviceMemory


@dataclass(frozen=True)
class Point:
    """What the device held with so many clips, and at most while they were asked about."""

    place: Place
    clips: int
    memory: DeviceMemory


@dataclass(frozen=True)
class Question:
    """The same question about a clip, in both ways, one right after the other.

    Attributes:
        device_ms, host_ms: of the whole question, by where the frames are kept.
        transfer_ms, cutting_ms: of host_ms, to hand over frames and to make pixel values of them.
        device_processor_ms, host_processor_ms: that the device took of processors; None for a GPU.
    """

    round: int
    clip: int
    device_ms: float
    host_ms: float
    transfer_ms: float
    cutting_ms: float
    device_processor_ms: float | None = None
    host_processor_ms: float | None = None

    @property
    def slowdown_ratio(self) -> float:
        """0 where both take the same time."""
        return self.host_ms / self.device_ms - 1

    @property
    def more_work_ratio(self) -> float | None:
        """The same of processor time, which others on the machine do not prolong."""
        if self.host_processor_ms is None or not self.device_processor_ms:
            return None
        return self.host_processor_ms / self.device_processor_ms - 1


@dataclass(frozen=True)
class Errors:
    """A model that raises on a clip whose frames are kept in host memory.

    Attributes:
        wanted, raised: how often it was to raise, and did.
        left_bytes: that the device held more afterwards.
        clips_in_use: that the store took for used afterwards.
        same_answer: the clip was answered as before once the model was whole.
    """

    wanted: int
    raised: int
    left_bytes: int
    clips_in_use: int
    same_answer: bool

    def is_clean(self, sizes: Sizes) -> bool:
        """Nothing is left: less than one micro-batch, after all errors together."""
        return (
            self.raised == self.wanted
            and self.left_bytes < max(sizes.in_flight_bytes, NOISE_BYTES)
            and not self.clips_in_use
            and self.same_answer
        )


@dataclass(frozen=True)
class Spread:
    """Attributes:
    lower, upper: between which the middle half lies.
    """

    least: float
    lower: float
    median: float
    upper: float
    greatest: float

    @classmethod
    def of(cls, values: Iterable[float]) -> Self:
        found = list(values)
        # One value is all five.
        several = found if len(found) > 1 else found * 2
        lower, median, upper = statistics.quantiles(several, n=4, method="inclusive")
        return cls(min(found), lower, median, upper, max(found))

    def is_under(self, limit: float) -> bool | None:
        """Whether it is; None where the middle half lies on both sides."""
        if self.upper < limit:
            return True
        return False if self.lower >= limit else None


@dataclass(frozen=True)
class Result:
    """
    Attributes:
        gpu: its name; None where host memory stood for a GPU's.
        baseline: with the models loaded and no clip.
        store_bytes: of host memory for the frames of all clips.
        compared, different: answers held against each other, and those that were not the same.
    """

    sizes: Sizes
    gpu: str | None
    baseline: DeviceMemory
    stages: Sequence[Stage]
    points: Sequence[Point]
    questions: Sequence[Question]
    errors: Errors
    store_bytes: int
    compared: int
    different: int

    def series(self, place: Place) -> list[Point]:
        return [point for point in self.points if point.place is place]

    def peak_bytes(self, place: Place) -> int:
        """With all clips."""
        return self.series(place)[-1].memory.peak_bytes

    def growth_bytes(self, place: Place) -> float | None:
        """Of the peak with each clip more; None where there was but one number of them."""
        first, last = self.series(place)[0], self.series(place)[-1]
        if first.clips == last.clips:
            return None
        more_bytes = last.memory.peak_bytes - first.memory.peak_bytes
        return more_bytes / (last.clips - first.clips)

    @property
    def peak_ratio(self) -> float:
        """Host to device."""
        return self.peak_bytes(Place.HOST) / self.peak_bytes(Place.DEVICE)

    @property
    def slowdown_ratio(self) -> Spread:
        return Spread.of(question.slowdown_ratio for question in self.questions)

    @property
    def more_work_ratio(self) -> Spread | None:
        """None for a GPU."""
        found = [question.more_work_ratio for question in self.questions]
        known = [ratio for ratio in found if ratio is not None]
        return Spread.of(known) if known else None

    @property
    def transfer_ms(self) -> Spread:
        return Spread.of(question.transfer_ms for question in self.questions)

    @property
    def cutting_ms(self) -> Spread:
        return Spread.of(question.cutting_ms for question in self.questions)

    def question_ms(self, place: Place) -> Spread:
        return Spread.of(
            question.device_ms if place is Place.DEVICE else question.host_ms
            for question in self.questions
        )

    @property
    def is_equal(self) -> bool:
        """Every answer was the same to the last bit in both ways."""
        return self.compared > 0 and self.different == 0

    @property
    def is_sound(self) -> bool:
        """The answers are equal, and errors leave nothing behind."""
        return self.is_equal and self.errors.is_clean(self.sizes)
