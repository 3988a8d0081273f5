"""Counts as rates. Pure."""


def per_s(count: int | None, elapsed_s: float | None) -> float | None:
    return None if count is None or not elapsed_s else count / elapsed_s
