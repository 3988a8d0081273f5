"""Two ways to keep the frames of clips that a model is asked about."""

from collections.abc import Iterator
from typing import Protocol

import numpy as np

from backend.enrichment.clips.micro_batches import in_micro_batches
from scripts.video_memory.clips import Held, Shelf
from scripts.video_memory.device import Answer, Device, Frames, Values
from scripts.video_memory.result import Place


class Way(Protocol):
    place: Place

    def add(self, clip_id: str) -> None:
        """Have a clip ready for questions."""

    def ask(self, clip_id: str) -> Answer:
        """Ask the model about all frames of a clip."""


class OnDevice:
    """Pixel values of every clip stay on the device."""

    place = Place.DEVICE

    def __init__(self, device: Device, shelf: Shelf, micro_batch: int) -> None:
        self._device = device
        self._shelf = shelf
        self._micro_batch = micro_batch
        self._batches: dict[str, int] = {}

    def add(self, clip_id: str) -> None:
        with self._shelf.lease(clip_id) as held:
            parts = list(_parts(held, self._micro_batch))
            for frames, boxes in parts:
                self._device.keep(clip_id, frames, boxes)
        self._batches[clip_id] = len(parts)

    def ask(self, clip_id: str) -> Answer:
        batches = range(self._batches[clip_id])
        features = [self._device.ask_kept(clip_id, number) for number in batches]
        return Answer(np.concatenate(features), 0.0, 0.0)


class InHost:
    """Frames stay in the store, and a micro-batch at a time is on the device."""

    place = Place.HOST

    def __init__(self, device: Device, shelf: Shelf, micro_batch: int) -> None:
        self._device = device
        self._shelf = shelf
        self._micro_batch = micro_batch

    def add(self, clip_id: str) -> None:
        """Nothing to do: the store has it."""

    def ask(self, clip_id: str) -> Answer:
        answers: list[Answer] = []
        with self._shelf.lease(clip_id) as held:
            boxes = (boxes for _, boxes in _parts(held, self._micro_batch))

            def asked(frames: Frames) -> list[Values]:
                answers.append(self._device.ask(frames, next(boxes)))
                return list(answers[-1].features)

            features = list(in_micro_batches(held.frames, asked, most_in_flight=self._micro_batch))
        return Answer(
            np.stack(features),
            sum(answer.transfer_ms for answer in answers),
            sum(answer.cutting_ms for answer in answers),
        )


def _parts(held: Held, micro_batch: int) -> Iterator[tuple[Frames, Values]]:
    for start in range(0, len(held.frames), micro_batch):
        part = slice(start, start + micro_batch)
        yield held.frames[part], held.boxes[part]
