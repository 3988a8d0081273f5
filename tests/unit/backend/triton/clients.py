"""Clients of the model that the fake server has."""

from contextlib import closing

from backend.triton.model import ModelClient


def client_of(
    *addresses: tuple[str, int], connections: int = 1, token: str | None = None
) -> "closing[ModelClient]":
    client = ModelClient(
        addresses,
        "m",
        input_name="image",
        outputs=("score", "measures"),
        connections=connections,
        shared_memory_token=token,
    )
    return closing(client)
