"""How the numbers of a diagnosis or a cause are told. Pure."""

from collections.abc import Sequence


def sentence(parts: Sequence[str]) -> str:
    """The parts as one sentence; empty where there are none."""
    text = ", ".join(parts)
    return f"{text[0].upper()}{text[1:]}." if text else ""


def ms(duration_ms: float) -> str:
    return f"{duration_ms:.0f} ms" if duration_ms >= 10 else f"{duration_ms:.1f} ms"
