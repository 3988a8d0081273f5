"""What this very gateway is set to."""

from dataclasses import dataclass

from backend.images import MINIMUM_SIDE, MOST_SCANS


@dataclass(frozen=True)
class Limits:
    """What this gateway's settings say; see `Settings`.

    Attributes:
        rate_limit: as 20/second; empty where there is none.
        keys_needed: whether a call without a key is refused.
    """

    max_body_bytes: int
    max_clip_bytes: int
    max_pixels: int
    body_timeout_s: float
    clip_upload_timeout_s: float
    triton_timeout_ms: int
    cache_ttl_s: float
    rate_limit: str
    keys_needed: bool


def rows(limits: Limits) -> list[dict[str, str]]:
    """A table for people."""
    texts = {
        "Request body": f"{limits.max_body_bytes:,} bytes",
        "Picture": f"{limits.max_pixels:,} pixels, each side at least {MINIMUM_SIDE}",
        "Scans of a JPEG": f"{MOST_SCANS}",
        "Arrival of a body": f"{limits.body_timeout_s:g} s",
        "Clip": f"{limits.max_clip_bytes:,} bytes",
        "Arrival of a clip": f"{limits.clip_upload_timeout_s:g} s",
        "Wait for Triton": f"{limits.triton_timeout_ms:,} ms",
        "Requests per key, or per address": limits.rate_limit or "no limit",
        "Answers remembered": f"{limits.cache_ttl_s:g} s" if limits.cache_ttl_s else "never",
    }
    return [{"what": what, "limit": limit} for what, limit in texts.items()]
