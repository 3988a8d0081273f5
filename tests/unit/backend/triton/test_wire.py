"""Requests and answers as bytes."""

import contextlib
import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from backend.errors import TritonFailed
from backend.triton.connection import Answer
from backend.triton.wire import HEADER_LENGTH, NUMPY_TYPES, Inference, read, request

CONTRADICTS = r"^The model's answer contradicts itself\.$"


def tensor(name: str = "a", **changes: Any) -> dict[str, Any]:
    return {"name": name, "datatype": "INT32", "shape": [2], "data": [1, 2]} | changes


def answer(*tensors: Any, data: bytes = b"", **changes: Any) -> Answer:
    head = json.dumps({"model_version": "7", "outputs": tensors} | changes).encode()
    return Answer(200, {HEADER_LENGTH: str(len(head))}, head + data)


def in_binary(name: str, array: np.ndarray[Any, Any], datatype: str) -> dict[str, Any]:
    return {"name": name, "datatype": datatype, "shape": list(array.shape),
            "parameters": {"binary_data_size": array.nbytes}}  # fmt: skip


# Requests


def test_a_request_whose_pixels_follow() -> None:
    made = request(
        "image", (3, 4, 5, 3), np.dtype(np.uint8), ("score", "measures"), timeout_us=1500
    )
    assert made == (
        b'{"inputs":[{"name":"image","shape":[3,4,5,3],"datatype":"UINT8",'
        b'"parameters":{"binary_data_size":180}}],'
        b'"outputs":[{"name":"score","parameters":{"binary_data":true}},'
        b'{"name":"measures","parameters":{"binary_data":true}}],'
        b'"parameters":{"timeout":1500}}'
    )


def test_a_request_whose_pixels_lie_in_shared_memory() -> None:
    made = request("x", (2, 3), np.dtype(np.float32), ("y",), timeout_us=1, region="r")
    assert json.loads(made) == {
        "inputs": [
            {"name": "x", "shape": [2, 3], "datatype": "FP32",
             "parameters": {"shared_memory_region": "r", "shared_memory_byte_size": 24}},
        ],
        "outputs": [{"name": "y", "parameters": {"binary_data": True}}],
        "parameters": {"timeout": 1},
    }  # fmt: skip


@pytest.mark.parametrize("datatype", NUMPY_TYPES)
def test_every_type_is_named_as_the_protocol_does_and_has_its_size(datatype: str) -> None:
    dtype = np.dtype(NUMPY_TYPES[datatype])
    (sent,) = json.loads(request("x", (1, 2), dtype, (), timeout_us=1))["inputs"]
    bits = int("".join(filter(str.isdecimal, datatype)) or 8)
    assert (sent["datatype"], sent["parameters"]) == (datatype, {"binary_data_size": 2 * bits // 8})


# Answers


def test_outputs_in_json_and_in_binary_may_be_mixed() -> None:
    first, last = np.array([[1.5, -2.5]], np.float32), np.array([7, 9], np.uint16)
    inference = read(
        answer(
            in_binary("first", first, "FP32"),
            tensor("middle", datatype="BOOL", shape=[1, 2], data=[True, False]),
            in_binary("last", last, "UINT16"),
            data=first.tobytes() + last.tobytes(),
        ),
        ("last", "first"),
    )
    assert inference.model_version == "7"
    assert {name: (str(a.dtype), a.tolist()) for name, a in inference.outputs.items()} == {
        "first": ("float32", [[1.5, -2.5]]),
        "middle": ("bool", [[True, False]]),
        "last": ("uint16", [7, 9]),
    }


def test_an_answer_without_its_own_length_is_all_json() -> None:
    body = json.dumps({"outputs": [tensor()]}).encode()
    inference = read(Answer(200, {}, body), ("a",))
    assert (inference.model_version, inference.outputs["a"].tolist()) == ("", [1, 2])


@given(
    st.sampled_from(sorted(NUMPY_TYPES)).flatmap(
        lambda name: st.tuples(
            st.just(name),
            st.lists(arrays(NUMPY_TYPES[name], array_shapes(min_side=0, max_dims=3)), max_size=4),
        )
    )
)
def test_any_arrays_come_back_as_they_were(
    example: tuple[str, list[np.ndarray[Any, Any]]],
) -> None:
    datatype, sent = example
    tensors = [in_binary(str(number), array, datatype) for number, array in enumerate(sent)]
    data = b"".join(array.tobytes() for array in sent)
    outputs = read(answer(*tensors, data=data), ()).outputs
    assert len(outputs) == len(sent)
    for number, array in enumerate(sent):
        back = outputs[str(number)]
        assert (back.dtype, back.shape) == (array.dtype, array.shape)
        assert back.tobytes() == array.tobytes()


@pytest.mark.parametrize(
    "contradicting",
    [
        tensor(shape=[3]),
        tensor(shape=[-2, -1]),
        tensor(shape="two"),
        tensor(data=None),
        tensor(data=["x", "y"]),
        tensor(data=[1, [2]]),
        tensor(datatype="UINT8", data=[1, 256]),
        tensor(datatype="UINT8", data=[-1, 2]),
        tensor(datatype="FP32", data=[10**400, 1]),
        tensor(datatype="BYTES"),
        tensor(datatype=None),
        tensor(datatype=["INT32"]),
        tensor(parameters=None),
        tensor(parameters=[]),
        tensor(parameters={"binary_data_size": 7}),
        tensor(parameters={"binary_data_size": 9}),
        tensor(parameters={"binary_data_size": 12}),
        tensor(parameters={"binary_data_size": "8"}),
        tensor(parameters={"binary_data_size": 8.0}),
        {"name": "a"},
        {},
        [],
        "a",
        None,
    ],
    ids=str,
)
def test_an_output_that_contradicts_itself_is_a_failure(contradicting: Any) -> None:
    with pytest.raises(TritonFailed, match=CONTRADICTS):
        read(answer(contradicting, data=bytes(8)), ())


@pytest.mark.parametrize(
    ("body", "length"),
    [
        (b"", None),
        (b"<html>", None),
        (b"\xff\xfe", None),
        (b"null", None),
        (b"[]", None),
        (b"{}", None),
        (b'{"outputs": 3}', None),
        (b'{"outputs": null}', None),
        (b"[" * 100_000, None),
        (b'{"outputs": []}', "3"),
        (b'{"outputs": []}', "-1"),
        (b'{"outputs": []}', "x"),
        (b'{"outputs": []}', "9" * 5000),
    ],
)
def test_a_body_that_is_no_answer_is_a_failure(body: bytes, length: str | None) -> None:
    headers = {} if length is None else {HEADER_LENGTH: length}
    with pytest.raises(TritonFailed, match=CONTRADICTS):
        read(Answer(200, headers, body), ())


def test_outputs_that_are_missing_are_named() -> None:
    with pytest.raises(TritonFailed, match=r"^The model's answer lacks \['b', 'c'\]\.$"):
        read(answer(tensor("a")), ("a", "b", "c"))


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["name", "datatype", "shape", "data", "parameters", "binary_data_size"]
            ),
            inner,
            max_size=6,
        )
    ),
    max_leaves=12,
)


@given(
    tensors=st.lists(
        ANYTHING
        | st.builds(
            lambda changes: tensor() | changes,
            st.dictionaries(st.sampled_from(["datatype", "shape", "data", "parameters"]), ANYTHING),
        ),
        max_size=3,
    ),
    data=st.binary(max_size=20),
    length=st.none() | st.integers(-5, 200).map(str),
)
def test_whatever_is_answered_is_an_inference_or_a_failure(
    tensors: list[Any], data: bytes, length: str | None
) -> None:
    said = answer(*tensors, data=data)
    if length is not None:
        said = Answer(200, {HEADER_LENGTH: length}, said.body)
    with contextlib.suppress(TritonFailed):
        assert isinstance(read(said, ()), Inference)
