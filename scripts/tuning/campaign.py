"""The search carried out: measure along lines until none is left, then the best few in rounds."""

import time
from collections.abc import Callable
from typing import Any

from scripts.tuning.choice import finalists, leader
from scripts.tuning.config_text import read_batching, with_batching
from scripts.tuning.frames import Requests
from scripts.tuning.measure import measure
from scripts.tuning.plan import FINALISTS, USUAL_SWITCH_S, Findings, Plan
from scripts.tuning.points import Batching, Load, Measurement, TuningError
from scripts.tuning.search import next_line
from scripts.tuning.trial import LoadRefused, TrialServer

# What was measured, and at most how many seconds are left.
Progress = Callable[[Batching, Load, Measurement | None, float], None]


class Campaign:
    """One search; it writes to `findings` as it goes, so that an interruption loses nothing."""

    def __init__(
        self,
        server: TrialServer,
        config: str,
        plan: Plan,
        findings: Findings,
        progress: Progress,
    ) -> None:
        self._findings = findings
        self._start = read_batching(config)
        self._server = server
        self._config = config
        self._plan = plan
        self._progress = progress
        self._switch_s = USUAL_SWITCH_S

    def search(self, requests: Requests) -> None:
        """Measure what is configured now, then line after line through the best so far."""
        plan, points = self._plan, self._findings.points
        line = [self._start]
        while line and len(points) < plan.most_points:
            for batching in line[: plan.most_points - len(points)]:
                points[batching] = self._try(batching, requests)
                left_s = plan.longest_s(
                    self._switch_s,
                    points=plan.most_points - len(points),
                    finals=plan.most_finals,
                )
                self._progress(batching, plan.load, points[batching], left_s)
            best = leader(points, plan.objective_ms)
            if best is None:
                raise TuningError("No configuration was answered, not even the present one.")
            line = next_line(plan.space, best, points)

    def decide(self, requests: Requests) -> None:
        """Measure the best few again, in turns: what the machine does meanwhile meets them all."""
        plan = self._plan
        chosen = finalists(
            self._findings.points, plan.objective_ms, start=self._start, count=FINALISTS
        )
        self._findings.finalists = chosen
        turns = [
            batching
            for number in range(plan.rounds)
            for batching in (chosen if number % 2 == 0 else reversed(chosen))
        ]
        for done, batching in enumerate(turns, start=1):
            self.serve(batching)
            left_s = plan.longest_s(self._switch_s, points=0, finals=len(turns) - done)
            for load in plan.loads:
                measured = self._measure(batching, requests, load)
                self._findings.rounds.setdefault((batching, load), []).append(measured)
                self._progress(batching, load, measured, left_s)

    def serve(self, batching: Batching) -> None:
        """Have it served.

        Raises:
            LoadRefused: by Triton.
            TuningError: Triton serves something else than it was given.
        """
        self._server.switch(with_batching(self._config, batching))
        if (served := served_batching(self._server.config())) != batching:
            raise TuningError(f"Triton was given {batching} and serves {served}.")

    def _try(self, batching: Batching, requests: Requests) -> Measurement | None:
        started_s = time.monotonic()
        try:
            self.serve(batching)
        except LoadRefused:
            return None
        self._switch_s = time.monotonic() - started_s
        return self._measure(batching, requests, self._plan.load)

    def _measure(self, batching: Batching, requests: Requests, load: Load) -> Measurement:
        return measure(
            self._server,
            requests,
            load,
            max_batch_size=batching.max_batch_size,
            duration_s=self._plan.seconds_per_point,
        )


def served_batching(config: dict[str, Any]) -> Batching:
    """The same three numbers out of the configuration that Triton answers."""
    return Batching(
        instances=int(config["instance_group"][0]["count"]),
        max_batch_size=int(config["max_batch_size"]),
        max_queue_delay_us=int(config["dynamic_batching"]["max_queue_delay_microseconds"]),
    )
