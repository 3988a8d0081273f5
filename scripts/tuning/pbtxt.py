"""The protobuf text format, as far as editing in place needs it: which field is where."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from scripts.tuning.points import TuningError

_TOKEN = re.compile(
    r"""(?P<skipped>[\s,;]+|\#[^\n]*)
      | (?P<string>"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')
      | (?P<mark>[{}\[\]<>:])
      | (?P<word>[^\s,;{}\[\]<>:"'\#]+)""",
    re.VERBOSE | re.DOTALL,
)
_CLOSING = {"{": "}", "<": ">", "[": "]"}


@dataclass(frozen=True)
class Scalar:
    text: str
    start: int
    end: int


@dataclass(frozen=True)
class Message:
    """`start` is the offset after its opening bracket, `end` that of its closing one."""

    start: int
    end: int
    fields: "list[Field]"

    def named(self, name: str) -> "list[Field]":
        return [one for one in self.fields if one.name == name]


@dataclass(frozen=True)
class Field:
    """One `name: value`; `start` and `end` are the offsets of the whole of it."""

    name: str
    start: int
    end: int
    values: "list[Scalar | Message]"

    @property
    def messages(self) -> list[Message]:
        return [value for value in self.values if isinstance(value, Message)]


def parse(text: str) -> Message:
    """The whole text as one message.

    Raises:
        TuningError: it is not protobuf text.
    """
    tokens = _Tokens(text)
    fields = list(_fields(tokens, None))
    return Message(0, len(text), fields)


class _Tokens:
    """The tokens that mean something, with one of look-ahead."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = self._scan()
        self.end = 0
        self.next = next(self._tokens, None)

    def take(self) -> Scalar:
        token = self.next
        if token is None:
            raise TuningError("The configuration ends in the middle of a field.")
        self.end = token.end
        self.next = next(self._tokens, None)
        return token

    def wrong(self, token: Scalar) -> TuningError:
        line = self._text.count("\n", 0, token.start) + 1
        return TuningError(f"Line {line} of the configuration is not understood: {token.text!r}")

    def _scan(self) -> Iterator[Scalar]:
        position = 0
        while position < len(self._text):
            match = _TOKEN.match(self._text, position)
            if match is None:
                raise self.wrong(Scalar(self._text[position], position, position + 1))
            position = match.end()
            if match.lastgroup != "skipped":
                yield Scalar(match[0], match.start(), position)


def _fields(tokens: _Tokens, closing: str | None) -> Iterator[Field]:
    """Fields up to the closing bracket, which stays; to the end of the text for None."""
    while tokens.next is not None and tokens.next.text != closing:
        name = tokens.take()
        if not re.fullmatch(r"[A-Za-z_]\w*", name.text):
            raise tokens.wrong(name)
        if tokens.next is not None and tokens.next.text == ":":
            tokens.take()
        elif tokens.next is None or tokens.next.text not in _CLOSING:
            raise tokens.wrong(name)
        values = list(_values(tokens))
        yield Field(name.text, name.start, tokens.end, values)
    if closing is not None and tokens.next is None:
        raise TuningError("The configuration ends before a bracket is closed.")


def _values(tokens: _Tokens) -> "Iterator[Scalar | Message]":
    """The value after a field's name: one, or those of a list."""
    token = tokens.take()
    if token.text == "[":
        while tokens.next is not None and tokens.next.text != "]":
            yield from _values(tokens)
        tokens.take()
    elif token.text in ("{", "<"):
        fields = list(_fields(tokens, _CLOSING[token.text]))
        yield Message(token.end, tokens.take().start, fields)
    elif token.text in ("}", "]", ">", ":"):
        raise tokens.wrong(token)
    else:
        yield token
        while _quoted(token) and tokens.next is not None and _quoted(tokens.next):
            token = tokens.take()  # strings side by side are one
            yield token


def _quoted(token: Scalar) -> bool:
    return token.text[0] in "\"'"
