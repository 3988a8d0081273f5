"""What one request tells, and where a run keeps millions of them."""

import errno
import math
import tempfile
import weakref
from array import array
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import IO, Any, NamedTuple

# So many samples are held in memory, about 1 MB.
BLOCK = 16_384


class Sample(NamedTuple):
    """One request. Times are seconds since the epoch; durations are milliseconds."""

    started_s: float
    late_ms: float
    response_ms: float
    failure: str | None
    score: float | None
    decode_ms: float | None
    preprocess_ms: float | None
    triton_ms: float | None
    gateway_ms: float | None

    @property
    def ok(self) -> bool:
        return self.failure is None

    @property
    def intended_s(self) -> float:
        return self.started_s - self.late_ms / 1000

    @property
    def scheduled_ms(self) -> float:
        """Latency from when the frame was due, not from when it was sent."""
        return self.late_ms + self.response_ms


class Samples(Collection[Sample]):
    """Samples in the order they came; all but the newest lie in a temporary file.

    The load generator's memory must not grow with what it has sent. Where the file cannot be
    written, samples stay in memory: none is lost.
    """

    def __init__(self, block: int = BLOCK) -> None:
        self._block = block
        # Of a sample's failure the columns hold an index among these.
        self._names: list[str | None] = [None]
        self._name_indices: dict[str | None, int] = {None: 0}
        self._older: list[_Columns | _Stored] = []
        self._newest = _Columns()
        self._file: IO[bytes] | None = None
        self._file_bytes = 0

    def append(self, sample: Sample) -> None:
        self._newest.append(sample, self._name_index(sample.failure))
        if len(self._newest) >= self._block:
            self._put_away()

    def extend(self, samples: Iterable[Sample]) -> None:
        for sample in samples:
            self.append(sample)

    def clear(self) -> None:
        self._older.clear()
        self._newest = _Columns()
        if self._file is not None:
            self._file.close()
        self._file, self._file_bytes = None, 0

    def packed(self) -> dict[str, Any]:
        """All of it in a few values that Locust's protocol carries as they are."""
        blocks = [self._load(block).to_bytes() for block in (*self._older, self._newest)]
        return {"blocks": blocks, "names": list(self._names)}

    def unpack(self, packed: Mapping[str, Any]) -> None:
        """Add what was packed in another process."""
        here = [self._name_index(name) for name in packed["names"]]
        for data in packed["blocks"]:
            self._newest.extend(_Columns.from_bytes(data), here)
            if len(self._newest) >= self._block:
                self._put_away()

    def since(self, position: int) -> Iterator[Sample]:
        """Those after the first `position`, without reading what lies wholly before them."""
        for block in (*self._older, self._newest):
            if position < len(block):
                yield from self._load(block).rows(self._names, position)
            position = max(0, position - len(block))

    def __len__(self) -> int:
        return sum(len(block) for block in (*self._older, self._newest))

    def __iter__(self) -> Iterator[Sample]:
        return self.since(0)

    def __contains__(self, wanted: object) -> bool:
        return any(sample == wanted for sample in self)

    def _name_index(self, name: str | None) -> int:
        index = self._name_indices.setdefault(name, len(self._names))
        if index == len(self._names):
            self._names.append(name)
        return index

    def _put_away(self) -> None:
        full, self._newest = self._newest, _Columns()
        try:
            self._older.append(self._store(full))
        except OSError:
            self._older.append(full)

    def _store(self, columns: "_Columns") -> "_Stored":
        if self._file is None:
            # Unbuffered: nothing half written may lie in wait for a disk that is full.
            self._file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115
            weakref.finalize(self, self._file.close)
        data = columns.to_bytes()
        stored = _Stored(self._file_bytes, len(columns))
        self._file.seek(stored.offset)
        if self._file.write(data) < len(data):
            raise OSError(errno.ENOSPC, "the file of samples cannot grow")
        self._file_bytes += len(data)
        return stored

    def _load(self, block: "_Columns | _Stored") -> "_Columns":
        if isinstance(block, _Columns):
            return block
        assert self._file is not None
        self._file.seek(block.offset)
        return _Columns.from_bytes(self._file.read(len(block) * _ROW_BYTES))


class _Columns:
    """Samples as columns of numbers, a fifth of what as many tuples weigh.

    A number that is not known is NaN inside, and None again outside.
    """

    def __init__(self) -> None:
        # In the order of Sample, but for the failure.
        self._numbers = [array("d") for _ in range(_NUMBERS)]
        self._failures = array("I")

    @classmethod
    def from_bytes(cls, data: bytes) -> "_Columns":
        made = cls()
        count = len(data) // _ROW_BYTES
        width = count * made._failures.itemsize
        made._failures.frombytes(data[:width])
        for column in made._numbers:
            start, width = width, width + count * column.itemsize
            column.frombytes(data[start:width])
        return made

    def to_bytes(self) -> bytes:
        return self._failures.tobytes() + b"".join(column.tobytes() for column in self._numbers)

    def append(self, sample: Sample, failure: int) -> None:
        numbers: tuple[Any, ...] = sample[:_FAILURE] + sample[_FAILURE + 1 :]
        for column, number in zip(self._numbers, numbers, strict=True):
            column.append(math.nan if number is None else number)
        self._failures.append(failure)

    def extend(self, other: "_Columns", failures: Sequence[int]) -> None:
        """Add others, whose failures have other indices here."""
        for column, more in zip(self._numbers, other._numbers, strict=True):
            column.extend(more)
        self._failures.extend(failures[index] for index in other._failures)

    def rows(self, names: Sequence[str | None], start: int) -> Iterator[Sample]:
        columns = [column[start:] for column in self._numbers]
        for *numbers, failure in zip(*columns, self._failures[start:], strict=True):
            known: list[Any] = [None if number != number else number for number in numbers]
            known.insert(_FAILURE, names[failure])
            yield Sample(*known)

    def __len__(self) -> int:
        return len(self._failures)


@dataclass(frozen=True)
class _Stored:
    """Where in the file a block of columns lies."""

    offset: int
    count: int

    def __len__(self) -> int:
        return self.count


_FAILURE = Sample._fields.index("failure")
_NUMBERS = len(Sample._fields) - 1
_ROW_BYTES = _NUMBERS * array("d").itemsize + array("I").itemsize
