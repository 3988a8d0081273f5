"""Recordings of known seconds, and a judge that says what it is told to."""

from collections.abc import Callable, Sequence

from monitor.judgement.verdict import Level
from monitor.observation import DiagnosisCode, Growth, Observation
from monitor.output.recording import Header, Recording
from monitor.sample import Sample
from tests.unit.monitor.output.made_observations import observed

HEADER = Header(
    1,
    {
        "cpu_count": 16,
        "machine": "x86_64",
        "gpus": [
            {
                "index": 0,
                "uuid": "GPU-a",
                "name": "Fake RTX",
                "memory_total_bytes": 12 * 2**30,
            }
        ],
    },
    1.0,
    "2026-01-02T14:32:11.000+00:00",
)


def recording(samples: Sequence[Sample], *, cut_off: bool = False) -> Recording:
    return Recording(HEADER, tuple(samples), cut_off)


def judged_as(
    levels: Sequence[Level],
    codes: Sequence[DiagnosisCode] = (),
    growths: tuple[Growth, ...] = (),
) -> Callable[[Sample], Observation]:
    """The levels and codes in turn, a sample each; the last of them for all that follow."""
    remaining, waiting = list(levels), list(codes) or ["insufficient_evidence"]

    def observe(sample: Sample) -> Observation:
        level = remaining.pop(0) if len(remaining) > 1 else remaining[0]
        code = waiting.pop(0) if len(waiting) > 1 else waiting[0]
        return observed(sample, level, code, f"It is {code}.", growths)

    return observe
