"""What one request tells, and how it travels from a worker to the master."""

import math
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, overload


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


class Samples(Sequence[Sample]):
    """Samples in columns, a fifth of what as many tuples weigh: a run may have millions.

    A number that is not known is NaN inside, and None again outside.
    """

    def __init__(self) -> None:
        # In the order of Sample, but for the failure, which is an index among the names.
        self._columns = [array("d") for _ in range(len(Sample._fields) - 1)]
        self._failures = array("I")
        self._names: list[str | None] = [None]
        self._name_indices: dict[str | None, int] = {None: 0}

    def append(self, sample: Sample) -> None:
        numbers: tuple[Any, ...] = sample[:_FAILURE] + sample[_FAILURE + 1 :]
        for column, number in zip(self._columns, numbers, strict=True):
            column.append(math.nan if number is None else number)
        self._failures.append(self._name_index(sample.failure))

    def extend(self, samples: Iterable[Sample]) -> None:
        for sample in samples:
            self.append(sample)

    def clear(self) -> None:
        for column in self._columns:
            del column[:]
        del self._failures[:]

    def packed(self) -> dict[str, Any]:
        """All of it in a few values that Locust's protocol carries as they are."""
        return {
            "columns": [column.tobytes() for column in self._columns],
            "failures": self._failures.tobytes(),
            "names": list(self._names),
        }

    def unpack(self, packed: Mapping[str, Any]) -> None:
        """Add what was packed in another process."""
        for column, data in zip(self._columns, packed["columns"], strict=True):
            column.frombytes(data)
        here = [self._name_index(name) for name in packed["names"]]
        there = array("I")
        there.frombytes(packed["failures"])
        self._failures.extend(here[number] for number in there)

    def _name_index(self, name: str | None) -> int:
        index = self._name_indices.setdefault(name, len(self._names))
        if index == len(self._names):
            self._names.append(name)
        return index

    def __len__(self) -> int:
        return len(self._failures)

    def __iter__(self) -> Iterator[Sample]:
        return self._rows(self._columns, self._failures)

    @overload
    def __getitem__(self, index: int) -> Sample: ...
    @overload
    def __getitem__(self, index: slice) -> list[Sample]: ...
    def __getitem__(self, index: int | slice) -> Sample | list[Sample]:
        if isinstance(index, slice):
            return list(self._rows([c[index] for c in self._columns], self._failures[index]))
        position = range(len(self))[index]
        return self[position : position + 1][0]

    def _rows(
        self, columns: Sequence[Sequence[float]], failures: Iterable[int]
    ) -> Iterator[Sample]:
        for *numbers, failure in zip(*columns, failures, strict=True):
            known: list[Any] = [None if number != number else number for number in numbers]
            known.insert(_FAILURE, self._names[failure])
            yield Sample(*known)


_FAILURE = Sample._fields.index("failure")


class CpuReading(NamedTuple):
    """CPU seconds a load-generating process has used since it began."""

    process: str
    at_s: float
    cpu_s: float


class Collector:
    """Keeps everything until it is drained (on a worker) or analysed (on the master)."""

    def __init__(self) -> None:
        self.samples = Samples()
        self.cpu: list[CpuReading] = []
        self.models: set[str] = set()
        # Of each process that last had frames under way: when the oldest of them began.
        self.under_way_since_s: dict[str, float | None] = {}

    def longest_under_way_ms(self, now_s: float) -> float | None:
        """How long the oldest frame that is not answered yet has been under way."""
        began_s = [at_s for at_s in self.under_way_since_s.values() if at_s is not None]
        return (now_s - min(began_s)) * 1000 if began_s else None

    def drain(self) -> dict[str, Any]:
        """Everything so far in what Locust can send, which is then forgotten here."""
        payload: dict[str, Any] = {
            "samples": self.samples.packed(),
            "cpu": [tuple(reading) for reading in self.cpu],
            "models": sorted(self.models),
            "under_way_since_s": dict(self.under_way_since_s),
        }
        self.clear()
        return payload

    def receive(self, payload: Mapping[str, Any]) -> None:
        self.samples.unpack(payload["samples"])
        self.cpu.extend(CpuReading(*row) for row in payload["cpu"])
        self.models.update(payload["models"])
        self.under_way_since_s.update(payload["under_way_since_s"])

    def clear(self) -> None:
        self.samples.clear()
        self.cpu.clear()
        self.models.clear()
        self.under_way_since_s.clear()
