"""What runs in the process whose memory stands for a device's: called by scripts.lifecycle.holder.

Frames come through a file that the other side has written: reading copies them into this process's
own memory, and what is in the file counts for nobody's.
"""

import base64
import dataclasses
import os
import time
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from scripts.video_memory import memory
from scripts.video_memory.engine import Engine
from scripts.video_memory.sizes import Sizes

NOTHING: dict[str, Any] = {}


class Side:
    """One engine, and the file that frames come through."""

    def __init__(self, sizes: Sizes, path: str) -> None:
        self.engine = Engine(sizes, torch.device("cpu"))
        self._shape = (sizes.height, sizes.width, 3)
        self._file = os.open(path, os.O_RDONLY)

    def frames(self, count: int) -> Tensor:
        there = torch.empty((count, *self._shape), dtype=torch.uint8)
        got_bytes = os.preadv(self._file, [there.numpy().reshape(-1)], 0)
        if got_bytes != there.nbytes:
            raise ValueError(f"{got_bytes} of {there.nbytes} bytes of frames")
        return there


_sides: list[Side] = []


def start(sizes: dict[str, Any], path: str) -> dict[str, Any]:
    _sides[:] = [Side(Sizes(**sizes), path)]
    return NOTHING


def load_detector() -> dict[str, Any]:
    _side().engine.load_detector()
    return NOTHING


def load_model() -> dict[str, Any]:
    _side().engine.load_model()
    return NOTHING


def detect(count: int) -> dict[str, Any]:
    return {"values": _written(_side().engine.detect(_side().frames(count)))}


def ask(count: int, boxes: Sequence[Any]) -> dict[str, Any]:
    began_s = time.perf_counter()
    frames = _side().frames(count)
    handed_over_s = time.perf_counter()
    pixels = _side().engine.cut(frames, _boxes(boxes))
    cut_s = time.perf_counter()
    return {
        "values": _written(_side().engine.answer(pixels)),
        "transfer_ms": (handed_over_s - began_s) * 1000,
        "cutting_ms": (cut_s - handed_over_s) * 1000,
    }


def keep(clip_id: str, count: int, boxes: Sequence[Any]) -> dict[str, Any]:
    engine = _side().engine
    engine.keep(clip_id, engine.cut(_side().frames(count), _boxes(boxes)))
    return NOTHING


def ask_kept(clip_id: str, number: int) -> dict[str, Any]:
    engine = _side().engine
    return {"values": _written(engine.answer(engine.kept(clip_id, number)))}


def forget() -> dict[str, Any]:
    _side().engine.forget()
    return NOTHING


def fail_after(asks: int | None) -> dict[str, Any]:
    _side().engine.fail_after(asks)
    return NOTHING


def give_back() -> dict[str, Any]:
    memory.give_back()
    return NOTHING


def forget_peak() -> dict[str, Any]:
    memory.forget_peak()
    return NOTHING


def of_memory() -> dict[str, Any]:
    return dataclasses.asdict(memory.of_this_process())


def processor() -> dict[str, Any]:
    return {"processor_ms": time.process_time() * 1000}


def _side() -> Side:
    return _sides[0]


def _boxes(found: Sequence[Any]) -> "np.ndarray[Any, np.dtype[np.float32]]":
    return np.asarray(found, np.float32)


def _written(values: Tensor) -> dict[str, Any]:
    """Every bit of them, as JSON can carry it."""
    return {
        "shape": list(values.shape),
        "bytes": base64.b64encode(values.contiguous().numpy().tobytes()).decode(),
    }
