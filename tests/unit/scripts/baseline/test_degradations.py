"""Degradations and the scale that all families share."""

from itertools import pairwise

import numpy as np
import pytest

from scripts.baseline.degradations import FAMILIES, HELD_OUT, TRAINED, degrade
from scripts.baseline.faces import Picture, render_face
from scripts.baseline.similarity import similarity


@pytest.fixture(scope="module")
def face() -> Picture:
    return render_face(np.random.default_rng(11), 192)


def degraded(picture: Picture, family: str, severity: float) -> Picture:
    return degrade(picture, family, severity, np.random.default_rng(5))


def test_no_family_is_both_trained_on_and_held_out() -> None:
    assert not TRAINED.keys() & HELD_OUT.keys()
    assert FAMILIES.keys() == TRAINED.keys() | HELD_OUT.keys()


@pytest.mark.parametrize("family", FAMILIES)
def test_every_step_of_a_family_takes_the_picture_further_from_the_pristine_one(
    face: Picture, family: str
) -> None:
    kept = [similarity(face, degraded(face, family, s)) for s in (0, 0.25, 0.5, 0.75, 1)]
    assert kept[0] == pytest.approx(1)
    assert all(worse < better for better, worse in pairwise(kept)), kept
    assert kept[1] > 0.8
    assert kept[-1] < 0.85


@pytest.mark.parametrize("family", FAMILIES)
def test_a_seed_draws_one_pattern_and_the_shape_stays(face: Picture, family: str) -> None:
    once, again = (degraded(face, family, 0.7) for _ in range(2))
    np.testing.assert_array_equal(once, again)
    assert once.shape == face.shape
    assert once.dtype == np.uint8


def test_severity_0_leaves_the_picture_as_it_is(face: Picture) -> None:
    assert degraded(face, "noise", 0) is face


def test_a_severity_outside_its_range_is_refused(face: Picture) -> None:
    with pytest.raises(ValueError, match=r"severity is 1.2: give 0 to 1"):
        degraded(face, "haze", 1.2)


def test_a_blur_leaves_a_flat_picture_flat_up_to_its_borders() -> None:
    grey = np.full((64, 80, 3), 90, np.uint8)
    for family in ("defocus", "motion_blur", "zoom_blur", "low_resolution"):
        assert np.abs(degraded(grey, family, 0.8).astype(int) - 90).max() <= 1, family


def test_similarity_is_symmetric_in_which_picture_is_pristine(face: Picture) -> None:
    blurred = degraded(face, "defocus", 0.6)
    assert similarity(face, blurred) == pytest.approx(similarity(blurred, face))
