"""How the stage under way is doing, from samples as they come in."""

from collections import deque

from loadtest._analysis._metrics import percentile
from loadtest._course._stage_machine import StageMachine
from loadtest._load._samples import Samples
from loadtest._report._console import number

EVERY_S = 5.0
# The median of the line is that of so many newest answers.
NEWEST = 1_000


class StageTally:
    """Counts the samples of one dwell without going through older ones again."""

    def __init__(self) -> None:
        self._since_s: float | None = None
        self._seen = 0
        self.requests = 0
        self.failed = 0
        self.slowest_ms: float | None = None
        self.good = 0
        self._newest_ms: deque[float] = deque(maxlen=NEWEST)

    @property
    def median_ms(self) -> float | None:
        return percentile(sorted(self._newest_ms), 50) if self._newest_ms else None

    def update(self, samples: Samples, since_s: float | None) -> None:
        """Take in the samples that are new, if they began in the dwell that began at since_s."""
        if since_s != self._since_s:
            self._since_s = since_s
            self.requests = self.good = self.failed = 0
            self.slowest_ms = None
            self._newest_ms.clear()
        seen, self._seen = self._seen, len(samples)
        if since_s is None:
            return
        for sample in samples.since(seen):
            if sample.started_s >= since_s:
                self.requests += 1
                self.slowest_ms = max(self.slowest_ms or 0.0, sample.response_ms)
                if sample.ok:
                    self.good += 1
                    self._newest_ms.append(sample.response_ms)
                else:
                    self.failed += 1


def line(machine: StageMachine, tally: StageTally, *, user_count: int, now_s: float) -> str:
    elapsed_s = now_s - machine.phase_started_s
    return (
        f"{_name(machine)}"
        f"  {user_count}/{machine.users} users  {machine.phase} {elapsed_s:.0f} s"
        f"  {tally.requests} requests  p50 {number(tally.median_ms)} ms"
        f"  {tally.failed} failed"
    )


def _name(machine: StageMachine) -> str:
    kind = machine.step_under_way.kind
    if kind not in ("stage", "burst") or machine.plan.search:
        return kind
    number = sum(window.kind == kind for window in machine.windows)
    # A dwell that has ended counts already while its last answers come in.
    number += machine.phase != "drain"
    return f"{kind} {number}/{len(machine.plan.stages)}"
