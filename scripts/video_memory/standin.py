"""Host memory that stands for a device's: a process that has the models, and nothing else."""

import base64
import dataclasses
import os
import time
from collections.abc import Mapping
from typing import Any

import numpy as np

from scripts.lifecycle.worker import Worker
from scripts.video_memory.device import Answer, Frames, Values
from scripts.video_memory.memory import DeviceMemory
from scripts.video_memory.sizes import Sizes

SIDE = "scripts.video_memory.standin_side"


class StandIn:
    """Implements Device. What it keeps is that process's; frames are copied there and not shared.

    Raises:
        HolderLost: the process did not start.
    """

    gpu: str | None = None

    def __init__(self, sizes: Sizes) -> None:
        # In memory, without a name; in nobody's account while nobody maps it.
        self._file = os.memfd_create("frames")
        try:
            # Threads that wait for one another sleep: what they spin away would count as work.
            self._worker = Worker(SIDE, variables={"OMP_WAIT_POLICY": "passive"})
        except BaseException:
            os.close(self._file)
            raise
        self._open = True
        path = f"/proc/{os.getpid()}/fd/{self._file}"
        try:
            self._call("start", sizes=dataclasses.asdict(sizes), path=path)
        except BaseException:
            self.close()
            raise

    @property
    def pid(self) -> int:
        return self._worker.pid

    def load_detector(self) -> None:
        self._call("load_detector")

    def load_model(self) -> None:
        self._call("load_model")

    def detect(self, frames: Frames) -> Values:
        self._write(frames)
        return _read(self._call("detect", count=len(frames)))

    def ask(self, frames: Frames, boxes: Values) -> Answer:
        written_ms = self._write(frames)
        found = self._call("ask", count=len(frames), boxes=boxes.tolist())
        return Answer(_read(found), written_ms + found["transfer_ms"], found["cutting_ms"])

    def keep(self, clip_id: str, frames: Frames, boxes: Values) -> None:
        self._write(frames)
        self._call("keep", clip_id=clip_id, count=len(frames), boxes=boxes.tolist())

    def ask_kept(self, clip_id: str, number: int) -> Values:
        return _read(self._call("ask_kept", clip_id=clip_id, number=number))

    def forget(self) -> None:
        self._call("forget")

    def fail_after(self, asks: int | None) -> None:
        self._call("fail_after", asks=asks)

    def give_back(self) -> None:
        self._call("give_back")

    def forget_peak(self) -> None:
        self._call("forget_peak")

    def memory(self) -> DeviceMemory:
        return DeviceMemory(**self._call("of_memory"))

    def processor_ms(self) -> float | None:
        return float(self._call("processor")["processor_ms"])

    def close(self) -> None:
        if self._open:
            self._open = False
            self._worker.end()
            os.close(self._file)

    def _write(self, frames: Frames) -> float:
        """Milliseconds that it took."""
        began_s = time.perf_counter()
        written_bytes = os.pwrite(self._file, frames.data.cast("B"), 0)
        if written_bytes != frames.nbytes:
            raise ValueError(f"{written_bytes} of {frames.nbytes} bytes were written")
        return (time.perf_counter() - began_s) * 1000

    def _call(self, function: str, **told: Any) -> Mapping[str, Any]:
        return self._worker.ask("call", module=SIDE, function=function, **told)


def _read(found: Mapping[str, Any]) -> Values:
    written = found["values"]
    return np.frombuffer(base64.b64decode(written["bytes"]), np.float32).reshape(written["shape"])
