"""The learned scorer, served by the real Triton."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx.reference import ReferenceEvaluator

from tests.pictures import astronaut
from tests.processes import PROJECT, Triton

MODEL = "baseline-synthetic"
FOLDER = PROJECT / "triton_models" / MODEL

pytestmark = [
    pytest.mark.triton,
    pytest.mark.skipif(not FOLDER.exists(), reason="the model did not pass its ship gate"),
]


def scores(triton: Triton, pictures: NDArray[np.uint8]) -> list[float]:
    image = {"name": "image", "datatype": "UINT8", "shape": list(pictures.shape)}
    answer = triton.infer(MODEL, [image | {"data": pictures.ravel().tolist()}])
    assert answer.status_code == 200, answer.text
    (output,) = answer.json()["outputs"]
    assert (output["name"], output["shape"]) == ("score", [len(pictures), 1])
    return [float(score) for score in output["data"]]


def test_triton_answers_the_scores_of_the_file(tmp_path: Path) -> None:
    """Beside ONNX's own reference, which shares no code with what Triton runs."""
    sharp = np.asarray(astronaut((352, 352)))
    dark = (sharp // 6).astype(np.uint8)
    pictures = np.stack([sharp, dark])
    with Triton(tmp_path, FRAMEGATE_QUALITY_MODEL=MODEL) as triton:
        served = scores(triton, pictures)
    reference = ReferenceEvaluator(onnx.load(str(FOLDER / "1/model.onnx")))
    (answer,) = reference.run(None, {"image": pictures})
    np.testing.assert_allclose(np.array(served), np.asarray(answer).ravel(), atol=1e-4)
    assert served[0] > served[1] + 0.1
