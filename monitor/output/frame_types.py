"""Whether what was read from JSON has the types that its dataclass names."""

import types
from collections.abc import Mapping
from dataclasses import fields
from functools import cache
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

T = TypeVar("T")


def checked(value: T) -> T:
    """A dataclass's instance, as it is.

    Raises:
        ValueError: a field holds something else than its type. The text names it.
    """
    kind: Any = type(value)
    for name, hint in _hints(kind).items():
        if not fits(getattr(value, name), hint):
            raise ValueError(f"{name} is {getattr(value, name)!r:.60}")
    return value


@cache
def _hints(kind: Any) -> Mapping[str, Any]:
    hints = get_type_hints(kind)
    return {field.name: hints[field.name] for field in fields(kind)}


def fits(value: object, hint: Any) -> bool:
    """Numbers, text, None, and mappings and sequences of them; other types are not looked into."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        return any(fits(value, one) for one in arguments)
    if hint is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    if hint is int:
        return isinstance(value, int) and not isinstance(value, bool)
    if hint in (str, bool, types.NoneType):
        return isinstance(value, hint)
    if origin is Mapping:
        of_key, of_value = arguments
        return isinstance(value, Mapping) and all(
            fits(key, of_key) and fits(one, of_value) for key, one in value.items()
        )
    if origin is tuple:
        return isinstance(value, tuple | list) and all(fits(one, arguments[0]) for one in value)
    return True
