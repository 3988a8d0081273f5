"""From measures to what is wrong with a picture; the most important thing first."""

from collections.abc import Mapping

# In the order in which they are told: what hides the rest comes first.
REASONS = (
    "no_face", "several_faces", "move_closer", "move_back", "centre",
    "too_dark", "too_bright", "blurry", "noisy", "compressed",
)  # fmt: skip

# Of 100. Where each begins was set by looking at scikit-image's photographs, degraded step by step:
# docs/quality-measures.md has the steps.
BURNT_OUT = 8.0  # over_exposure: more than 11 % of the pixels are clipped
DARK = 8.0  # luminance_mean: linear mean under 0.08, where skin of any tone loses its detail
BLURRY = 55.0
NOISY = 45.0
COMPRESSED = 40.0


def reasons(measures: Mapping[str, float]) -> list[str]:
    """What light, lens and encoder did to the picture, as codes; [] where nothing is wrong.

    Args:
        measures: as `capture_quality` names them, 0–100 each; one that is missing says nothing.
    """

    def below(name: str, limit: float) -> bool:
        return measures.get(name, limit) < limit

    burnt_out = below("over_exposure", BURNT_OUT)
    found = {
        # The mean is low at both ends.
        "too_dark": below("luminance_mean", DARK) and not burnt_out,
        "too_bright": burnt_out,
        "blurry": below("sharpness", BLURRY),
        "noisy": below("noise", NOISY),
        "compressed": below("compression", COMPRESSED),
    }
    return [code for code, holds in found.items() if holds]
