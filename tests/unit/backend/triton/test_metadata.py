"""What a server says about a model, and where it says something else."""

import json
import time
from typing import Any

import pytest

from backend.errors import TritonError, TritonFailed, TritonUnavailable
from backend.triton.connection import Answer, Connection, NotHttp
from backend.triton.metadata import batch_limits, error_text, read_config
from tests.unit.backend.v2_server import CONFIG, Reply, as_json, refusal, v2_server


def config(**changes: Any) -> dict[str, Any]:
    return CONFIG | changes


def image(**changes: Any) -> dict[str, Any]:
    return config(
        input=[{"name": "image", "data_type": "TYPE_UINT8", "dims": ["4", "5", "3"]} | changes]
    )


def asked_of(reply: Reply) -> tuple[list[str], dict[str, Any] | Exception]:
    """What is asked of a server that answers so, and what comes of it."""
    deadline_s = time.monotonic() + 10
    with v2_server() as server:
        server.config = lambda: reply
        with Connection(*server.address, deadline_s=deadline_s) as connection:
            try:
                found: dict[str, Any] | Exception = read_config(
                    connection, "m", deadline_s=deadline_s
                )
            except (TritonError, NotHttp) as error:
                found = error
        return server.paths(), found


def test_the_configuration_is_what_the_server_says() -> None:
    assert asked_of(as_json(CONFIG)) == (["/v2/models/m/config"], CONFIG)


@pytest.mark.parametrize(
    ("reply", "kind", "sentence"),
    [
        (refusal(400, "Request for unknown model: 'm' is not found"), TritonUnavailable,
         "Triton does not have the model."),
        (refusal(500, "out of order"), TritonFailed, "The model failed. It says: out of order"),
        (Reply(404, b"<html>"), TritonUnavailable,
         "Triton does not have the model. It says: <html>"),
        (Reply(200, b"<html>hello</html>"), NotHttp, "a configuration that is not JSON"),
        (Reply(200, b"[" * 100_000), NotHttp, "a configuration that is not JSON"),
        (Reply(200, b"\xff"), NotHttp, "a configuration that is not JSON"),
    ],
)  # fmt: skip
def test_another_answer_is_an_error(reply: Reply, kind: type[Exception], sentence: str) -> None:
    _, error = asked_of(reply)
    assert (type(error), str(error)) == (kind, sentence)


@pytest.mark.parametrize(
    ("described", "limits"),
    [
        (image(), (4, 60)),
        (image(data_type="TYPE_FP32"), (4, 240)),
        (image(dims=[7]), (4, 7)),
        (image() | {"max_batch_size": 1}, (1, 60)),
        (image() | {"max_batch_size": "32"}, (32, 60)),
        # One that takes no batches has frames for inputs.
        (image() | {"max_batch_size": 0}, (1, 60)),
        ({"input": image()["input"]}, (1, 60)),
        (config(input=[{"name": "other"}, *image()["input"]]), (4, 60)),
    ],
)
def test_a_model_takes_so_many_frames_of_so_many_bytes(
    described: dict[str, Any], limits: tuple[int, int]
) -> None:
    assert batch_limits(described, "image") == limits


@pytest.mark.parametrize(
    "described",
    [
        {},
        [],
        None,
        "x",
        config(input=None),
        config(input=[]),
        config(input=["image"]),
        config(input=[{"name": "other"}]),
        config(input=2 * image()["input"]),
        image(dims=None),
        image(dims=["wide"]),
        image(dims=[float("inf")]),
        image(data_type="TYPE_STRING"),
        image(data_type=None),
        image() | {"max_batch_size": "many"},
        image() | {"max_batch_size": float("inf")},
    ],
    ids=str,
)
def test_a_configuration_without_such_an_input_is_a_failure(described: Any) -> None:
    with pytest.raises(TritonFailed, match=r"^The model's configuration has no input 'image'\.$"):
        batch_limits(described, "image")


@pytest.mark.parametrize("dims", [[], [-1, 4, 3], [4, 0]])
def test_an_input_of_any_size_is_a_failure(dims: list[int]) -> None:
    with pytest.raises(TritonFailed, match=r"^The model's input 'image' has no fixed size\.$"):
        batch_limits(image(dims=dims), "image")


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (json.dumps({"error": "so it is"}).encode(), "so it is"),
        (b'{"error": 7}', "7"),
        (b"<html>", "<html>"),
        (b'["error"]', '["error"]'),
        (b"{}", "{}"),
        (b"\xff!", "\N{REPLACEMENT CHARACTER}!"),
        (b"x" * 900, "x" * 200),
        (b"[" * 100_000, "[" * 200),
        (b"", ""),
    ],
)
def test_the_words_are_tritons_own_or_what_there_is_instead(body: bytes, text: str) -> None:
    assert error_text(Answer(500, {}, body)) == text
