"""Scores of every frame, before a server that says how bright a picture is."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from backend.enrichment.clips.clip import Clip
from backend.enrichment.clips.scoring import MICRO_BATCH, FrameScorer, Scores
from backend.enrichment.clips.stage_log import StageLog
from backend.errors import JobCancelled, RandomWeights, TritonFailed
from backend.triton.grpc_server import ModelDescription
from tests.pictures import astronaut


class Brightness:
    """Attributes:
    sizes: of the micro-batches that were asked about.
    answer: replaces the scores.
    """

    def __init__(self, *, max_batch_size: int = 4, random: bool = False) -> None:
        self.sizes: list[int] = []
        self.seen: list[NDArray[Any]] = []
        self.answer: NDArray[Any] | None = None
        self._max_batch_size = max_batch_size
        self._random = "true" if random else "false"

    def config(self, name: str) -> Mapping[str, Any]:
        return {
            "input": [{"name": "image", "dims": ["32", "32", "3"]}],
            "parameters": {
                "variant": {"string_value": "v1"},
                "bands": {"string_value": "fair=0.3,good=0.6"},
                "random_weights": {"string_value": self._random},
            },
        }

    def describe(self, name: str) -> ModelDescription:
        return ModelDescription("7", {}, max_batch_size=self._max_batch_size)

    def infer(
        self,
        name: str,
        tensors: Mapping[str, NDArray[Any]],
        outputs: Sequence[str],
        *,
        timeout_s: float,
    ) -> dict[str, NDArray[Any]]:
        assert (name, list(outputs), timeout_s) == ("brightness", ["score"], 5.0)
        pictures = tensors["image"]
        assert pictures.shape[1:] == (32, 32, 3)
        self.sizes.append(len(pictures))
        self.seen.append(pictures)
        scores = pictures.mean(axis=(1, 2, 3), dtype=np.float64) / 255
        return {"score": scores.reshape(-1, 1) if self.answer is None else self.answer}


def clip_of(*frames: NDArray[np.uint8]) -> Clip:
    return Clip("c", np.stack(frames), tuple(map(float, range(len(frames)))), "mp4")


def grey(value: int) -> NDArray[np.uint8]:
    return np.full((48, 64, 3), value, np.uint8)


def score(
    server: Brightness, clip: Clip, *, find_face: bool = False, allow_random: bool = False
) -> tuple[Scores, list[tuple[int, int]]]:
    told: list[tuple[int, int]] = []
    scorer = FrameScorer(server, "brightness", allow_random_weights=allow_random, timeout_s=5.0)
    found = scorer.score(
        clip,
        find_face=find_face,
        report=lambda done, of: told.append((done, of)),
        stages=StageLog(),
    )
    return found, told


def test_every_frame_is_scored_in_order_and_a_micro_batch_at_a_time() -> None:
    server = Brightness(max_batch_size=2)
    found, told = score(server, clip_of(*(grey(51 * number) for number in range(5))))
    assert found.values == (0.0, 0.2, 0.4, 0.6, 0.8)
    assert server.sizes == [2, 2, 1]
    assert told == [(0, 5), (2, 5), (4, 5), (5, 5)]
    assert (found.model, found.version, found.description.variant) == ("brightness", "7", "v1")


def test_what_is_in_flight_stays_small_however_much_the_model_would_take() -> None:
    server = Brightness(max_batch_size=64)
    score(server, clip_of(*(grey(0) for _ in range(20))))
    assert max(server.sizes) == MICRO_BATCH


def test_of_a_frame_with_a_face_the_face_is_scored_and_one_without_has_no_score() -> None:
    person = np.asarray(astronaut((320, 320)), np.uint8)
    server = Brightness()
    found, told = score(server, clip_of(np.full_like(person, 90), person), find_face=True)
    assert found.values[0] is None
    assert found.values[1] is not None
    assert server.sizes == [1]
    assert told[-1] == (2, 2)
    (centre,), _ = score(Brightness(), clip_of(person))[0].values, None
    assert found.values[1] != centre


def test_random_weights_are_refused_unless_they_are_allowed() -> None:
    clip = clip_of(grey(51))
    with pytest.raises(RandomWeights, match="weights of brightness are random"):
        score(Brightness(random=True), clip)
    found, _ = score(Brightness(random=True), clip, allow_random=True)
    assert found.description.random_weights


@pytest.mark.parametrize("answer", [np.array([[np.nan]]), np.zeros((2, 1))])
def test_what_is_no_score_for_each_frame_is_a_fault_of_the_model(answer: NDArray[Any]) -> None:
    server = Brightness()
    server.answer = answer
    with pytest.raises(TritonFailed, match="no score for each frame"):
        score(server, clip_of(grey(1)))


def test_work_that_is_not_wanted_any_more_hands_nothing_more_over() -> None:
    server = Brightness(max_batch_size=1)

    def report(done: int, of: int) -> None:
        if done:
            raise JobCancelled("not wanted")

    scorer = FrameScorer(server, "brightness", allow_random_weights=False, timeout_s=5.0)
    with pytest.raises(JobCancelled):
        scorer.score(clip_of(grey(1), grey(2)), find_face=False, report=report, stages=StageLog())
    assert server.sizes == [1]
