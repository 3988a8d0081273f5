"""BRISQUE, served by the real Triton."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import requests
from numpy.typing import NDArray

from tests.brisque import FOLDER, load_features
from tests.pictures import astronaut
from tests.processes import Triton

pytestmark = pytest.mark.triton

MODEL = "brisque-quality"


@pytest.fixture(scope="module")
def serving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Triton]:
    with Triton(tmp_path_factory.mktemp("triton"), FRAMEGATE_QUALITY_MODEL=MODEL) as server:
        yield server


def ask(triton: Triton, picture: NDArray[np.uint8]) -> requests.Response:
    image: dict[str, Any] = {"name": "image", "datatype": "UINT8", "shape": [1, *picture.shape]}
    return triton.infer(MODEL, [image | {"data": picture.ravel().tolist()}])


@pytest.mark.parametrize("size", [(120, 90), (97, 133)])
def test_triton_answers_the_score_of_the_code(serving: Triton, size: tuple[int, int]) -> None:
    picture = np.asarray(astronaut(size))
    answer = ask(serving, picture)
    assert answer.status_code == 200, answer.text
    (output,) = answer.json()["outputs"]
    assert (output["name"], output["shape"]) == ("score", [1, 1])
    expected = load_features().Regression(FOLDER / "1/svr.npz").score(picture)
    assert output["data"] == [pytest.approx(expected, abs=1e-3)]


def test_a_picture_that_is_too_small_is_refused_with_the_reason(serving: Triton) -> None:
    answer = ask(serving, np.zeros((7, 40, 3), np.uint8))
    assert answer.status_code == 500
    assert "8 pixels or more each way, got uint8 (7, 40, 3)" in answer.json()["error"]
    assert ask(serving, np.zeros((8, 40, 3), np.uint8)).status_code == 200
