"""Whose Triton may be measured."""

import socket

import psutil
import pytest

from scripts.vram.place import GivenTriton, is_here
from scripts.vram.troubles import UsageError


def own_address() -> str:
    """One that is not loopback, where this machine has one; else loopback."""
    found = [
        address.address
        for addresses in psutil.net_if_addrs().values()
        for address in addresses
        if address.family is socket.AF_INET and not address.address.startswith("127.")
    ]
    return found[0] if found else "127.0.0.1"


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "localhost", own_address()])
def test_this_machine_has_several_names(host: str) -> None:
    assert is_here(host)


# TEST-NET-1 is nobody's, and .invalid resolves nowhere.
@pytest.mark.parametrize("host", ["192.0.2.1", "triton.invalid"])
def test_another_machine_s_triton_cannot_be_measured_from_here(host: str) -> None:
    with pytest.raises(UsageError, match="run the benchmark there"):
        GivenTriton(host, 8001, token="")


def test_a_triton_of_somebody_else_is_not_started_again() -> None:
    with GivenTriton("127.0.0.1", 8001, token="") as place:
        assert not place.renew()
