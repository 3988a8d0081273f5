"""What a caller asks for in the query, as options of the tasks."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from werkzeug.datastructures import MultiDict

from backend.enrichment.tasks.options import Options
from backend.errors import MalformedRequest

N = TypeVar("N", int, float)
MOST_OBJECTS = 1000
_KNOWN = {"prompt", "score_threshold", "overlap_threshold", "max_objects", "max_classes"}


def read_options(query: MultiDict[str, str], *, also: tuple[str, ...] = ()) -> Options:
    """
    Args:
        also: parameters that the route reads itself.

    Raises:
        MalformedRequest: an unknown parameter, or a value out of its range.
    """
    refuse_others(query, sorted(_KNOWN), also=also)
    default = Options()
    return Options(
        prompts=tuple(query.getlist("prompt")),
        score_threshold=read_number(query, "score_threshold", float, 0, 1, default.score_threshold),
        overlap_threshold=read_number(
            query, "overlap_threshold", float, 0, 1, default.overlap_threshold
        ),
        max_objects=read_number(query, "max_objects", int, 1, MOST_OBJECTS, default.max_objects),
        max_classes=read_number(query, "max_classes", int, 1, MOST_OBJECTS, default.max_classes),
    )


def read_models(query: MultiDict[str, str]) -> tuple[str, ...]:
    """The models of `models=a,b`, each once, in the caller's order.

    Raises:
        MalformedRequest: none is named.
    """
    names = [name.strip() for name in query.get("models", "").split(",")]
    found = tuple(dict.fromkeys(filter(None, names)))
    if not found:
        raise MalformedRequest("Name the models: ?models=yolo11-face,vitpose-small.")
    return found


def refuse_others(
    query: MultiDict[str, str], known: Sequence[str], *, also: Sequence[str] = ()
) -> None:
    """Raise MalformedRequest where there is a parameter that nobody reads.

    Args:
        also: known, but not told to the caller.
    """
    if unknown := sorted({*query} - {*known, *also}):
        raise MalformedRequest(
            f"There is no parameter {unknown[0][:40]!r}: there are {', '.join(known)}."
        )


def read_number(
    query: MultiDict[str, str], name: str, kind: Callable[[str], N], least: N, most: N, default: N
) -> N:
    """One parameter; MalformedRequest where it is out of its range, or no number."""
    text = query.get(name)
    if text is None:
        return default
    try:
        value = kind(text)
    except ValueError:
        value = None
    if value is None or not least <= value <= most:
        raise MalformedRequest(f"`{name}` is {text[:20]!r}: send {least} to {most}.")
    return value
