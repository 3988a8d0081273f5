"""After the overload: do answers come as quickly as before, and from when on?"""

from collections.abc import Collection

from loadtest._analysis._findings import Recovery
from loadtest._analysis._metrics import percentile
from loadtest._course._plan import StageWindow
from loadtest._load._samples import Sample

# How much slower than the calm stage an answer may be and still count as recovered.
TOLERANCE_RATIO = 1.5
# Below this, a difference is the scheduler's, not a queue's.
TOLERANCE_MS = 20.0


def recovery(
    calm: Collection[Sample], after: Collection[Sample], window: StageWindow
) -> Recovery | None:
    """When the last slow or failed request was begun in `window`.

    Args:
        calm: of a stage with as many users, before the overload.
        after: of the recovery stage.

    Returns:
        None where there is nothing to compare.
    """
    usual = sorted(sample.response_ms for sample in calm if sample.ok)
    if not usual or not after:
        return None
    limit_ms = max(percentile(usual, 95) * TOLERANCE_RATIO, percentile(usual, 95) + TOLERANCE_MS)
    ordered = sorted(after, key=lambda sample: sample.started_s)
    slow = [sample for sample in ordered if not sample.ok or sample.response_ms > limit_ms]
    if not slow:
        return Recovery(0.0, limit_ms, f"Recovered at once: every answer within {limit_ms:.0f} ms.")
    if slow[-1] is ordered[-1]:
        return Recovery(
            None,
            limit_ms,
            f"Not recovered after {window.duration_s:.0f} s: answers still took more than "
            f"{limit_ms:.0f} ms or failed.",
        )
    after_s = slow[-1].started_s - window.dwell_started_s
    return Recovery(
        after_s,
        limit_ms,
        f"Recovered after {after_s:.1f} s: from then on within {limit_ms:.0f} ms.",
    )
