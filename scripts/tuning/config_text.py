"""A model's config.pbtxt as text: its batching read, and replaced without touching the rest."""

from dataclasses import dataclass

from scripts.tuning.pbtxt import Field, Message, Scalar, parse
from scripts.tuning.points import Batching, TuningError

DELAY = "max_queue_delay_microseconds"


@dataclass(frozen=True)
class _Edit:
    start: int
    end: int
    text: str


def read_batching(text: str) -> Batching:
    """What a configuration says now; protobuf's and Triton's defaults where it is silent.

    Raises:
        TuningError: it cannot be read, takes no batches or has several groups of instances.
    """
    config = parse(text)
    size = _number(config, "max_batch_size")
    if not size:
        raise TuningError("max_batch_size is 0: this model takes no batches to be tuned.")
    group, batching = _instance_group(config), _dynamic_batching(config)
    return Batching(
        instances=(_number(group, "count") if group else None) or 1,
        max_batch_size=size,
        max_queue_delay_us=(_number(batching, DELAY) if batching else None) or 0,
    )


def read_kind(text: str) -> str:
    """`KIND_CPU`, `KIND_GPU` or, where nothing is said, `KIND_AUTO`."""
    group = _instance_group(parse(text))
    kind = _scalar(group, "kind") if group else None
    return kind.text if kind else "KIND_AUTO"


def with_batching(text: str, batching: Batching) -> str:
    """The same text but for the lines of `batching`, and without preferred batch sizes.

    Raises:
        TuningError: as in `read_batching`.
    """
    config, now = parse(text), read_batching(text)
    edits = [_set(text, config, "max_batch_size", batching.max_batch_size)]
    group = _instance_group(config)
    if group is None:
        edits.append(_append(text, f"instance_group [ {{ count: {batching.instances} }} ]"))
    else:
        edits.append(_set(text, group, "count", batching.instances))
    dynamic = _dynamic_batching(config)
    if dynamic is None:
        line = f"dynamic_batching {{ {DELAY}: {batching.max_queue_delay_us} }}"
        edits.append(_append(text, line))
    else:
        edits.append(_set(text, dynamic, DELAY, batching.max_queue_delay_us))
        edits += [_removal(text, field) for field in dynamic.named("preferred_batch_size")]
        if batching.max_queue_delay_us != now.max_queue_delay_us:
            # A comment right above gives the reason for the delay that goes.
            edits += [_comment_above(text, field) for field in dynamic.named(DELAY)]
    for edit in sorted(edits, key=lambda edit: edit.start, reverse=True):
        text = text[: edit.start] + edit.text + text[edit.end :]
    return text


def with_header(text: str, lines: list[str]) -> str:
    return "".join(f"# {line}\n" for line in lines) + text


def _instance_group(config: Message) -> Message | None:
    groups = [message for field in config.named("instance_group") for message in field.messages]
    if len(groups) > 1:
        raise TuningError("Several groups of instances are not understood: leave one.")
    return groups[0] if groups else None


def _dynamic_batching(config: Message) -> Message | None:
    found = [message for field in config.named("dynamic_batching") for message in field.messages]
    return found[0] if found else None


def _scalar(message: Message, name: str) -> Scalar | None:
    scalars = [
        value
        for field in message.named(name)
        for value in field.values
        if isinstance(value, Scalar)
    ]
    return scalars[-1] if scalars else None  # of a field that is given twice, the last counts


def _number(message: Message, name: str) -> int | None:
    scalar = _scalar(message, name)
    if scalar is None:
        return None
    try:
        return int(scalar.text, 0)
    except ValueError as error:
        raise TuningError(f"{name} is {scalar.text!r}, which is no whole number.") from error


def _set(text: str, message: Message, name: str, value: int) -> _Edit:
    scalar = _scalar(message, name)
    if scalar is None:
        gap = "" if text[message.start : message.start + 1].isspace() else " "
        return _Edit(message.start, message.start, f" {name}: {value}{gap}")
    return _Edit(scalar.start, scalar.end, str(value))


def _comment_above(text: str, field: Field) -> _Edit:
    end = start = _start_of_line(text, field.start)
    if not text[start : field.start].strip():
        while text[(above := _start_of_line(text, max(0, start - 1))) : start].lstrip()[:1] == "#":
            start = above
    return _Edit(start, end, "")


def _removal(text: str, field: Field) -> _Edit:
    """The field with the separator after it, and its line where it has one to itself."""
    start, end = _start_of_line(text, field.start), text.find("\n", field.end) + 1
    if end and not text[start : field.start].strip() and not text[field.end : end].strip(" ,;\n"):
        return _Edit(start, end, "")
    after = field.end + len(text[field.end :]) - len(text[field.end :].lstrip())
    return _Edit(field.start, after + 1 if text[after : after + 1] in (",", ";") else after, "")


def _start_of_line(text: str, position: int) -> int:
    return text.rfind("\n", 0, position) + 1


def _append(text: str, line: str) -> _Edit:
    return _Edit(len(text), len(text), ("" if text.endswith("\n") else "\n") + line + "\n")
