"""Requests as bytes: what Triton would read out of them."""

import json
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from scripts.tuning.frames import COUNT, DTYPES, Input, Requests, read_inputs
from scripts.tuning.points import TuningError


def received(
    requests: Requests, first: int, frames: int
) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """The protocol's head and the tensors of a request, by name."""
    message = b"".join(requests.parts(first, frames))
    http, _, body = message.partition(b"\r\n\r\n")
    headers = dict(line.split(b": ", 1) for line in http.split(b"\r\n")[1:])
    assert int(headers[b"Content-Length"]) == len(body)
    head_bytes = int(headers[b"Inference-Header-Content-Length"])
    head, rest = json.loads(body[:head_bytes]), body[head_bytes:]
    tensors = {}
    for one in head["inputs"]:
        size = one["parameters"]["binary_data_size"]
        values: NDArray[Any] = np.frombuffer(rest[:size], DTYPES[one["datatype"]])
        tensors[one["name"]], rest = values.reshape(one["shape"]), rest[size:]
    assert rest == b""
    return head, tensors


def test_a_request_holds_its_frames_for_every_input() -> None:
    inputs = [Input("image", "UINT8", (16, 24, 3)), Input("weight", "FP32", (5,))]
    requests = Requests("m", inputs, largest=4)
    _, three = received(requests, 7, 3)
    assert three["image"].shape == (3, 16, 24, 3)
    assert three["weight"].shape == (3, 5)
    for index in range(3):
        _, alone = received(requests, 7 + index, 1)
        assert (alone["image"][0] == three["image"][index]).all()
        assert (alone["weight"][0] == three["weight"][index]).all()


def test_after_the_last_frame_comes_the_first() -> None:
    requests = Requests("m", [Input("image", "UINT8", (8, 8, 3))], largest=4)
    _, over = received(requests, COUNT - 2, 4)
    _, begin = received(requests, 0, 2)
    assert (over["image"][2:] == begin["image"]).all()
    assert (received(requests, COUNT, 2)[1]["image"] == begin["image"]).all()


def test_an_input_that_takes_pictures_gets_real_ones_in_its_layout() -> None:
    inputs = [Input("last", "UINT8", (20, 30, 3)), Input("first", "FP32", (3, 20, 30))]
    _, tensors = received(Requests("m", inputs, largest=2), 0, 2)
    assert tensors["last"].std() > 10
    np.testing.assert_allclose(
        tensors["first"] * 255, tensors["last"].transpose(0, 3, 1, 2), atol=1e-3
    )


def test_other_inputs_get_numbers_that_are_the_same_each_time() -> None:
    inputs = [Input("x", "FP32", (3,)), Input("n", "INT64", (1,))]
    first, again = (received(Requests("m", inputs, largest=2), 0, 2)[1] for _ in range(2))
    assert (first["x"] == again["x"]).all()
    assert first["x"].std() > 0
    assert set(np.unique(first["n"])) <= {0, 1}


def test_the_metadata_names_the_inputs_without_the_batch() -> None:
    metadata = {"inputs": [{"name": "x", "datatype": "FP16", "shape": [-1, 3, 8]}]}
    assert read_inputs(metadata) == [Input("x", "FP16", (3, 8))]


@pytest.mark.parametrize(
    ("datatype", "shape", "complaint"),
    [("BYTES", [-1, 1], "takes BYTES"), ("FP32", [-1, -1, 3], "size varies")],
)
def test_an_input_that_no_frames_can_be_made_for_is_named(
    datatype: str, shape: list[int], complaint: str
) -> None:
    metadata = {"inputs": [{"name": "text", "datatype": datatype, "shape": shape}]}
    with pytest.raises(TuningError, match=f"text.*{complaint}"):
        read_inputs(metadata)
