"""Frames that share a request to Triton: each caller gets the answer to its own."""

import io
import random
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest
from PIL import Image

from tests.model_repository import write_python
from tests.processes import Gateway, Session, Triton

pytestmark = pytest.mark.triton
CONFIG = """
max_batch_size: 8
input [ { name: "image", data_type: TYPE_UINT8, dims: [ 64, 64, 3 ] } ]
output [
  { name: "score", data_type: TYPE_FP32, dims: [ 1 ] },
  { name: "measures", data_type: TYPE_FP32, dims: [ 1 ] }
]
instance_group [ { kind: KIND_CPU, count: 2 } ]
dynamic_batching { }
parameters { key: "bands", value: { string_value: "fair=0.35,good=0.6" } }
parameters { key: "measures", value: { string_value: "grey" } }
"""
# The grey level of each row; now and then slower than some callers wait.
CODE = """
import random
import time
import numpy as np
import triton_python_backend_utils as pb_utils

class TritonPythonModel:
    def execute(self, requests):
        time.sleep(random.choice([0.002, 0.01, 0.03, 0.08]))
        responses = []
        for request in requests:
            image = pb_utils.get_input_tensor_by_name(request, "image").as_numpy()
            grey = image.reshape(len(image), -1).mean(axis=1, keepdims=True).astype(np.float32)
            responses.append(pb_utils.InferenceResponse(
                [pb_utils.Tensor("score", grey / 255), pb_utils.Tensor("measures", grey)]))
        return responses
"""
LEVELS = range(2, 254, 4)


def plain_jpeg(level: int) -> bytes:
    body = io.BytesIO()
    Image.new("L", (64, 64), level).save(body, "JPEG", quality=95)
    return body.getvalue()


@pytest.fixture(params=["shared memory", "sent"])
def greys(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[tuple[Triton, Gateway]]:
    models = tmp_path / "models"
    write_python(models, "grey", CONFIG, CODE)
    common = {"FRAMEGATE_QUALITY_MODEL": "grey", "FRAMEGATE_INTERNAL_TOKEN": "token-of-the-tests"}
    triton = Triton(tmp_path / "triton", FRAMEGATE_TRITON_REPOSITORIES=str(models), **common)
    gateway = Gateway(
        tmp_path / "gateway",
        triton_port=triton.http_port,
        FRAMEGATE_SHARED_MEMORY=str(request.param == "shared memory"),
        **common,
    )
    with triton, gateway:
        yield triton, gateway


def test_every_answer_is_its_own_frame_s_under_load_with_deadlines_missed_in_between(
    greys: tuple[Triton, Gateway],
) -> None:
    triton, gateway = greys
    bodies = {level: plain_jpeg(level) for level in LEVELS}
    until_s = time.monotonic() + 4

    def caller(seed: int) -> Counter[str]:
        chance = random.Random(seed)
        seen: Counter[str] = Counter()
        with Session() as session:
            while time.monotonic() < until_s:
                level = chance.choice(LEVELS)
                patience_ms = chance.choice([15, 40, 5000, 5000])
                answer = session.post(
                    f"{gateway.url}/v1/quality",
                    data=bodies[level],
                    headers={
                        "Content-Type": "image/jpeg",
                        "X-Request-Timeout-Ms": str(patience_ms),
                    },
                    timeout=10,
                )
                if answer.status_code == 200:
                    assert abs(answer.json()["measures"]["grey"] - level) <= 1
                seen[answer.json().get("code", "scored")] += 1
        return seen

    with ThreadPoolExecutor(20) as pool:
        seen = sum(pool.map(caller, range(20)), Counter[str]())
    assert set(seen) <= {"scored", "triton_timeout", "deadline_exceeded"}
    assert seen["scored"] > 100
    assert seen["triton_timeout"] > 10
    with Session() as session:
        (stats,) = session.get(f"{triton.url}/v2/models/grey/stats").json()["model_stats"]
    assert stats["inference_count"] > int(stats["inference_stats"]["success"]["count"])
    (server,) = psutil.Process(triton.process.popen.pid).children()
    mapped = "framegate-pixels" in Path(f"/proc/{server.pid}/maps").read_text()
    assert mapped == (gateway.env["FRAMEGATE_SHARED_MEMORY"] == "True")
