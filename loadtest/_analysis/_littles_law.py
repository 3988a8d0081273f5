"""Little's law as a check of the measurement: were the users there, and did the system hold still?

A camera starts one frame per interval, and a frame that is answered later than that delays the
next. The time from one start to the next, the cycle, is therefore the longer of interval and
response, and the law reads: users = requests per second × mean cycle.
"""

from array import array
from collections.abc import Iterable

from loadtest._analysis._findings import LittlesLaw
from loadtest._analysis._metrics import CONFIDENCE_Z, paced_count_std
from loadtest._course._plan import StageWindow
from loadtest._load._samples import Sample

TOLERANCE_RATIO = 0.10


def check(samples: Iterable[Sample], window: StageWindow, *, think_time_s: float) -> LittlesLaw:
    """Hold the users of a stage against the requests that began in it, failed ones among them.

    It cannot be said where a stage is so short that its edges, which cut cycles in two, may
    account for a difference beyond the tolerance.

    Source: J. D. C. Little, A Proof for the Queuing Formula L = λW, 1961.
    """
    users = float(window.users)
    cycles_s = array("d")
    cycles_s.extend(cycle_s(s, think_time_s) for s in samples if window.holds(s.started_s))
    if not cycles_s:
        return LittlesLaw(users, None, None, "Little's law: no request to check it with.")
    rate_per_s = len(cycles_s) / window.duration_s
    mean_cycle_s = sum(cycles_s) / len(cycles_s)
    expected = rate_per_s * mean_cycle_s
    noise = CONFIDENCE_Z * paced_count_std(window.users) * mean_cycle_s / window.duration_s
    off = abs(expected - users)
    sums = (
        f"{rate_per_s:.1f} requests/s × {mean_cycle_s:.2f} s per cycle = "
        f"{expected:.1f} users, {window.users} were set"
    )
    if off <= TOLERANCE_RATIO * users:
        return LittlesLaw(users, expected, True, f"Little's law holds: {sums}.")
    if off <= TOLERANCE_RATIO * users + noise:
        return LittlesLaw(users, expected, None, f"Little's law: too short a stage to say: {sums}.")
    why = (
        "the load generator held users up"
        if expected < users
        else "response times rose while it was measured"
    )
    return LittlesLaw(users, expected, False, f"Little's law does not hold: {sums}; likely {why}.")


def cycle_s(sample: Sample, think_time_s: float) -> float:
    """From the start of a frame to the earliest start of its user's next one.

    A frame that began late is followed sooner, by its timetable; one that began a whole interval
    late or more has begun a new timetable.
    """
    late_s = sample.late_ms / 1000
    due_in_s = think_time_s - late_s if late_s < think_time_s else think_time_s
    return max(due_in_s, sample.response_ms / 1000)
