"""Training data: groups of one crop at several severities of one family."""

import multiprocessing
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from scripts.baseline.degradations import TRAINED, Picture, Rng, degrade
from scripts.baseline.similarity import similarity
from scripts.baseline.sources import (
    SIDE_PX,
    TRAINING_PHOTOGRAPHS,
    Source,
    photograph_crops,
    rendered,
    stream,
)

CROP_PX = 176
MARGIN_PX = 16  # cut away after a degradation, whose mirrored borders no camera has
GROUP = 5  # the pristine crop and four severities
# Severities of the test, and how far training stays away from them.
HELD_OUT_SEVERITIES, KEPT_AWAY = (0.1, 0.25, 0.4, 0.55, 0.7, 0.85), 0.02
MILD = 1.5  # exponent that moves even severities towards 0
SECOND_FAULT_CHANCE = 0.25
FAMILY_NAMES = tuple(TRAINED)

T = TypeVar("T")
_work: Callable[[int], Any]


@dataclass(frozen=True)
class Groups:
    """What a network learns from.

    Attributes:
        crops: uint8 (groups, GROUP, CROP_PX, CROP_PX, 3), each group from pristine to worst.
        severities: float32 (groups, GROUP, families), the second fault's included.
        quality: float32 (groups, GROUP), what the score should be, 1 for a pristine crop.
    """

    crops: NDArray[np.uint8]
    severities: NDArray[np.float32]
    quality: NDArray[np.float32]


def quality_of(pristine: Picture, degraded: Picture) -> float:
    """What a score should be; the square spreads the similarities that are common over 0–1."""
    return similarity(pristine, degraded) ** 2


def make_groups(seed: int, faces: int, count: int, *, processes: int) -> Groups:
    """Render the sources of training, then draw `count` groups from them. The same from a seed."""
    sources = over(partial(rendered, seed, "training"), faces, processes)
    for name in TRAINING_PHOTOGRAPHS:
        sources += photograph_crops(seed, name)
    drawn = over(partial(_draw, seed, sources), count, processes)
    crops, severities, quality = (np.stack(column) for column in zip(*drawn, strict=True))
    return Groups(crops, severities, quality)


def over(work: Callable[[int], T], count: int, processes: int) -> list[T]:
    """The results of `work` for 0 to count - 1, in order, whatever the number of processes."""
    if processes == 1:
        return [work(number) for number in range(count)]
    # Handed over by the fork: as an argument of each task, the pictures in it would be copied.
    with multiprocessing.get_context("fork").Pool(processes, _adopt, (work,)) as pool:
        return pool.map(_adopted, range(count), chunksize=4)


def _adopt(work: Callable[[int], Any]) -> None:
    global _work
    _work = work


def _adopted(number: int) -> Any:
    return _work(number)


def draw_severity(rng: Rng) -> float:
    """Mild ones are commoner; the test's are left out."""
    while True:
        severity = rng.uniform(0.02, 1) ** MILD
        if min(abs(severity - held_out) for held_out in HELD_OUT_SEVERITIES) > KEPT_AWAY:
            return float(severity)


def _draw(
    seed: int, sources: list[Source], number: int
) -> tuple[NDArray[np.uint8], NDArray[np.float32], NDArray[np.float32]]:
    rng = stream(seed, 5, number)
    family = number % len(FAMILY_NAMES)
    source = sources[int(rng.integers(len(sources)))].picture
    scale = source.shape[0] / SIDE_PX
    side = round((CROP_PX + 2 * MARGIN_PX) * scale)
    top, left = rng.integers(0, source.shape[0] - side + 1, 2)
    pristine = source[top : top + side, left : left + side]
    chosen = [0.0, *sorted(draw_severity(rng) for _ in range(GROUP - 1))]
    severities = np.zeros((GROUP, len(FAMILY_NAMES)), np.float32)
    pattern, second_pattern = (int(value) for value in rng.integers(0, 2**31, 2))
    second, second_severity = family, 0.0
    if rng.random() < SECOND_FAULT_CHANCE:
        second, second_severity = int(rng.integers(len(FAMILY_NAMES))), draw_severity(rng) / 2
    second_first = rng.random() < 0.5
    crops = []
    for row, severity in enumerate(chosen):
        faults = [(family, severity, pattern), (second, second_severity, second_pattern)]
        crop = pristine
        for kind, strength, grain in reversed(faults) if second_first else faults:
            crop = degrade(crop, FAMILY_NAMES[kind], strength, np.random.default_rng(grain))
            severities[row, kind] = max(severities[row, kind], strength)
        crops.append(_seen(crop))
    reference = _seen(pristine)
    quality = np.array([quality_of(reference, crop) for crop in crops], np.float32)
    return np.stack(crops), severities, quality


def _seen(crop: Picture) -> Picture:
    """The crop at the model's size, without its margin."""
    side = CROP_PX + 2 * MARGIN_PX
    if crop.shape[0] != side:
        crop = np.asarray(Image.fromarray(crop).resize((side, side), Image.Resampling.BILINEAR))
    return crop[MARGIN_PX:-MARGIN_PX, MARGIN_PX:-MARGIN_PX]
