"""Whether to colour, how, and what a terminal may be shown at all. Pure."""

from collections.abc import Mapping

# Colour only repeats the word it is on.
LEVEL_CODES = {"healthy": "32", "degraded": "33", "overloaded": "31"}


def wanted(flag: bool | None, environment: Mapping[str, str], is_terminal: bool) -> bool:
    """The flag decides, then NO_COLOR, FORCE_COLOR and TERM=dumb, then what is written to.

    Args:
        flag: --color or --no-color; None where neither was given.

    Source: https://no-color.org and https://force-color.org: both count where they are set and
        not empty.
    """
    if flag is not None:
        return flag
    if environment.get("NO_COLOR"):
        return False
    if environment.get("FORCE_COLOR"):
        return True
    return is_terminal and environment.get("TERM") != "dumb"


def paint(text: str, code: str | None, *, colour: bool) -> str:
    return f"\x1b[{code}m{text}\x1b[0m" if colour and code else text


def levels_painted(text: str, *, colour: bool) -> str:
    """The first word that names a level and is followed by a colon."""
    for level, code in LEVEL_CODES.items():
        if f"{level}:" in text:
            return text.replace(level, paint(level, code, colour=colour), 1)
    return text


def printable(text: str) -> str:
    """Control characters as their escapes: a server's words must not move the cursor."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)
