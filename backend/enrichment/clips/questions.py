"""A model of the zoo before the frames of a clip, and before what another finds in them."""

import json
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backend.enrichment.catalog import Catalog, find
from backend.enrichment.clips.clip import Clip
from backend.enrichment.clips.micro_batches import in_micro_batches
from backend.enrichment.clips.protocol import megabytes
from backend.enrichment.clips.scoring import MICRO_BATCH
from backend.enrichment.clips.stage_log import StageLog
from backend.enrichment.enricher import Enricher, Enrichment
from backend.enrichment.model_spec import ModelSpec, TaskName
from backend.enrichment.tasks.options import Options, prompts_for
from backend.errors import ClipTooLarge, MalformedRequest

Frame = NDArray[np.uint8]
# Where each task that finds something has it in its answer.
FINDS = {
    TaskName.DETECTION: "objects",
    TaskName.OPEN_VOCABULARY: "objects",
    TaskName.POSE: "people",
}
PERSON = "person"
# Of all answers as JSON. The way to the caller ends at twice as much.
MOST_ANSWER_BYTES = 8 * 2**20


@dataclass(frozen=True)
class Question:
    """What is asked about a clip.

    Attributes:
        frames: numbers, ascending.
        detector: a model whose finds are cut out and asked about too; None for none.
        most_detections: of one frame, the most certain first.
    """

    model: str
    frames: tuple[int, ...]
    options: Options
    detector: str | None = None
    most_detections: int = 5

    @property
    def key(self) -> str:
        """Names the question among those that a clip's answers are kept by."""
        return repr(self)


@dataclass(frozen=True)
class Found:
    """Something that a detector found in a frame; `box` in pixels of the frame."""

    label: str
    score: float
    box: dict[str, float]


@dataclass(frozen=True)
class Answer:
    """What the model says of some frames together.

    Attributes:
        frames: one, or the window that a model of actions was shown.
        detections: with a detector, what it found in the frame, and what the model says of that.
    """

    frames: tuple[int, ...]
    result: dict[str, Any]
    detections: tuple[tuple[Found, dict[str, Any]], ...] = ()


@dataclass(frozen=True)
class Answers:
    """Attributes:
    model: one of the model's answers, which says what answered.
    detector: the same of the detector; None without one.
    """

    model: Enrichment
    detector: Enrichment | None
    answers: tuple[Answer, ...]


def check(question: Question, catalog: Catalog) -> None:
    """Refuse what could never be answered, before any work.

    Raises:
        UnknownModel, MalformedRequest
    """
    spec = find(catalog, question.model)
    asked = [spec]
    if question.detector is not None:
        detector = find(catalog, question.detector)
        asked.append(detector)
        if detector.task not in FINDS:
            raise MalformedRequest(f"The model {detector.name} finds nothing that has a place.")
        if spec.task is TaskName.ACTION:
            raise MalformedRequest(
                f"The model {spec.name} is about all frames together: leave the detector out."
            )
    takers = [each for each in asked if each.prompts]
    if question.options.prompts and not takers:
        raise MalformedRequest("None of these models takes a prompt: leave it out.")
    for each in takers:
        prompts_for(each, question.options)


def ask(
    question: Question,
    clip: Clip,
    catalog: Catalog,
    enricher: Enricher,
    *,
    timeout_s: float,
    report: Callable[[int, int], None],
    stages: StageLog,
) -> Answers:
    """Ask about frames of a clip, a micro-batch at a time.

    Args:
        question: one that `check` has nothing against.
        timeout_s: longest wait for one micro-batch, loading the model included.
        report: told after each micro-batch how many pictures of how many are done; what it
            raises ends the work.

    Raises:
        ClipTooLarge: the answers together are too long.
        Others as `Enricher.ask`.
    """
    return _Asking(question, clip, catalog, enricher, timeout_s, report, stages).run()


@dataclass
class _Asking:
    question: Question
    clip: Clip
    catalog: Catalog
    enricher: Enricher
    timeout_s: float
    report: Callable[[int, int], None]
    stages: StageLog
    done: int = 0
    answer_bytes: int = 0

    def run(self) -> Answers:
        self.stages.stage("start of inference")
        try:
            return self._answer()
        finally:
            self.stages.stage("end of inference")

    def _answer(self) -> Answers:
        frames = [self.clip.frames[number] for number in self.question.frames]
        if self.catalog[self.question.model].task is TaskName.ACTION:
            return self._about_all(frames)
        detector, found = self._find(frames)
        # A crop is a view of its frame: nothing is copied before its micro-batch is prepared.
        pictures = [
            picture
            for frame, finds in zip(frames, found, strict=True)
            for picture in (frame, *(_cut(frame, find.box) for find in finds))
        ]
        said = iter(self._ask_all(self.question.model, pictures, self.done + len(pictures)))
        answers, last = [], None
        for number, finds in zip(self.question.frames, found, strict=True):
            last = next(said)
            detections = tuple((find, next(said).result) for find in finds)
            answers.append(Answer((number,), last.result, detections))
        assert last is not None, "a question is about one frame at least"
        return Answers(last, detector, tuple(answers))

    def _about_all(self, frames: Sequence[Frame]) -> Answers:
        question = self.question
        answer = self.enricher.ask_window(
            question.model, frames, question.options, deadline_s=self._deadline_s()
        )
        self.report(len(frames), len(frames))
        self.stages.stage(f"after {question.model} loaded")
        return Answers(answer, None, (Answer(question.frames, answer.result),))

    def _find(self, frames: Sequence[Frame]) -> tuple[Enrichment | None, list[list[Found]]]:
        """All frames before the detector first: it and the model need not fit together."""
        detector, most = self.question.detector, self.question.most_detections
        if detector is None:
            return None, [[] for _ in frames]
        said = self._ask_all(detector, frames, len(frames) * (2 + most))
        spec = self.catalog[detector]
        return said[-1], [_finds(answer.result, spec)[:most] for answer in said]

    def _ask_all(self, model: str, pictures: Sequence[Frame], of: int) -> list[Enrichment]:
        options = self.enricher.options_of(model, self.question.options)
        began = False
        self.report(self.done, of)

        def ask_some(some: Sequence[Frame]) -> Sequence[Enrichment]:
            nonlocal began
            answers = self.enricher.ask_each(model, some, options, deadline_s=self._deadline_s())
            if not began:
                self.stages.stage(f"after {model} loaded")
                began = True
            self.stages.micro_batch()
            self.done += len(some)
            self._count(answers)
            self.report(self.done, of)
            return answers

        return list(in_micro_batches(pictures, ask_some, most_in_flight=MICRO_BATCH))

    def _count(self, answers: Sequence[Enrichment]) -> None:
        """Refuse what would be too long to be answered, before the rest of it is asked for."""
        self.answer_bytes += sum(len(json.dumps(answer.result)) for answer in answers)
        if self.answer_bytes > MOST_ANSWER_BYTES:
            raise ClipTooLarge(
                f"The answers have over {megabytes(MOST_ANSWER_BYTES)} after {self.done} pictures: "
                "ask about fewer frames, or for fewer detections."
            )

    def _deadline_s(self) -> float:
        return time.monotonic() + self.timeout_s


def _finds(result: dict[str, Any], spec: ModelSpec) -> list[Found]:
    """What has a place that can be cut out, the most certain first."""
    return [
        Found(each.get("label", PERSON), each["score"], each["box"])
        for each in result[FINDS[spec.task]]
        if each["box"] is not None and min(each["box"]["width"], each["box"]["height"]) >= 1
    ]


def _cut(frame: Frame, box: dict[str, float]) -> Frame:
    """The whole pixels that a box touches; a view of the frame."""
    left, top = int(box["x"]), int(box["y"])
    right, bottom = box["x"] + box["width"], box["y"] + box["height"]
    return frame[top : math.ceil(bottom), left : math.ceil(right)]
