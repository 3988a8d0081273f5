"""One run, from the first tick to the results on disk, in the master or the only process."""

import sys
import time
from collections.abc import Sequence
from pathlib import Path

from loadtest._analysis._hardware import read_hardware, read_versions
from loadtest._analysis._machine import Recording, join
from loadtest._analysis._stages import analyse, overall, timeline
from loadtest._analysis._verdicts import decide, judge_stage
from loadtest._course import _progress
from loadtest._course._monitor_child import MonitorChild
from loadtest._course._plan import Load, Plan, StageMachine
from loadtest._course._recording import read_recording
from loadtest._course._run_folder import make_run_folder
from loadtest._errors import LoadtestError
from loadtest._load._payloads import sha256_of_set
from loadtest._load._samples import Collector
from loadtest._options import Options
from loadtest._report import _console
from loadtest._report._data import PayloadSet, RunReport, StageReport
from loadtest._report._html import report_html
from loadtest._report._summary import stages_csv, summary_document, to_json
from monitor.verdict import ThresholdsError, load_thresholds

MONITOR_MARGIN_S = 120.0


class Run:
    def __init__(
        self,
        options: Options,
        *,
        host: str,
        collector: Collector,
        payloads: Sequence[bytes],
        processes: int,
        max_drain_s: float,
    ) -> None:
        self.options = options
        self.host = host
        self.collector = collector
        self.processes = processes
        self.payloads = PayloadSet(len(payloads), sum(map(len, payloads)), sha256_of_set(payloads))
        # Read first: a mistake in it is found before the load, not after.
        try:
            self._thresholds = load_thresholds()
        except ThresholdsError as error:
            raise LoadtestError(str(error).rstrip(".")) from error
        self.started_s = time.time()
        self.folder = make_run_folder(options.run_dir, now_s=self.started_s)
        plan = Plan(
            stages=options.stages,
            stage_duration_s=options.stage_duration_s,
            warmup_s=options.warmup_s,
            think_time_s=options.think_time_s,
            min_samples=options.min_samples,
            max_drain_s=max_drain_s,
        )
        self.machine = StageMachine(plan, self.started_s)
        self._tally = _progress.StageTally()
        self._told_at_s = self.started_s
        self._ended_s: float | None = None
        self._monitor: MonitorChild | None = None
        if options.monitor:
            self._monitor = MonitorChild(
                self._recording_path,
                self.folder / "monitor.log",
                at_most_s=plan.longest_s + MONITOR_MARGIN_S,
            )

    def tick(self, user_count: int) -> Load | None:
        now_s = time.time()
        self._tally.update(self.collector.samples, self.machine.dwell_started_s)
        load = self.machine.step(
            now_s,
            user_count=user_count,
            samples=self._tally.good,
            slowest_ms=self._tally.slowest_ms,
        )
        if load is not None and now_s - self._told_at_s >= _progress.EVERY_S:
            self._told_at_s = now_s
            told = _progress.line(self.machine, self._tally, user_count=user_count, now_s=now_s)
            sys.stderr.write(f"{told}\n")
            sys.stderr.flush()
        return load

    def end_load(self) -> None:
        """The users are about to stop: whatever comes later belongs to no stage."""
        if self._ended_s is None:
            self._ended_s = time.time()
            self.machine.interrupt(self._ended_s)

    def finish(self, interrupted_by: int | None) -> tuple[str, int]:
        """Stop the monitor, judge, write the folder.

        Returns:
            The text for the console and the exit code.

        Raises:
            LoadtestError: the results cannot be written.
        """
        self.end_load()
        recording = self._stop_monitor()
        report = self._report(recording, interrupted_by)
        try:
            self._write(report)
        except OSError as error:
            raise LoadtestError(
                f"cannot write the results to {self.folder}: {error.strerror}"
            ) from error
        return _console.render(report, str(self.folder)), report.exit_code

    @property
    def _recording_path(self) -> Path:
        return self.folder / "monitor.jsonl"

    def _stop_monitor(self) -> Recording:
        if self._monitor is None:
            return Recording(reason="the monitor was switched off")
        complaint = self._monitor.stop()
        return read_recording(self._recording_path, complaint)

    def _report(self, recording: Recording, interrupted_by: int | None) -> RunReport:
        windows = self.machine.windows
        results = analyse(
            self.collector.samples,
            windows,
            self.collector.cpu,
            think_time_s=self.options.think_time_s,
        )
        stages = []
        for result in results:
            machine = join(recording.readings, result.window)
            verdict = judge_stage(result, machine, self._thresholds)
            stages.append(StageReport(result, machine, verdict))
        # A signal after the last stage had been measured took nothing away.
        cut_short = None if self.machine.measured_everything else interrupted_by
        outcome, exit_code = decide(
            [stage.verdict for stage in stages],
            results,
            planned_stages=len(self.options.stages),
            interrupted_by=cut_short,
        )
        finished_s = self._ended_s if self._ended_s is not None else time.time()
        return RunReport(
            started_s=self.started_s,
            finished_s=finished_s,
            host=self.host,
            options=self.options,
            processes=self.processes,
            payloads=self.payloads,
            models=sorted(self.collector.models),
            hardware=read_hardware(),
            versions=read_versions(),
            recording=recording,
            stages=stages,
            totals=overall(self.collector.samples, windows),
            sent=len(self.collector.samples),
            sent_failed=sum(sample.failure is not None for sample in self.collector.samples),
            timeline=timeline(self.collector.samples, from_s=self.started_s, to_s=finished_s),
            outcome=outcome,
            exit_code=exit_code,
        )

    def _write(self, report: RunReport) -> None:
        # The summary last: where it is, everything is.
        files = {
            "stages.csv": stages_csv(report),
            "report.html": report_html(report),
            "summary.json": to_json(summary_document(report)),
        }
        for name, text in files.items():
            (self.folder / name).write_text(text, encoding="utf-8")
