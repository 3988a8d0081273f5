"""What is searched, what it is searched under, and what was measured."""

import statistics
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass


class TuningError(Exception):
    """The search cannot go on. The text is for the person at the terminal."""


@dataclass(frozen=True, order=True)
class Batching:
    """The lines of a config.pbtxt that depend on the machine."""

    instances: int
    max_batch_size: int
    max_queue_delay_us: int


@dataclass(frozen=True)
class Load:
    """Frames that are always under way or waiting, spread over connections.

    A connection sends all frames waiting on it, up to the largest batch, as one request, and the
    next request as soon as that one is answered: so does a worker of the gateway.
    """

    connections: int
    frames: int

    @property
    def shares(self) -> list[int]:
        """Frames of each connection; none is left without."""
        used = min(self.connections, self.frames)
        each, rest = divmod(self.frames, used)
        return [each + (index < rest) for index in range(used)]

    def __str__(self) -> str:
        return f"{self.frames} frames in flight over {self.connections} connections"


@dataclass(frozen=True)
class Measurement:
    """One configuration under one load. A frame's latency counts from when it began to wait.

    Attributes:
        failed: requests that were not answered with 200.
        executions: size of the batch that the model was given → how often.
        cpu_ms_per_frame: of the server and the model's processes.
        memory_bytes: of the same, each shared page counted once.
        other_cores: cores kept busy by what has no part in this, which spoils the figures.
    """

    frames_per_s: float
    p50_ms: float | None
    p95_ms: float | None
    failed: int
    executions: dict[int, int]
    cpu_ms_per_frame: float | None
    memory_bytes: int
    other_cores: float

    @property
    def mean_batch(self) -> float | None:
        count = sum(self.executions.values())
        frames = sum(size * times for size, times in self.executions.items())
        return frames / count if count else None


def median_of(rounds: Sequence[Measurement]) -> Measurement:
    """The medians of several measurements of the same; failures and executions add up."""

    def middle(values: Sequence[float | None]) -> float | None:
        known = [value for value in values if value is not None]
        return statistics.median(known) if known else None

    return Measurement(
        frames_per_s=statistics.median(one.frames_per_s for one in rounds),
        p50_ms=middle([one.p50_ms for one in rounds]),
        p95_ms=middle([one.p95_ms for one in rounds]),
        failed=sum(one.failed for one in rounds),
        executions=dict(sum((Counter(one.executions) for one in rounds), Counter())),
        cpu_ms_per_frame=middle([one.cpu_ms_per_frame for one in rounds]),
        memory_bytes=round(statistics.median(one.memory_bytes for one in rounds)),
        other_cores=statistics.median(one.other_cores for one in rounds),
    )
