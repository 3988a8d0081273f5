"""A GPU, asked from this process."""

import contextlib
import gc
import os
import time
from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from scripts.lifecycle.errors import HolderFailed
from scripts.video_memory.device import Answer, Frames, Values
from scripts.video_memory.engine import Engine
from scripts.video_memory.memory import DeviceMemory
from scripts.video_memory.sizes import Sizes
from scripts.vram import smi_query


def name() -> str | None:
    """Of the GPU that PyTorch would use; None where there is none."""
    return torch.cuda.get_device_name() if torch.cuda.is_available() else None


class Gpu:
    """Implements Device.

    Args:
        gpu: its name.
        device: PyTorch's name for it.
        pinned: frames are handed over from page-locked memory.
    """

    def __init__(self, sizes: Sizes, gpu: str, *, device: str = "cuda", pinned: bool) -> None:
        self.gpu: str | None = gpu
        self._engine = Engine(sizes, torch.device(device))
        shape = (sizes.micro_batch, sizes.height, sizes.width, 3)
        self._staging = torch.empty(shape, dtype=torch.uint8, pin_memory=pinned)

    def load_detector(self) -> None:
        with _failures():
            self._engine.load_detector()

    def load_model(self) -> None:
        with _failures():
            self._engine.load_model()

    def detect(self, frames: Frames) -> Values:
        with _failures():
            return _on_host(self._engine.detect(self._handed_over(frames)))

    def ask(self, frames: Frames, boxes: Values) -> Answer:
        with _failures():
            began_s = _now_s()
            there = self._handed_over(frames)
            handed_over_s = _now_s()
            pixels = self._engine.cut(there, boxes)
            cut_s = _now_s()
            features = _on_host(self._engine.answer(pixels))
        return Answer(features, (handed_over_s - began_s) * 1e3, (cut_s - handed_over_s) * 1e3)

    def keep(self, clip_id: str, frames: Frames, boxes: Values) -> None:
        with _failures():
            self._engine.keep(clip_id, self._engine.cut(self._handed_over(frames), boxes))

    def ask_kept(self, clip_id: str, number: int) -> Values:
        with _failures():
            return _on_host(self._engine.answer(self._engine.kept(clip_id, number)))

    def forget(self) -> None:
        self._engine.forget()

    def fail_after(self, asks: int | None) -> None:
        self._engine.fail_after(asks)

    def give_back(self) -> None:
        gc.collect()
        torch.cuda.empty_cache()

    def forget_peak(self) -> None:
        torch.cuda.reset_peak_memory_stats()

    def memory(self) -> DeviceMemory:
        torch.cuda.synchronize()
        processes = smi_query.parse_processes(smi_query.ask_command(smi_query.PROCESSES) or "")
        return DeviceMemory(
            torch.cuda.memory_allocated(),
            torch.cuda.memory_reserved(),
            torch.cuda.max_memory_reserved(),
            torch.cuda.max_memory_allocated(),
            processes.get(os.getpid()),
        )

    def processor_ms(self) -> float | None:
        return None

    def close(self) -> None:
        self.forget()

    def _handed_over(self, frames: Frames) -> Tensor:
        """Through a buffer: what the store keeps is neither writable nor page-locked."""
        staged = self._staging[: len(frames)]
        np.copyto(staged.numpy(), frames)
        return staged.to(self._engine.device)  # when it returns, the buffer is free again


def _on_host(values: Tensor) -> Values:
    found: Values = values.cpu().numpy()
    return found


def _now_s() -> float:
    torch.cuda.synchronize()
    return time.perf_counter()


@contextlib.contextmanager
def _failures() -> Iterator[None]:
    """What PyTorch fails with, as a sentence."""
    try:
        yield
    except torch.OutOfMemoryError as error:
        raise HolderFailed(
            "The GPU's memory is full: keep fewer --clips, with fewer --detections, or have fewer "
            "frames in a --micro-batch."
        ) from error
    except RuntimeError as error:
        said = str(error).strip().splitlines()
        text = f"{type(error).__name__}: {said[0][:300] if said else ''}"
        raise HolderFailed(text) from error
