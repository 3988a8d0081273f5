"""The scorer which runs inside Triton."""

import io
import math
from collections.abc import Callable
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from tests.scorer import load_scorer

ROOT = Path(__file__).resolve().parents[3]
NAMES = ("astronaut", "chelsea", "coffee")
Picture = np.ndarray


measures = load_scorer()


def _score(picture: Picture) -> float:
    return float(measures.score(measures.measure(picture)))


# Pictures


def _resized(image: Image.Image, width: int, height: int) -> Picture:
    """Scaled until it covers width × height, then the centre."""
    scale = max(width / image.width, height / image.height)
    size = (max(width, round(image.width * scale)), max(height, round(image.height * scale)))
    image = image.resize(size, Image.Resampling.BILINEAR)
    left, top = (image.width - width) // 2, (image.height - height) // 2
    return np.asarray(image.crop((left, top, left + width, top + height)))


@lru_cache
def _picture(name: str, width: int = 352, height: int = 352) -> Picture:
    with Image.open(ROOT / f"loadtest/pictures/{name}.jpg") as image:
        return _resized(image.convert("RGB"), width, height)


def _crop(frame: Picture) -> Picture:
    return _resized(Image.fromarray(frame), 352, 352)


def _rounded(values: np.ndarray) -> Picture:
    clipped: np.ndarray = np.clip(np.rint(values), 0, 255)
    return clipped.astype(np.uint8)


def _shifted_mean(picture: Picture, taps: list[tuple[int, int, float]]) -> Picture:
    """The weighted sum of copies shifted by (dy, dx), edges repeated."""
    reach = max(max(abs(dy), abs(dx)) for dy, dx, _ in taps)
    padded = np.pad(picture.astype(np.float32), ((reach,) * 2, (reach,) * 2, (0, 0)), mode="edge")
    height, width = picture.shape[:2]
    total = np.zeros(picture.shape, np.float32)
    for dy, dx, weight in taps:
        top, left = reach + dy, reach + dx
        total += np.float32(weight) * padded[top : top + height, left : left + width]
    return _rounded(total)


def _blurred(picture: Picture, sigma: float) -> Picture:
    if sigma == 0:
        return picture
    reach = math.ceil(3 * sigma)
    weights = np.exp(-(np.arange(-reach, reach + 1) ** 2) / (2 * sigma**2))
    weights /= weights.sum()
    steps = range(-reach, reach + 1)
    down = [(i, 0, float(w)) for i, w in zip(steps, weights, strict=True)]
    across = [(0, i, float(w)) for i, w in zip(steps, weights, strict=True)]
    return _shifted_mean(_shifted_mean(picture, down), across)


def _moved(dy: int, dx: int) -> Callable[[Picture, float], Picture]:
    def degrade(picture: Picture, length: float) -> Picture:
        reach = int(length) // 2
        return _shifted_mean(
            picture, [(i * dy, i * dx, 1 / length) for i in range(-reach, reach + 1)]
        )

    return degrade


def _noisy(picture: Picture, sigma: float) -> Picture:
    return _rounded(picture + np.random.default_rng(7).normal(0, sigma, picture.shape))


def _compressed(picture: Picture, quality: float) -> Picture:
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "JPEG", quality=int(quality))
    with Image.open(buffer) as image:
        return np.asarray(image.convert("RGB"))


def _lit(picture: Picture, gain: float) -> Picture:
    return _rounded(picture * np.float32(gain))


FAMILIES: dict[str, tuple[Callable[[Picture, float], Picture], tuple[float, ...]]] = {
    "blur": (_blurred, (0, 1, 2, 4, 8)),
    "motion along rows": (_moved(0, 1), (1, 5, 9, 17, 33)),
    "motion along columns": (_moved(1, 0), (1, 5, 9, 17, 33)),
    "motion along the diagonal": (_moved(1, 1), (1, 5, 9, 17, 33)),
    "noise": (_noisy, (0, 5, 10, 20, 40)),
    "JPEG": (_compressed, (95, 50, 30, 15, 5)),
    "darkness": (_lit, (1, 0.6, 0.4, 0.2, 0.1)),
    # From 1.3 on: chelsea and coffee as they are lie below the best mean luminance.
    "over-exposure": (_lit, (1.3, 1.7, 2.4, 4)),
}


# Formulas, against a slow reference that shares nothing with the module


def _sigmoid(x: float, x0: float, width: float) -> float:
    return 1 / (1 + math.exp((x0 - x) / width))


def _reference_light_and_colour(picture: Picture) -> dict[str, float]:
    stored = picture.astype(np.float64) / 255
    linear = np.where(stored <= 0.04045, stored / 12.92, ((stored + 0.055) / 1.055) ** 2.4)
    red, green, blue = linear[..., 0], linear[..., 1], linear[..., 2]
    x = 0.4124 * red + 0.3576 * green + 0.1805 * blue
    y = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    z = 0.0193 * red + 0.1192 * green + 0.9505 * blue
    levels = np.rint(y * 255).ravel()
    _, counts = np.unique(levels, return_counts=True)
    shares = counts / counts.sum()
    mean, variance = float((levels / 255).mean()), float((levels / 255).var())

    def lab(t: np.ndarray) -> np.ndarray:
        return np.where(t > (6 / 29) ** 3, np.cbrt(t), t / (3 * (6 / 29) ** 2) + 4 / 29)

    a = float((500 * (lab(x / 0.9505) - lab(y))).mean())
    b = float((200 * (lab(y) - lab(z / 1.089))).mean())
    outside = math.hypot(max(5 - a, 0, a - 25), max(5 - b, 0, b - 35))
    raw = {
        "luminance_mean": 100 * _sigmoid(mean, 0.2, 0.05) * (1 - _sigmoid(mean, 0.8, 0.05)),
        "luminance_variance": 100 * math.sin(math.pi * 60 * variance / (60 * variance + 1)),
        "under_exposure": 120 * (0.832 - _sigmoid(float((levels <= 25).mean()), 0.92, 0.05)),
        "over_exposure": 1 / (float((levels >= 247).mean()) + 0.01),
        "dynamic_range": 12.5 * float(-(shares * np.log2(shares)).sum()),
        "natural_colour": 200 * (1 - _sigmoid(outside, 0, 10)),
    }
    return {name: min(max(value, 0.0), 100.0) for name, value in raw.items()}


def _reference_sharpness_and_noise(picture: Picture) -> tuple[float, float]:
    plane = picture.astype(np.float64) @ np.array([77, 150, 29]) / 256
    height, width = plane.shape

    def tap(values: np.ndarray, dy: int, dx: int) -> np.ndarray:
        rows, columns = values.shape
        return values[1 + dy : rows - 1 + dy, 1 + dx : columns - 1 + dx]

    kernel = {(0, 0): 4, (0, 1): -2, (0, -1): -2, (1, 0): -2, (-1, 0): -2}
    kernel |= {(dy, dx): 1 for dy in (-1, 1) for dx in (-1, 1)}
    residual = np.abs(sum(weight * tap(plane, *at) for at, weight in kernel.items()))
    blocks = sorted(
        float(residual[top : top + 16, left : left + 16].mean())
        for top in range(0, height - 2 - 15, 16)
        for left in range(0, width - 2 - 15, 16)
    )
    sigma = blocks[len(blocks) // 5] * math.sqrt(math.pi / 2) / 6

    noise, energies = 1.3 * 6 * sigma**2, []
    for _ in range(5):
        pairs = (((0, -1), (0, 1)), ((-1, 0), (1, 0)), ((-1, -1), (1, 1)), ((-1, 1), (1, -1)))
        raw = [
            float(((tap(plane, *one) + tap(plane, *two) - 2 * tap(plane, 0, 0)) ** 2).mean())
            for one, two in pairs
        ]
        energies.append((raw, noise))
        rows, columns = plane.shape
        plane = plane[: rows // 2 * 2, : columns // 2 * 2]
        plane = plane.reshape(rows // 2, 2, columns // 2, 2).mean(axis=(1, 3))
        noise /= 4
    coarse_raw, coarse_noise = energies.pop()
    coarse = sum(e / s for e, s in zip(coarse_raw, (1, 1, 2, 2), strict=True)) / 4 - coarse_noise
    octaves = min(
        sum(
            math.log2(max(raw[d] - noise, 0.002 * raw[d] + 1e-3) / (1, 1, 2, 2)[d] / coarse) / 2
            for raw, noise in energies
        )
        / len(energies)
        for d in range(4)
    )
    contrast = coarse / (coarse + 4 + coarse_noise)
    return 100 * _sigmoid(octaves, -2.5, 0.5) * contrast, 100 / (1 + (sigma / 8) ** 2)


SMALL = (slice(90, 210), slice(100, 260))  # 120 × 160: too small to be thinned


@pytest.mark.parametrize("name", NAMES)
def test_light_and_colour_follow_the_published_formulas(name: str) -> None:
    picture = _picture(name)[SMALL]
    reference = _reference_light_and_colour(picture)
    measured = measures.measure(picture)
    assert {key: measured[key] for key in reference} == pytest.approx(reference, abs=0.2)


@pytest.mark.parametrize("name", NAMES)
def test_thinning_a_full_crop_moves_no_measure_by_more_than_two_points(name: str) -> None:
    reference = _reference_light_and_colour(_picture(name))
    measured = measures.measure(_picture(name))
    assert {key: measured[key] for key in reference} == pytest.approx(reference, abs=2)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("sigma", [0, 10])
def test_sharpness_and_noise_agree_with_a_slow_reference(name: str, sigma: float) -> None:
    picture = _blurred(_noisy(_picture(name), sigma), 0.7)[SMALL]
    measured = measures.measure(picture)
    expected = _reference_sharpness_and_noise(picture)
    assert (measured["sharpness"], measured["noise"]) == pytest.approx(expected, abs=0.01)


def test_half_black_half_white_has_the_values_worked_out_by_hand() -> None:
    picture = np.zeros((64, 64, 3), np.uint8)
    picture[:, 32:] = 255
    measured = measures.measure(picture)
    assert measured["dynamic_range"] == pytest.approx(12.5)  # one bit
    assert measured["over_exposure"] == pytest.approx(1 / 0.51)
    assert measured["luminance_variance"] == pytest.approx(100 * math.sin(math.pi * 15 / 16))
    assert measured["under_exposure"] == pytest.approx(120 * (0.832 - _sigmoid(0.5, 0.92, 0.05)))
    assert measured["natural_colour"] == pytest.approx(
        200 * (1 - _sigmoid(math.sqrt(50), 0, 10)), abs=0.05
    )


def test_every_shade_of_grey_falls_on_the_published_side_of_the_exposure_limits() -> None:
    for shade in range(256):
        picture = np.full((16, 16, 3), shade, np.uint8)
        reference = _reference_light_and_colour(picture)
        measured = measures.measure(picture)
        assert {key: measured[key] for key in reference} == pytest.approx(reference, abs=0.2), shade


@pytest.mark.parametrize("sigma", [4, 8, 16])
def test_noise_reads_a_known_deviation_off_a_flat_picture(sigma: float) -> None:
    grey = np.random.default_rng(3).normal(128, sigma, (352, 352))
    measured = measures.measure(np.repeat(_rounded(grey)[..., None], 3, axis=2))
    estimate = 8 * math.sqrt(100 / measured["noise"] - 1)
    assert estimate == pytest.approx(sigma, rel=0.1)


# Degradations


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("family", FAMILIES)
def test_the_score_falls_with_each_step_of_a_degradation(family: str, name: str) -> None:
    degrade, severities = FAMILIES[family]
    scores = [_score(degrade(_picture(name), severity)) for severity in severities]
    assert all(one - other > 0.002 for one, other in pairwise(scores)), scores


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("family", ["blur", "noise", "JPEG", "darkness"])
def test_the_score_falls_when_the_frame_was_degraded_before_its_resize(
    family: str, name: str
) -> None:
    degrade, severities = FAMILIES[family]
    frame = _picture(name, 640, 480)
    scores = [_score(_crop(degrade(frame, severity))) for severity in severities]
    assert all(one - other > 0.002 for one, other in pairwise(scores)), scores


@pytest.mark.parametrize("name", NAMES)
def test_a_clean_picture_scores_above_seven_tenths(name: str) -> None:
    assert 0.7 <= _score(_picture(name)) <= 1


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("family", [family for family in FAMILIES if family != "over-exposure"])
def test_the_worst_of_each_degradation_scores_below_a_third(family: str, name: str) -> None:
    degrade, severities = FAMILIES[family]
    assert _score(degrade(_picture(name), severities[-1])) < 1 / 3


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("sigma", [5, 10, 20, 40])
def test_noise_over_a_blurred_picture_earns_nothing(name: str, sigma: float) -> None:
    blurred = _blurred(_picture(name), 4)
    assert _score(_noisy(blurred, sigma)) < _score(blurred)


@pytest.mark.parametrize("name", NAMES)
def test_blurring_a_clean_picture_earns_less_than_a_point_of_noise(name: str) -> None:
    picture = _picture(name)
    gained = measures.measure(_blurred(picture, 4))["noise"] - measures.measure(picture)["noise"]
    assert gained < 1


# Odd pictures


def _grid(period: int) -> Picture:
    at = np.indices((352, 352)) // period
    return np.repeat((at.sum(0) % 2 * 255).astype(np.uint8)[..., None], 3, axis=2)


ODD = {
    "grey": np.full((352, 352, 3), 128, np.uint8),
    "black": np.zeros((352, 352, 3), np.uint8),
    "white": np.full((352, 352, 3), 255, np.uint8),
    "one colour": np.full((352, 352, 3), (200, 150, 120), np.uint8),
    "colour noise": np.random.default_rng(1).integers(0, 256, (352, 352, 3), np.uint8),
    "noise over grey": _noisy(np.full((352, 352, 3), 128, np.uint8), 40),
    "checkerboard": _grid(1),
    "blocks": _grid(8),
}


@pytest.mark.parametrize("name", ODD)
def test_a_picture_of_nothing_scores_below_a_tenth(name: str) -> None:
    measured = measures.measure(ODD[name])
    assert all(0 <= value <= 100 for value in measured.values()), measured  # NaN fails this
    assert 0 < measures.score(measured) < 0.1


@pytest.mark.parametrize("name", ["grey", "black", "white", "colour noise", "noise over grey"])
def test_a_picture_of_nothing_is_not_sharp(name: str) -> None:
    assert measures.measure(ODD[name])["sharpness"] < 1


@settings(max_examples=60, deadline=None)
@given(
    arrays(
        np.uint8,
        st.tuples(st.integers(16, 48), st.integers(16, 48), st.just(3)),
        elements=st.integers(0, 255),
    )
)
def test_every_picture_has_measures_and_a_score_in_range(picture: Picture) -> None:
    measured = measures.measure(picture)
    assert tuple(measured) == measures.MEASURES
    assert all(0 <= value <= 100 for value in measured.values())
    assert 0 < measures.score(measured) <= 1


@pytest.mark.parametrize(
    "picture",
    [
        np.zeros((352, 352, 3), np.float32),
        np.zeros((352, 352), np.uint8),
        np.zeros((352, 352, 4), np.uint8),
        np.zeros((1, 352, 352, 3), np.uint8),
        np.zeros((15, 352, 3), np.uint8),
    ],
    ids=["float", "no channels", "alpha", "a batch", "too small"],
)
def test_anything_but_an_rgb_picture_is_refused_by_name(picture: np.ndarray) -> None:
    with pytest.raises(ValueError, match=r"want uint8 \(height, width, 3\)"):
        measures.measure(picture)


# Properties


def test_the_same_picture_has_the_same_measures_however_it_lies_in_memory() -> None:
    picture = _picture("astronaut")
    expected = measures.measure(picture.copy())
    wide = np.zeros((352, 704, 3), np.uint8)
    wide[:, ::2] = picture
    planes = np.ascontiguousarray(picture.transpose(2, 0, 1))
    swapped = np.ascontiguousarray(picture[..., ::-1])
    layouts = (
        picture,
        wide[:, ::2],
        planes.transpose(1, 2, 0),
        swapped[..., ::-1],
        np.asfortranarray(picture),
    )
    assert [measures.measure(layout) for layout in layouts] == [expected] * 5


def test_measuring_leaves_the_picture_as_it_was() -> None:
    picture = _picture("coffee").copy()
    picture.setflags(write=False)
    before = picture.tobytes()
    measures.measure(picture)
    assert picture.tobytes() == before


def test_the_measures_come_in_the_order_of_the_output_tensor() -> None:
    assert measures.MEASURES == (
        "luminance_mean",
        "luminance_variance",
        "under_exposure",
        "over_exposure",
        "dynamic_range",
        "natural_colour",
        "sharpness",
        "noise",
        "compression",
    )
    assert tuple(measures.measure(_picture("coffee"))) == measures.MEASURES


def test_a_perfect_picture_scores_one_and_a_hopeless_one_more_than_zero() -> None:
    assert measures.score(dict.fromkeys(measures.MEASURES, 100.0)) == pytest.approx(1)
    assert 0 < measures.score(dict.fromkeys(measures.MEASURES, 0.0)) < 0.001


@pytest.mark.parametrize("name", [n for n in measures.MEASURES if n != "luminance_variance"])
def test_each_measure_can_lower_the_score(name: str) -> None:
    perfect = dict.fromkeys(measures.MEASURES, 100.0)
    worse = [measures.score(perfect | {name: value}) for value in (45.0, 20.0, 0.0)]
    assert 1 > worse[0] > worse[1] > worse[2]


def test_variance_and_small_highlights_leave_the_score_alone() -> None:
    perfect = dict.fromkeys(measures.MEASURES, 100.0)
    assert measures.score(perfect | {"luminance_variance": 0.0}) == measures.score(perfect)
    assert measures.score(perfect | {"over_exposure": 50.0}) == measures.score(perfect)
