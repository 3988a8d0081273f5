"""Settings of the model zoo's process."""

import pytest
from pydantic import ValidationError

from backend.enrichment.settings import Settings


def made(**values: object) -> Settings:
    return Settings.model_validate(values)


def test_triton_is_where_the_gateway_s_is_unless_another_is_named() -> None:
    assert made().triton_address == "127.0.0.1:8001"
    assert made(triton_host="::1", triton_grpc_port=9).triton_address == "[::1]:9"
    named = made(enrichment_triton_url="gpu-2:8101")
    assert (named.triton_address, named.triton_port) == ("gpu-2:8101", 8101)


@pytest.mark.parametrize("url", ["http://x:1", "x", ":1", "x:", "x:1/y", "x y:1"])
def test_an_address_is_host_and_port(url: str) -> None:
    with pytest.raises(ValidationError, match="enrichment_triton_url"):
        made(enrichment_triton_url=url)


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "::"])
def test_on_an_address_that_others_reach_it_wants_a_token(host: str) -> None:
    with pytest.raises(ValidationError, match="where anyone could call"):
        made(enrichment_host=host)
    made(enrichment_host=host, internal_token="x" * 16)
    made(enrichment_host=host, allow_anonymous=True)


@pytest.mark.parametrize("name", ["internal_token", "triton_control_token"])
def test_an_empty_secret_is_none(name: str) -> None:
    assert getattr(made(**{name: ""}), name) is None
