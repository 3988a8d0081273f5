"""Numbers and names as people read them."""

from typing import Final

from scripts.capacity.law import Limit
from scripts.capacity.measured import Resource
from scripts.capacity.plan import Provided, whole

RESOURCES: Final[dict[Resource, str]] = {
    "processors": "processors",
    "gateway_workers": "gateway workers",
    "gpus": "GPUs",
    "triton_servers": "Triton servers",
}
_ORIGINS = {
    "knee": "its limit was measured",
    "shown": "it was never full, but shown to do at this limit",
    "assumed": "its limit is assumed",
}


def number(value: float) -> str:
    """Whole from ten on, three digits below."""
    return f"{value:,.0f}" if value >= 10 or value == int(value) else f"{value:.3g}"


def percent(ratio: float) -> str:
    return f"{100 * ratio:.0f} %"


def bits(bytes_per_s: float) -> str:
    return f"{number(bytes_per_s * 8 / 1e9)} Gbit/s"


def origin_word(limit: Limit) -> str:
    return _ORIGINS[limit.origin]


def amount(one: Provided) -> str:
    return f"{one.what}: {number(whole(one.per_host))}"
