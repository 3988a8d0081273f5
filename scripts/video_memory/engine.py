"""The models on one device, and the pixel values that are kept there."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from scripts.video_memory.networks import Detector, Encoder, built
from scripts.video_memory.patches import cut
from scripts.video_memory.sizes import Sizes


class BrokenModel(RuntimeError):
    """Raised by the model itself, where it was told to."""


class Engine:
    """Frames and features are tensors on the device."""

    def __init__(self, sizes: Sizes, device: torch.device) -> None:
        self.device = device
        self._sizes = sizes
        self._detector: Any = None
        self._model: Any = None
        self._kept: dict[str, list[Tensor]] = {}
        self._asks_left: int | None = None

    def load_detector(self) -> None:
        detections = self._sizes.detections
        self._detector = built(lambda: Detector(detections), self._sizes.dtype, self.device)

    def load_model(self) -> None:
        self._model = built(lambda: Encoder(self._sizes), self._sizes.dtype, self.device)
        # With activations alive, as where a model fails of itself.
        self._model.layers[self._sizes.layers // 2].register_forward_hook(self._fail)

    def detect(self, frames: Tensor) -> Tensor:
        """(N, height, width, 3) → (N, detections, 4)."""
        with torch.inference_mode():
            boxes: Tensor = self._detector(frames)
        return boxes

    def cut(self, frames: Tensor, boxes: NDArray[np.float32]) -> Tensor:
        """Pixel values, see patches.cut."""
        with torch.inference_mode():
            return cut(frames, boxes, self._sizes)

    def answer(self, pixels: Tensor) -> Tensor:
        """Pixel values of N frames → float32 of shape (N, features), means over their patches."""
        if self._asks_left is not None:
            self._asks_left -= 1
        with torch.inference_mode():
            features: Tensor = self._model(pixels).float()
            return features.view(-1, self._sizes.tiles, features.shape[-1]).mean(1)

    def keep(self, clip_id: str, pixels: Tensor) -> None:
        """One micro-batch's pixel values."""
        self._kept.setdefault(clip_id, []).append(pixels)

    def kept(self, clip_id: str, number: int) -> Tensor:
        return self._kept[clip_id][number]

    def forget(self) -> None:
        self._kept.clear()

    def fail_after(self, asks: int | None) -> None:
        """See Device."""
        self._asks_left = asks

    def _fail(self, *_: Any) -> None:
        if self._asks_left is not None and self._asks_left < 0:
            raise BrokenModel("this model fails on purpose")
