"""One server over gRPC: model control, and inference of any of its models."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import tritonclient.grpc as triton
from numpy.typing import NDArray
from tritonclient.utils import InferenceServerException, np_to_triton_dtype

from backend.errors import TritonFailed, TritonTimeout
from backend.triton import translation

# A load may take minutes; it holds one of Triton's HTTP workers all the while, but no gRPC one.
# The name that `--grpc-restricted-protocol` gives, behind a prefix of Triton's own.
CONTROL_HEADER = "triton-grpc-protocol-triton-control"
_ASK_TIMEOUT_S = 10.0
_CHANNEL = [
    # A list of one's own replaces the client's, which lifts the limit on sizes.
    ("grpc.max_send_message_length", -1),
    ("grpc.max_receive_message_length", -1),
    # gRPC's own waits up to two minutes before it looks for a server again that was gone.
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 1000),
    # Loopback, or the network of one deployment.
    ("grpc.enable_http_proxy", 0),
]


@dataclass(frozen=True)
class ModelDescription:
    """A loaded model as the server describes it.

    Attributes:
        parameters: of its configuration.
        max_batch_size: 0 for a model without a batch axis.
    """

    version: str
    parameters: Mapping[str, str]
    max_batch_size: int = 0


class TritonServer:
    """Made after a fork, one per process, and used from any thread.

    Args:
        address: as host:port.
        control_token: what the server asks for before it loads or unloads; "" for nothing.
        load_timeout_s: how long to wait for a load, which goes on all the same.
    """

    def __init__(
        self, address: str, *, control_token: str = "", load_timeout_s: float = 60.0
    ) -> None:
        self._client = triton.InferenceServerClient(address, channel_args=_CHANNEL)
        self._headers = {CONTROL_HEADER: control_token} if control_token else None
        self._load_timeout_s = load_timeout_s
        self._names: frozenset[str] = frozenset()

    def load(self, name: str) -> None:
        """Load a model and return when it can be asked.

        Raises:
            TritonFailed: the server refused; the text is its reason.
            TritonTimeout: no answer in time; what became of it is not known.
            TritonUnavailable: the server cannot be reached.
        """
        self._call(
            lambda: self._client.load_model(
                name, headers=self._headers, client_timeout=self._load_timeout_s
            )
        )

    def unload(self, name: str) -> None:
        """Ask for an unload; the server answers at once, and the index tells when it is done.

        Raises:
            TritonError: as `load`.
        """
        self._call(
            lambda: self._client.unload_model(
                name, headers=self._headers, client_timeout=_ASK_TIMEOUT_S
            )
        )

    def index(self) -> dict[str, str]:
        """Every model of the server's repositories, as READY, LOADING, UNLOADING or UNAVAILABLE,
        followed by a colon and a reason where the server gives one.

        Raises:
            TritonError: as `load`.
        """
        answer = self._call(
            lambda: self._client.get_model_repository_index(
                headers=self._headers, client_timeout=_ASK_TIMEOUT_S
            )
        )
        # A model that was never loaded has no state.
        found = {
            model.name: ": ".join(filter(None, (model.state or "UNAVAILABLE", model.reason)))
            for model in answer.models
        }
        self._names = frozenset(found)
        return found

    def has_model(self, name: str) -> bool:
        """Whether the last index had it."""
        return name in self._names

    def describe(self, name: str) -> ModelDescription:
        """What the server says of a loaded model.

        Raises:
            TritonError: as `load`.
        """
        config = self._call(
            lambda: self._client.get_model_config(name, client_timeout=_ASK_TIMEOUT_S)
        ).config
        metadata = self._call(
            lambda: self._client.get_model_metadata(name, client_timeout=_ASK_TIMEOUT_S)
        )
        return ModelDescription(
            version=metadata.versions[-1] if metadata.versions else "",
            parameters={key: value.string_value for key, value in config.parameters.items()},
            max_batch_size=config.max_batch_size,
        )

    def config(self, name: str) -> dict[str, Any]:
        """The configuration of a loaded model, in the form that the server gives over HTTP.

        Raises:
            TritonError: as `load`.
        """
        answer = self._call(
            lambda: self._client.get_model_config(name, as_json=True, client_timeout=_ASK_TIMEOUT_S)
        )
        config: dict[str, Any] = answer["config"]
        return config

    def infer(
        self,
        name: str,
        tensors: Mapping[str, NDArray[Any]],
        outputs: Sequence[str],
        *,
        timeout_s: float,
    ) -> dict[str, NDArray[Any]]:
        """Ask the loaded version of a model.

        Args:
            tensors: by input name, with the batch axis; texts as bytes objects.
            timeout_s: for the whole way; also how long it may wait in the model's queue.

        Returns:
            Outputs by name, with the batch axis.

        Raises:
            TritonOverloaded: the model's queue is full.
            TritonError: as `load`; TritonUnavailable also where the model is not loaded.
        """
        if timeout_s <= 0:
            raise TritonTimeout("There was no time left to ask Triton.")
        inputs = [_input(key, array) for key, array in tensors.items()]
        wanted = [triton.InferRequestedOutput(output) for output in outputs]
        result = self._call(
            lambda: self._client.infer(
                name,
                inputs,
                outputs=wanted,
                timeout=max(1, int(timeout_s * 1e6)),
                client_timeout=timeout_s,
            )
        )
        found = {output: result.as_numpy(output) for output in outputs}
        missing = [output for output, array in found.items() if array is None]
        if missing:
            raise TritonFailed(f"The model's answer lacks {missing}.")
        return found

    def close(self) -> None:
        self._client.close()

    @staticmethod
    def _call(call: Any) -> Any:
        try:
            return call()
        except InferenceServerException as error:
            raise translation.from_grpc(error.status() or "", error.message() or "") from error


def _input(name: str, array: NDArray[Any]) -> Any:
    tensor = triton.InferInput(name, array.shape, np_to_triton_dtype(array.dtype))
    tensor.set_data_from_numpy(np.ascontiguousarray(array))
    return tensor
