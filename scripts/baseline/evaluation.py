"""How well scores follow severities that no training saw, source by source and family by family."""

import importlib.util
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import ModuleType

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from scripts.baseline.degradations import FAMILIES, HELD_OUT, Picture, degrade
from scripts.baseline.groups import HELD_OUT_SEVERITIES, over
from scripts.baseline.sources import TEST_PHOTOGRAPHS, Source, rendered, test_photograph
from scripts.baseline.statistics import Gate, Interval, judge, order_kept, resampled

MODEL, SHUFFLED = "baseline-synthetic", "shuffled labels"
HAND_CRAFTED = ("capture_quality", "Laplacian variance", "JPEG bytes", "mean luminance")
TEST_FACES = 32
JPEG_QUALITY = 75
MEASURES = Path(__file__).resolve().parents[2] / "triton_models/capture_quality/1/measures.py"

Scorer = Callable[[Picture], float]


@dataclass(frozen=True)
class Evaluation:
    """Correlations of the test.

    Attributes:
        sources: names, in the order of the rows.
        correlations: per scorer, float (sources, families), families in the order of FAMILIES. Of
            the shuffled labels, (networks, families), means over the sources.
        mean_scores: the model's, (families, severities), the pristine picture first.
    """

    sources: tuple[str, ...]
    correlations: dict[str, NDArray[np.floating]]
    mean_scores: NDArray[np.floating]
    seed: int

    def interval(
        self, scorer: str, families: tuple[str, ...], *, faces: bool | None = None
    ) -> Interval:
        """The mean over families and sources; of drawn faces or of photographs alone if told."""
        rows = self.correlations[scorer]
        if faces is not None:
            rows = rows[[(name not in TEST_PHOTOGRAPHS) is faces for name in self.sources]]
        return resampled(_over_families(rows, families), self.seed)

    def gate(self) -> Gate:
        held_out = tuple(HELD_OUT)
        kept = {name: _over_families(self.correlations[name], held_out) for name in HAND_CRAFTED}
        return judge(_over_families(self.correlations[MODEL], held_out), kept, self.seed)


def _over_families(
    correlations: NDArray[np.floating], families: tuple[str, ...]
) -> NDArray[np.floating]:
    columns = [list(FAMILIES).index(family) for family in families]
    mean: NDArray[np.floating] = correlations[:, columns].mean(1)
    return mean


def evaluate(
    model: bytes,
    shuffled: Sequence[bytes],
    seed: int,
    *,
    faces: int = TEST_FACES,
    processes: int = 2,
) -> Evaluation:
    """Score every test source at every held-out severity of every family.

    Args:
        model: an ONNX file.
        shuffled: others, that learned from shuffled labels, thus nothing.
    """
    work = partial(_scores_of_source, model, shuffled, seed, faces)
    judged = over(work, faces + len(TEST_PHOTOGRAPHS), processes)
    scores = {name: np.stack([row[name] for row in judged]) for name in judged[0]}
    correlations = {
        name: np.array([[order_kept(family) for family in source] for source in values])
        for name, values in scores.items()
    }
    correlations[SHUFFLED] = np.stack(
        [correlations.pop(f"{SHUFFLED} {number}").mean(0) for number in range(len(shuffled))]
    )
    drawn = [f"test face {number}" for number in range(faces)]
    return Evaluation((*drawn, *TEST_PHOTOGRAPHS), correlations, scores[MODEL].mean(0), seed)


def _source(seed: int, faces: int, number: int) -> Source:
    if number < faces:
        return rendered(seed, "test", number)
    return test_photograph(TEST_PHOTOGRAPHS[number - faces])


def _scores_of_source(
    model: bytes, shuffled: Sequence[bytes], seed: int, faces: int, number: int
) -> dict[str, NDArray[np.floating]]:
    """Per scorer the scores (families, severities) of one source."""
    picture = _source(seed, faces, number).picture
    scorers: dict[str, Scorer] = {
        MODEL: onnx_scorer(model),
        **{f"{SHUFFLED} {place}": onnx_scorer(one) for place, one in enumerate(shuffled)},
        **hand_crafted(),
    }
    families = [
        [
            degrade(picture, family, severity, np.random.default_rng((seed, number, place)))
            for severity in (0.0, *HELD_OUT_SEVERITIES)
        ]
        for place, family in enumerate(FAMILIES)
    ]
    return {
        name: np.array([[scorer(shown) for shown in pictures] for pictures in families])
        for name, scorer in scorers.items()
    }


def onnx_scorer(model: bytes) -> Scorer:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(model, options, ["CPUExecutionProvider"])
    return lambda picture: float(session.run(None, {"image": picture[None]})[0][0, 0])


def hand_crafted() -> dict[str, Scorer]:
    """Scores that nothing was learned for; higher is taken for better."""
    measures = load_measures()
    scorers = (
        lambda picture: float(measures.score(measures.measure(picture))),
        laplacian_variance,
        jpeg_bytes,
        lambda picture: float(picture.mean()),
    )
    return dict(zip(HAND_CRAFTED, scorers, strict=True))


def load_measures() -> ModuleType:
    """The measures that Triton runs, by path: a version folder is no package."""
    spec = importlib.util.spec_from_file_location("capture_quality_measures", MEASURES)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def laplacian_variance(picture: Picture) -> float:
    luma = picture.astype(np.float32) @ np.array([0.299, 0.587, 0.114], np.float32)
    inner = luma[1:-1, 1:-1]
    around = luma[:-2, 1:-1] + luma[2:, 1:-1] + luma[1:-1, :-2] + luma[1:-1, 2:]
    return float((around - 4 * inner).var())


def jpeg_bytes(picture: Picture) -> float:
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "JPEG", quality=JPEG_QUALITY)
    return float(buffer.tell())
