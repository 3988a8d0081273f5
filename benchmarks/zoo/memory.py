"""The memory of the models' processes, read ten times a second by a process of its own.

Reading it walks all their pages, which must not take time from the threads that ask and judge.
"""

import contextlib
import itertools
import json
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.figures import Target
from benchmarks.processes import Processes

SAMPLE_EVERY_S = 0.1
_STUB = b"triton_python_backend_stub"


@dataclass(frozen=True)
class Sample:
    """Attributes:
    at_s: on the clock of time.monotonic(), which all processes share.
    bytes_by_model: proportional set size of each model's processes.
    """

    at_s: float
    bytes_by_model: dict[str, int]

    @property
    def total_bytes(self) -> int:
        return sum(self.bytes_by_model.values())


@dataclass(frozen=True)
class MemorySummary:
    """Attributes:
    most_mb: of all models together, in units of 2**20 bytes.
    over_budget_s: for how long together.
    longest_gap_s: between two samples.
    most_mb_by_model: of each, at any time.
    """

    samples: int
    most_mb: float
    over_budget_s: float
    longest_gap_s: float
    most_mb_by_model: dict[str, float]


def summary(samples: Sequence[Sample], *, budget_mb: float) -> MemorySummary | None:
    """What the samples say; each holds until the next. None where there are none."""
    if not samples:
        return None
    budget_bytes = budget_mb * 2**20
    pairs = list(itertools.pairwise(samples))
    most: dict[str, float] = {}
    for sample in samples:
        for name, size_bytes in sample.bytes_by_model.items():
            most[name] = max(most.get(name, 0.0), size_bytes / 2**20)
    return MemorySummary(
        samples=len(samples),
        most_mb=max(sample.total_bytes for sample in samples) / 2**20,
        over_budget_s=sum(
            after.at_s - one.at_s for one, after in pairs if one.total_bytes > budget_bytes
        ),
        longest_gap_s=max((after.at_s - one.at_s for one, after in pairs), default=0.0),
        most_mb_by_model=most,
    )


def memory_targets(found: MemorySummary | None, *, budget_mb: float) -> list[Target]:
    most_mb = found.most_mb if found else None
    over_s = found.over_budget_s if found else None
    return [
        Target("most memory of all models", most_mb, budget_mb, False, " MB"),
        Target("time over the budget", over_s, 0, False, " s"),
    ]


@contextlib.contextmanager
def sampling(repository: Path, file: Path) -> Iterator[list[Sample]]:
    """Within, a process of its own samples into a file; afterwards, the list has what it saw."""
    samples: list[Sample] = []
    with Processes() as own:
        command = [sys.executable, "-m", "benchmarks.zoo.memory", str(repository), str(file)]
        own.start("zoo-memory", command, {})
        yield samples
    samples += read(file)


def read(file: Path) -> list[Sample]:
    """The samples of a file; the last line may have been cut off."""
    samples = []
    for line in file.read_text().splitlines() if file.exists() else ():
        with contextlib.suppress(ValueError):
            at_s, bytes_by_model = json.loads(line)
            samples.append(Sample(at_s, bytes_by_model))
    return samples


def sample(repository: Path) -> Sample:
    """What the models of this repository hold now."""
    found: dict[str, int] = {}
    at_s = time.monotonic()
    for pid, name in stubs(repository):
        found[name] = found.get(name, 0) + pss_bytes(pid)
    return Sample(at_s, found)


def stubs(repository: Path) -> Iterable[tuple[int, str]]:
    """Process id and model of every process that serves a model of this repository."""
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if name := model_of((folder / "cmdline").read_bytes(), repository):
                yield int(folder.name), name


def model_of(command_line: bytes, repository: Path) -> str | None:
    """The model that a process of Triton's python backend serves, if it is one of these."""
    arguments = command_line.rstrip(b"\0").split(b"\0")
    if len(arguments) < 4 or not arguments[0].endswith(_STUB):
        return None
    if not arguments[1].decode(errors="replace").startswith(f"{repository}/"):
        return None
    return arguments[-2].decode(errors="replace").rsplit("_", 2)[0]


def pss_bytes(pid: int) -> int:
    """Proportional set size; 0 for a process that has ended."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    return 0


def main() -> None:
    repository, file = map(Path, sys.argv[1:])
    with file.open("w", buffering=1) as out:
        while True:
            seen = sample(repository)
            out.write(json.dumps([seen.at_s, seen.bytes_by_model]) + "\n")
            time.sleep(max(0.0, seen.at_s + SAMPLE_EVERY_S - time.monotonic()))


if __name__ == "__main__":
    main()
