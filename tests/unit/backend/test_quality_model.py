"""What a model's configuration says of it, and which models may be asked."""

from typing import Any

import pytest

from backend.errors import RandomWeights, TritonFailed
from backend.gateway.quality_model import QualityModel
from backend.quality import Bands, Description
from backend.triton.model import ModelClient

BANDS = "fair=0.35,good=0.6"


def config(**parameters: str) -> dict[str, Any]:
    return {
        "input": [{"name": "image", "dims": ["40", "40", "3"]}],
        "parameters": {name: {"string_value": text} for name, text in parameters.items()},
    }


class Client(ModelClient):
    """Of a model that says this of itself."""

    def __init__(self, description: dict[str, Any]) -> None:
        self.name = "m"
        self._description = description

    def config(self, *, deadline_s: float) -> dict[str, Any]:
        return self._description


def test_the_model_describes_itself() -> None:
    said = config(
        measures="light,noise",
        variant="v1",
        bands=BANDS,
        weights_sha256="ab12",
        random_weights="true",
    )
    assert Description.from_config(said) == Description(
        40, "v1", Bands(fair=0.35, good=0.6), "ab12", True, ("light", "noise")
    )


def test_what_a_model_does_not_say_is_unknown() -> None:
    said = Description.from_config(config(bands=BANDS))
    assert said == Description(40, "unknown", Bands(0.35, 0.6), None, False, ())


@pytest.mark.parametrize("wrong", [{}, {"input": []}, {"input": [{"dims": ["wide"]}]}])
def test_a_configuration_without_an_input_is_a_failure(wrong: dict[str, Any]) -> None:
    with pytest.raises(TritonFailed, match=r"configuration has no square input\.$"):
        Description.from_config(wrong)


@pytest.mark.parametrize(
    "bands",
    ["", "good=0.6", "fair=0.6,good=0.35", "fair=a,good=b", "fair=0,good=2", BANDS + ",x=1"],
)
def test_a_configuration_without_bands_is_a_failure(bands: str) -> None:
    with pytest.raises(TritonFailed, match=r"names no bands"):
        Description.from_config(config(bands=bands))


@pytest.mark.parametrize(
    ("score", "band"),
    [(0, "poor"), (0.349, "poor"), (0.35, "fair"), (0.599, "fair"), (0.6, "good"), (1, "good")],
)
def test_a_band_begins_at_its_own_value(score: float, band: str) -> None:
    assert Bands.read(BANDS).of(score) == band


def test_random_weights_are_refused_unless_allowed() -> None:
    client = Client(config(bands=BANDS, random_weights="true"))
    with pytest.raises(RandomWeights, match=r"FRAMEGATE_ALLOW_RANDOM_WEIGHTS=true"):
        QualityModel(client, timeout_s=1).describe()
    allowed = QualityModel(client, timeout_s=1, allow_random_weights=True)
    assert allowed.identify().random_weights is True
