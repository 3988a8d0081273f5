"""Values with what is known of their uncertainty, and the difference of two of them."""

import math
from dataclasses import dataclass
from statistics import NormalDist

from loadtest._analysis._metrics import INTERVAL_RATIO, Interval

Z = NormalDist().inv_cdf((1 + INTERVAL_RATIO) / 2)
# With fewer, the mean of skewed times is not yet normal enough for its interval to mean 95 %.
MIN_SAMPLES_FOR_MEAN = 30


@dataclass(frozen=True)
class Value:
    """Something measured, where `low` is `high`, or a range in which it was expected.

    Attributes:
        interval: where the truth lies with 95 % confidence; None where that is not known.
        expected: a range someone stated; it has no uncertainty of its own.
    """

    low: float
    high: float
    interval: Interval | None = None
    expected: bool = False


def measured(value: float | None, interval: Interval | None = None) -> Value | None:
    return None if value is None else Value(value, value, interval)


@dataclass(frozen=True)
class Difference:
    """B less A, in their unit; of ranges, between the points nearest to each other.

    Attributes:
        base: the point of A that it is counted from.
        interval: None where an uncertainty is not known.
    """

    amount: float
    base: float
    interval: Interval | None

    @property
    def percent(self) -> float | None:
        return 100 * self.amount / self.base if self.base else None

    @property
    def percent_interval(self) -> Interval | None:
        if self.interval is None or not self.base:
            return None
        return (100 * self.interval[0] / self.base, 100 * self.interval[1] / self.base)

    @property
    def certain(self) -> bool:
        """Whether there is a difference at all; where nothing is known, the amount decides."""
        if self.interval is None:
            return self.amount != 0
        return self.interval[0] > 0 or self.interval[1] < 0


def difference(a: Value, b: Value) -> Difference:
    """How far B lies from A.

    Source: MOVER, G. Y. Zou, A. Donner, Statistics in Medicine 27 (2008) 1693: the intervals of
    two independent values make that of their difference. Of two Wilson intervals it is Newcombe's
    method 10, Statistics in Medicine 17 (1998) 873.
    """
    at_a, at_b = _nearest_points(a, b)
    amount = at_b - at_a
    of_a, of_b = _margins(a), _margins(b)
    if of_a is None or of_b is None or (a.expected and b.expected):
        return Difference(amount, at_a, None)
    interval = (amount - math.hypot(of_b[0], of_a[1]), amount + math.hypot(of_b[1], of_a[0]))
    return Difference(amount, at_a, interval)


def _nearest_points(a: Value, b: Value) -> tuple[float, float]:
    if a.high < b.low:
        return a.high, b.low
    if b.high < a.low:
        return a.low, b.high
    shared = max(a.low, b.low)
    return shared, shared


def _margins(value: Value) -> Interval | None:
    """How far the truth may lie below and above the value."""
    if value.expected:
        return (0.0, 0.0)
    if value.interval is None:
        return None
    return (value.low - value.interval[0], value.interval[1] - value.low)


def wilson_percent(successful: int, requests: int) -> Interval | None:
    """Where the chance of success lies, in percent; sound also at 0 and 100 %.

    Source: E. B. Wilson, Journal of the American Statistical Association 22 (1927) 209.
    """
    if not requests:
        return None
    ratio, z2 = successful / requests, Z * Z
    middle = (ratio + z2 / (2 * requests)) / (1 + z2 / requests)
    spread = ratio * (1 - ratio) / requests + z2 / (4 * requests * requests)
    half = Z * math.sqrt(spread) / (1 + z2 / requests)
    # Rounding must not leave the ratio itself outside.
    return (100 * min(ratio, max(0.0, middle - half)), 100 * max(ratio, min(1.0, middle + half)))


def mean_interval(avg: float | None, std: float | None, count: int) -> Interval | None:
    if avg is None or std is None or count < MIN_SAMPLES_FOR_MEAN:
        return None
    half = Z * std / math.sqrt(count)
    return (avg - half, avg + half)


def rate_interval(successful: int, requests: int, users: int, duration_s: float) -> Interval | None:
    """Good answers per second of cameras that keep a pace.

    They do not come by chance as Poisson's do. At the edges of the stage a camera's frames differ
    by at most one, so with a variance of at most 1/4 (Popoviciu's inequality); which of them
    fail is binomial.
    """
    if not requests or duration_s <= 0:
        return None
    rate, failed_ratio = successful / duration_s, 1 - successful / requests
    half = Z * math.sqrt(users / 4 + successful * failed_ratio) / duration_s
    return (max(0.0, rate - half), rate + half)
