"""The way to Triton: the v2 protocol over HTTP, and one table from its errors to ours.

One client per process, made after the fork: it keeps connections open and is shared by the
process's greenlets.
"""

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import tritonclient.http as triton_http
from numpy.typing import NDArray
from tritonclient.utils import InferenceServerException, np_to_triton_dtype

from backend.errors import (
    TritonError,
    TritonFailed,
    TritonOverloaded,
    TritonTimeout,
    TritonUnavailable,
)

# Triton says 503 for a full queue and for an expired request alike, so its words decide first.
BY_TEXT: tuple[tuple[str, type[TritonError], str], ...] = (
    ("Exceeds maximum queue size", TritonOverloaded, "The model's queue is full."),
    ("Request timeout expired", TritonTimeout, "The model did not get to the request in time."),
    ("is not at ready state", TritonUnavailable, "The model is not ready."),
    ("has no available versions", TritonUnavailable, "The model is not loaded."),
    ("unknown model", TritonUnavailable, "Triton does not have the model."),
    ("Stub process", TritonUnavailable, "The model's process died."),
)
BY_STATUS: dict[str, tuple[type[TritonError], str]] = {
    "400": (TritonFailed, "Triton refused the request."),
    "404": (TritonUnavailable, "Triton does not have the model."),
    "500": (TritonFailed, "The model failed."),
    "503": (TritonUnavailable, "Triton is not available."),
    "504": (TritonTimeout, "Triton did not answer in time."),
}


def translate(error: Exception) -> TritonError:
    """Ours for any error that an exchange with Triton can end in."""
    if isinstance(error, InferenceServerException):
        text = str(error.message() or "")
        for words, kind, sentence in BY_TEXT:
            if words in text:
                return kind(sentence)
        kind, sentence = BY_STATUS.get(
            str(error.status()), (TritonFailed, "Triton answered something unexpected.")
        )
        return kind(f"{sentence} It says: {text[:200]}")
    if isinstance(error, TimeoutError):
        return TritonTimeout("Triton did not answer in time.")
    # Refused, reset, closed half-way, not HTTP: there is no Triton to talk to at that address.
    return TritonUnavailable("Triton cannot be reached.")


@dataclass(frozen=True)
class Inference:
    """Outputs by name, each with the batch axis first, and the version that made them."""

    outputs: dict[str, NDArray[Any]]
    model_version: str


class TritonClient:
    """Inference and metadata on one or several equal servers, in turn.

    Args:
        addresses: each as host:port.
        timeout_s: longest wait for a connection, and for an answer.
        concurrency: connections per server; callers must not exceed it, or they wait without limit.
    """

    def __init__(self, addresses: Sequence[str], *, timeout_s: float, concurrency: int) -> None:
        self._timeout_us = int(timeout_s * 1e6)
        self._clients = [
            triton_http.InferenceServerClient(
                address,
                concurrency=concurrency,
                connection_timeout=timeout_s,
                network_timeout=timeout_s,
            )
            for address in addresses
        ]
        self._turn = itertools.count()

    def infer(
        self, model: str, inputs: Mapping[str, NDArray[Any]], outputs: Sequence[str]
    ) -> Inference:
        """Run one inference.

        Args:
            inputs: name → array with the batch axis first.
            outputs: names of what is wanted back.

        Raises:
            TritonError: see `translate`.
        """
        tensors = []
        for name, array in inputs.items():
            tensor = triton_http.InferInput(name, array.shape, np_to_triton_dtype(array.dtype))
            tensor.set_data_from_numpy(array, binary_data=True)
            tensors.append(tensor)
        wanted = [triton_http.InferRequestedOutput(name, binary_data=True) for name in outputs]
        result = self._on_a_server(
            lambda client: client.infer(model, tensors, outputs=wanted, timeout=self._timeout_us)
        )
        try:
            arrays = {name: result.as_numpy(name) for name in outputs}
        except ValueError as error:  # a shape that its data does not fill
            raise TritonFailed("The model's answer contradicts itself.") from error
        missing = [name for name, array in arrays.items() if array is None]
        if missing:
            raise TritonFailed(f"The model's answer lacks {missing}.")
        return Inference(arrays, str(result.get_response().get("model_version", "")))

    def model_config(self, model: str) -> dict[str, Any]:
        """The configuration that the server loaded the model with, as in `config.pbtxt`."""
        config: dict[str, Any] = self._on_a_server(lambda client: client.get_model_config(model))
        return config

    def _on_a_server(self, call: Callable[[Any], Any]) -> Any:
        """Each server in turn; past one that refuses the connection, once, on to the next."""
        start = next(self._turn)
        servers = len(self._clients)
        for attempt in range(min(2, servers)):
            try:
                return call(self._clients[(start + attempt) % servers])
            except ConnectionRefusedError as error:
                refused: Exception = error
            except Exception as error:  # whatever the client raises goes through one table
                raise translate(error) from error
        raise translate(refused) from refused

    def close(self) -> None:
        for client in self._clients:
            client.close()


def contiguous_batch(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """One picture as a batch of one: (height, width, 3) → (1, height, width, 3)."""
    return np.ascontiguousarray(image)[np.newaxis]
