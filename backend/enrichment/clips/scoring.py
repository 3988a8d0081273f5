"""The quality of every frame of a clip, by the model that scores single pictures."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from backend import faces, framing, images
from backend.enrichment.clips.clip import Clip
from backend.enrichment.clips.micro_batches import in_micro_batches
from backend.enrichment.clips.stage_log import StageLog
from backend.errors import TritonFailed
from backend.quality import IMAGE, SCORE, Description
from backend.triton.grpc_server import ModelDescription

Frame = NDArray[np.uint8]
# However many a model would take at once: what is in flight is what the device has of a clip.
MICRO_BATCH = 8


class Server(Protocol):
    """See backend.triton.grpc_server.TritonServer."""

    def config(self, name: str) -> Mapping[str, Any]: ...

    def describe(self, name: str) -> ModelDescription: ...

    def infer(
        self,
        name: str,
        tensors: Mapping[str, NDArray[Any]],
        outputs: Sequence[str],
        *,
        timeout_s: float,
    ) -> dict[str, NDArray[Any]]: ...


@dataclass(frozen=True)
class Scores:
    """What a model says of every frame.

    Attributes:
        values: 0–1, in the order of the frames; None where a face was asked for and none found.
    """

    values: tuple[float | None, ...]
    model: str
    version: str
    description: Description


class FrameScorer:
    """Scores frames with one quality model; from any thread.

    Args:
        timeout_s: longest wait for one micro-batch.
    """

    def __init__(
        self, server: Server, model: str, *, allow_random_weights: bool, timeout_s: float
    ) -> None:
        self._server = server
        self._model = model
        self._allow_random_weights = allow_random_weights
        self._timeout_s = timeout_s

    def score(
        self,
        clip: Clip,
        *,
        find_face: bool,
        report: Callable[[int, int], None],
        stages: StageLog,
    ) -> Scores:
        """Score every frame, a micro-batch at a time.

        Args:
            find_face: score the largest face and what is close round it, not the centre.
            report: told after each micro-batch how many frames of how many are scored; what it
                raises ends the work.

        Raises:
            RandomWeights: the model may not be asked.
            TritonError: it did not answer, or something that is no score.
        """
        description = Description.from_config(self._server.config(self._model))
        if not self._allow_random_weights:
            description.need_learned_weights(self._model)
        described = self._server.describe(self._model)
        most = min(MICRO_BATCH, max(1, described.max_batch_size))
        done = 0
        report(done, len(clip.frames))

        def ask(frames: Sequence[Frame]) -> list[float | None]:
            nonlocal done
            scores = self._ask([_input(frame, description.side, find_face) for frame in frames])
            stages.micro_batch()
            done += len(frames)
            report(done, len(clip.frames))
            return scores

        values = tuple(in_micro_batches(list(clip.frames), ask, most_in_flight=most))
        return Scores(values, self._model, described.version, description)

    def _ask(self, inputs: Sequence[Frame | None]) -> list[float | None]:
        """Scores of the pictures that there are."""
        pictures = [picture for picture in inputs if picture is not None]
        if not pictures:
            return [None] * len(inputs)
        answer = self._server.infer(
            self._model, {IMAGE: np.stack(pictures)}, [SCORE], timeout_s=self._timeout_s
        )
        scores = answer[SCORE].reshape(-1)
        if len(scores) != len(pictures) or not np.isfinite(scores).all():
            raise TritonFailed("The model answered something that is no score for each frame.")
        found = iter(scores.clip(0, 1).tolist())
        return [None if picture is None else round(next(found), 4) for picture in inputs]


def _input(frame: Frame, side: int, find_face: bool) -> Frame | None:
    """What the model gets of a frame; None where there is no face in it."""
    if not find_face:
        return images.fit_square(frame, side)
    boxes = faces.find(frame)
    if not boxes:
        return None
    height, width = frame.shape[:2]
    return images.fit_square(frame, side, framing.crop_square(boxes[0], width, height))
