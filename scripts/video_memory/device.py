"""How a device is asked, wherever it is."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from scripts.video_memory.memory import DeviceMemory

Frames = NDArray[np.uint8]
Values = NDArray[np.float32]


@dataclass(frozen=True)
class Answer:
    """What the model said of frames that were handed over for it.

    Attributes:
        features: float32 array of shape (frames, features).
        transfer_ms: what handing over the frames took.
        cutting_ms: what making pixel values of them took.
    """

    features: Values
    transfer_ms: float
    cutting_ms: float


class Device(Protocol):
    """Where the models are, and whose memory is measured.

    Frames are uint8 arrays of shape (N, height, width, 3), boxes float32 arrays of shape
    (N, detections, 4). Each method may raise a LifecycleError.

    Attributes:
        gpu: its name; None where host memory stands for a GPU's.
    """

    gpu: str | None

    def load_detector(self) -> None: ...

    def load_model(self) -> None: ...

    def detect(self, frames: Frames) -> Values:
        """Boxes in frames."""

    def ask(self, frames: Frames, boxes: Values) -> Answer:
        """Hand over frames, ask the model about them, and let go of them."""

    def keep(self, clip_id: str, frames: Frames, boxes: Values) -> None:
        """Hand over a clip's next micro-batch, and keep its pixel values."""

    def ask_kept(self, clip_id: str, number: int) -> Values:
        """Ask the model about a micro-batch that is kept; features as of `ask`."""

    def forget(self) -> None:
        """Let go of everything that is kept."""

    def fail_after(self, asks: int | None) -> None:
        """Have the model raise in the middle of its layers once it was asked so many times more;
        None: have it answer again."""

    def give_back(self) -> None:
        """Return memory that nobody uses to the system."""

    def forget_peak(self) -> None: ...

    def memory(self) -> DeviceMemory: ...

    def processor_ms(self) -> float | None:
        """Processor time that the device has taken so far; None for a GPU, which takes none."""

    def close(self) -> None:
        """Safe to call twice."""
