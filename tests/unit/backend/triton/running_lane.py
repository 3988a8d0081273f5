"""A lane at work, and what becomes of the frames that are put before it."""

import time

import gevent
import pytest

from backend.errors import TritonError
from backend.triton.batching import Frame, FrameQueue
from backend.triton.lane import Lane, Server, Tensors
from backend.triton.shared_memory import SharedPixels
from tests.unit.backend.v2_server import VERSION, pixels


class Running:
    """A lane and its queue.

    Attributes:
        losses: why its server went down, each time.
    """

    def __init__(self, address: tuple[str, int], token: str | None = None) -> None:
        self.server = Server(*address)
        self.queue = FrameQueue()
        self.losses: list[TritonError | None] = []
        tensors = Tensors("image", ("score", "measures"))
        self.lane = Lane(
            self.server, "m", tensors, self.queue, SharedPixels(token), server_lost=self._note
        )
        self.greenlet = gevent.spawn(self.lane.run)

    def _note(self) -> None:
        self.losses.append(self.server.down_because)

    def put(self, *numbers: int, within_s: float = 10) -> list[Frame]:
        frames = [Frame(pixels(number), time.monotonic() + within_s) for number in numbers]
        for frame in frames:
            self.queue.put(frame)
        return frames


def number_of(frame: Frame) -> int:
    """The number that the answer to a frame tells."""
    assert frame.wait()
    inference = frame.inference()
    assert inference.model_version == VERSION
    (score,), measures = inference.outputs["score"], inference.outputs["measures"].tolist()
    assert measures == [2 * score, 3 * score]
    return int(score)


def error_of(frame: Frame) -> tuple[type[TritonError], str]:
    assert frame.wait()
    with pytest.raises(TritonError) as caught:
        frame.inference()
    return type(caught.value), str(caught.value)


def error_of_late(frame: Frame) -> tuple[type[TritonError], str]:
    """What a frame ends in, however late."""
    frame.deadline_s = time.monotonic() + 10
    return error_of(frame)
