"""Both ways, clip by clip, on one device."""

import time
from collections.abc import Callable

import numpy as np

from scripts.lifecycle.errors import HolderFailed
from scripts.video_memory.clips import Shelf, drawn
from scripts.video_memory.device import Answer, Device, Values
from scripts.video_memory.memory import DeviceMemory
from scripts.video_memory.result import Errors, Place, Point, Question, Result, Stage
from scripts.video_memory.sizes import Sizes
from scripts.video_memory.ways import InHost, OnDevice, Way
from scripts.vram.progress import Progress

Log = Callable[[Stage], None]
_FAILURES = 3
_QUESTIONS_A_STAGE = 10


def steps(sizes: Sizes) -> int:
    """That a progress bar has."""
    return len(Place) * len(sizes.counts) + 1 + sizes.rounds


class Campaign:
    """One run.

    Args:
        log: is told what the device holds after each stage.
    """

    def __init__(
        self,
        device: Device,
        sizes: Sizes,
        progress: Progress,
        log: Log,
        *,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._device = device
        self._sizes = sizes
        self._progress = progress
        self._log = log
        self._clock = clock
        self._shelf = Shelf(sizes)
        self._in_host = InHost(device, self._shelf, sizes.micro_batch)
        self._on_device = OnDevice(device, self._shelf, sizes.micro_batch)
        self._clips: list[str] = []
        self._answers: dict[str, Values] = {}
        self._stages: list[Stage] = []
        self._points: list[Point] = []
        self._questions: list[Question] = []
        self._compared = self._different = 0

    def run(self) -> Result:
        """
        Raises:
            LifecycleError: something could not be measured.
        """
        baseline = self._load()
        self._fill(self._in_host, self._begin)
        errors = self._fail()
        self._fill(self._on_device, self._keep)
        for number in range(1, self._sizes.rounds + 1):
            self._ask_in_turn(number)
        self._device.forget()
        self._device.give_back()
        self._stage("end of inference")
        return Result(
            sizes=self._sizes,
            gpu=self._device.gpu,
            baseline=baseline,
            stages=self._stages,
            points=self._points,
            questions=self._questions,
            errors=errors,
            store_bytes=self._shelf.status().used_bytes,
            compared=self._compared,
            different=self._different,
        )

    def _load(self) -> DeviceMemory:
        self._progress.step("loading the models")
        self._device.load_detector()
        self._stage("after detector loaded")
        self._device.load_model()
        self._stage("after model loaded")
        # The first question of all brings in what stays: it is nobody's cost.
        frames = drawn(0, self._sizes)[: self._sizes.micro_batch]
        self._device.ask(frames, self._device.detect(frames))
        self._device.give_back()
        return self._stage("start of inference")

    def _fill(self, way: Way, add: Callable[[int], str]) -> None:
        """Keep more and more clips, and ask about each once."""
        for count in self._sizes.counts:
            self._device.give_back()
            self._device.forget_peak()
            for number in range(self._in(way), count):
                self._progress.step(f"frames kept on {way.place}: clip {number + 1} of {count}")
                self._check(add(number), way)
            memory = self._stage(f"with {count} clips, frames kept on {way.place}")
            self._points.append(Point(way.place, count, memory))
            self._progress.done(
                f"frames kept on {way.place}, {count} clips: "
                f"peak {memory.peak_bytes / 2**20:,.0f} MB"
            )

    def _in(self, way: Way) -> int:
        """Clips that it has already."""
        kept = [point.clips for point in self._points if point.place is way.place]
        return kept[-1] if kept else 0

    def _begin(self, number: int) -> str:
        """A new clip, with what the detector finds in it."""
        clip_id = self._shelf.add(drawn(number, self._sizes))
        with self._shelf.frames_of(clip_id) as frames:
            found = [
                self._device.detect(frames[start : start + self._sizes.micro_batch])
                for start in range(0, len(frames), self._sizes.micro_batch)
            ]
        self._shelf.remember(clip_id, np.concatenate(found))
        self._clips.append(clip_id)
        return clip_id

    def _keep(self, number: int) -> str:
        clip_id = self._clips[number]
        self._on_device.add(clip_id)
        return clip_id

    def _check(self, clip_id: str, way: Way) -> Answer:
        """Ask, and hold the answer against the first one about that clip."""
        answer = way.ask(clip_id)
        first = self._answers.setdefault(clip_id, answer.features)
        if first is not answer.features:
            self._compared += 1
            self._different += not is_same(first, answer.features)
        return answer

    def _fail(self) -> Errors:
        """Have the model raise on clips whose frames are in host memory."""
        self._progress.step("a model that raises")
        self._device.give_back()
        before = self._device.memory()
        raised = 0
        # With one micro-batch answered before, where there are several.
        answered = min(1, self._sizes.micro_batches - 1)
        for number in range(_FAILURES):
            self._device.fail_after(answered)
            try:
                self._in_host.ask(self._clips[number % len(self._clips)])
            except HolderFailed:
                raised += 1
        self._device.fail_after(None)
        after = self._stage("after errors")
        in_use = self._shelf.status().in_use
        answer = self._in_host.ask(self._clips[0]).features
        self._progress.done(f"a model that raises: {raised} of {_FAILURES} times")
        return Errors(
            wanted=_FAILURES,
            raised=raised,
            left_bytes=_held_bytes(after) - _held_bytes(before),
            clips_in_use=in_use,
            same_answer=is_same(answer, self._answers[self._clips[0]]),
        )

    def _ask_in_turn(self, round_number: int) -> None:
        """Each question in both ways, one right after the other; they take turns to begin."""
        for clip in range(self._sizes.questions):
            self._progress.step(f"round {round_number}, question {clip + 1}")
            ways: list[Way] = [self._on_device, self._in_host]
            took_ms: dict[Place, float] = {}
            worked_ms: dict[Place, float | None] = {}
            answers: dict[Place, Answer] = {}
            for way in ways if (round_number + clip) % 2 else reversed(ways):
                worked_before_ms = self._device.processor_ms()
                began_s = self._clock()
                answers[way.place] = self._check(self._clips[clip], way)
                took_ms[way.place] = (self._clock() - began_s) * 1000
                worked_ms[way.place] = _since(worked_before_ms, self._device.processor_ms())
            self._questions.append(
                Question(
                    round_number,
                    clip,
                    took_ms[Place.DEVICE],
                    took_ms[Place.HOST],
                    answers[Place.HOST].transfer_ms,
                    answers[Place.HOST].cutting_ms,
                    worked_ms[Place.DEVICE],
                    worked_ms[Place.HOST],
                )
            )
            if len(self._questions) % _QUESTIONS_A_STAGE == 0:
                self._stage(f"after {len(self._questions)} questions")
        last = self._questions[-self._sizes.questions :]
        both_ms = sum(one.device_ms for one in last), sum(one.host_ms for one in last)
        self._progress.done(
            f"round {round_number}: {both_ms[0]:,.0f} ms with frames kept on device, "
            f"{both_ms[1]:,.0f} ms with frames kept on host"
        )

    def _stage(self, name: str) -> DeviceMemory:
        stage = Stage(name, self._device.memory())
        self._stages.append(stage)
        self._log(stage)
        return stage.memory


def is_same(one: Values, other: Values) -> bool:
    """To the last bit, of numbers alone."""
    return (
        one.shape == other.shape
        and bool(np.isfinite(one).all())
        and one.tobytes() == other.tobytes()
    )


def _since(before_ms: float | None, after_ms: float | None) -> float | None:
    return None if before_ms is None or after_ms is None else after_ms - before_ms


def _held_bytes(memory: DeviceMemory) -> int:
    allocated_bytes = memory.allocated_bytes
    return memory.reserved_bytes if allocated_bytes is None else allocated_bytes
