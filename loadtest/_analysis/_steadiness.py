"""Whether a stage held still while it was measured, as far as its samples can tell."""

import itertools
import math
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from loadtest._analysis._findings import Steadiness
from loadtest._analysis._metrics import CONFIDENCE_Z, paced_count_std, percentile
from loadtest._course._plan import StageWindow
from loadtest._load._samples import Sample

PARTS = 3
LARGEST_RATIO = 1.10
# 99 of 100 times three values of one normal distribution lie within so many standard deviations.
# Source: tables of the studentized range, q(0.01; 3, ∞).
RANGE_OF_THREE = 4.12


@dataclass(frozen=True)
class _Comparison:
    """One quantity over the parts; `differs` only where chance alone would hardly do it."""

    ratio: float | None
    differs: bool
    words: str

    @property
    def agrees(self) -> bool:
        return self.ratio is not None and self.ratio <= LARGEST_RATIO


def steadiness(samples: Iterable[Sample], window: StageWindow) -> Steadiness:
    """Compare the thirds of a stage: good answers and their median latency, largest ÷ smallest.

    A stage is steady where both ratios are at most 1.10, and unsteady where one is larger and
    stays so after what chance may do is taken off. Between the two it cannot be said: a handful
    of answers differ by more than that on their own.

    Source: the stability rule of Triton's perf_analyzer (three measurements, 10 %), which knows
    no chance and measures again instead.
    """
    sent, good_ms = _thirds(samples, window)
    fewest = min(len(values) for values in good_ms)
    if not any(good_ms):
        return Steadiness(None, None, None, "Nothing to compare: there was no good answer.")
    throughput = _throughput(sent, good_ms, window.users)
    latency = _latency(good_ms)
    steady, sentence = _judge(throughput, latency, fewest)
    return Steadiness(steady, throughput.ratio, latency.ratio, sentence)


def _judge(throughput: _Comparison, latency: _Comparison, fewest: int) -> tuple[bool | None, str]:
    both = (throughput, latency)
    limit = f"{LARGEST_RATIO:.2f}"
    differing = [comparison.words for comparison in both if comparison.differs]
    if differing:
        return False, f"Unsteady, more than {limit} apart between thirds: {'; '.join(differing)}."
    needed = samples_per_part_needed()
    if fewest < needed:
        return None, (
            f"Too few samples to say: {fewest} good answers in a third of the stage, "
            f"{needed} needed."
        )
    open_words = [comparison.words for comparison in both if not comparison.agrees]
    if open_words:
        return None, (f"Too few samples to say: chance alone may explain {'; '.join(open_words)}.")
    return True, f"Steady, within {limit} between thirds: {throughput.words}; {latency.words}."


def samples_per_part_needed() -> int:
    """Fewest samples whose median can be given limits at all, at 99 % confidence."""
    return next(count for count in itertools.count(1) if median_rank(count) >= 1)


def median_rank(count: int) -> int:
    """The rank r for which the true median lies between the r-th smallest and r-th largest.

    Holds for any distribution of independent samples, 99 times of 100; 0 where there are too few.

    Source: the sign test's interval for a median, with the normal approximation of the binomial.
    """
    return max(0, math.floor((count + 1 - CONFIDENCE_Z * math.sqrt(count)) / 2))


def _thirds(
    samples: Iterable[Sample], window: StageWindow
) -> tuple[list[int], list[Sequence[float]]]:
    """Of each part: how many requests began in it, and the sorted latencies of good answers."""
    sent = [0] * PARTS
    good_ms = [array("d") for _ in range(PARTS)]
    for sample in samples:
        if window.holds(sample.started_s):
            ratio = (sample.started_s - window.dwell_started_s) / window.duration_s
            part = min(PARTS - 1, int(PARTS * ratio))
            sent[part] += 1
            if sample.ok:
                good_ms[part].append(sample.response_ms)
    return sent, [sorted(values) for values in good_ms]


def _throughput(sent: Sequence[int], good_ms: Sequence[Sequence[float]], users: int) -> _Comparison:
    """Parts are equally long, so their good answers compare as their rates do."""
    counts = [len(values) for values in good_ms]
    least, most = min(counts), max(counts)
    success_ratio = sum(counts) / sum(sent)
    # A user's frame that the edge takes from one third is the next one's: the two are then apart
    # by twice what each varies.
    pacing = 2 * CONFIDENCE_Z * paced_count_std(users)
    # As if each failure were drawn by lot.
    failures = RANGE_OF_THREE * math.sqrt(sum(counts) / PARTS * (1 - success_ratio))
    return _Comparison(
        ratio=most / least if least else None,
        differs=most > LARGEST_RATIO * least + math.hypot(pacing, failures),
        words=f"{_listed([str(count) for count in counts])} good answers",
    )


def _latency(good_ms: Sequence[Sequence[float]]) -> _Comparison:
    known = [values for values in good_ms if values]
    medians = [percentile(values, 50) for values in known]
    least, most = min(medians), max(medians)
    ranks = [median_rank(len(values)) for values in known]
    sure = [(v[r - 1], v[len(v) - r]) for v, r in zip(known, ranks, strict=True) if r >= 1]
    highest_low = max((low for low, _ in sure), default=0.0)
    lowest_high = min((high for _, high in sure), default=0.0)
    return _Comparison(
        ratio=most / least if len(known) == PARTS and least > 0 else None,
        differs=highest_low > LARGEST_RATIO * lowest_high,
        words=f"medians of {_listed([f'{median:.1f}' for median in medians])} ms",
    )


def _listed(words: Sequence[str]) -> str:
    return ", ".join(words[:-1]) + f" and {words[-1]}" if len(words) > 1 else words[0]
