"""One run, from the first tick to the results on disk, in the master or the only process."""

import contextlib
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from loadtest._analysis._hardware import read_hardware, read_versions
from loadtest._analysis._machine import Recording
from loadtest._analysis._stages import overall, timeline
from loadtest._analysis._verdicts import decide
from loadtest._course import _progress
from loadtest._course._judging import Judge
from loadtest._course._monitor_child import MonitorChild, local_port
from loadtest._course._plan import Load, Plan, StageWindow
from loadtest._course._recording import read_recording
from loadtest._course._run_folder import make_run_folder
from loadtest._course._stage_machine import StageMachine
from loadtest._errors import EXIT_TOOL_ERROR, LoadtestError
from loadtest._load._collector import Collector
from loadtest._load._payloads import sha256_of_set
from loadtest._options import Camera, Options
from loadtest._report import _console
from loadtest._report._data import PayloadSet, RunReport
from loadtest._report._html import report_html
from loadtest._report._summary import stages_csv, summary_document, timeseries_csv, to_json
from loadtest._report._terminal import colour_wanted
from monitor.judgement.verdict import ThresholdsError, load_thresholds

MONITOR_MARGIN_S = 120.0


class Run:
    def __init__(
        self,
        options: Options,
        *,
        host: str,
        triton_url: str,
        collector: Collector,
        cameras: Sequence[Camera],
        payloads: Sequence[bytes],
        processes: int,
        max_drain_s: float,
        report_delay_s: float,
        fire: Callable[[], None],
    ) -> None:
        self.options = options
        self.host = host
        self.collector = collector
        self.processes = processes
        self.cameras = cameras
        self.payloads = PayloadSet(len(payloads), sum(map(len, payloads)), sha256_of_set(payloads))
        # Read first: a mistake in it is found before the load, not after.
        try:
            self._judge = Judge(options, load_thresholds(profile=options.profile))
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
            baseline_s=options.baseline_s,
            recovery_s=options.recovery_s,
            burst=options.burst,
            search=options.find_breaking_point,
            report_delay_s=report_delay_s,
        )
        self.machine = StageMachine(plan, self.started_s, self._passed)
        self._fire = fire
        self._bursting = False
        self._tally = _progress.StageTally()
        self._told_at_s = self.started_s
        self._ended_s: float | None = None
        self._monitor: MonitorChild | None = None
        if options.monitor:
            ports = {"gateway": local_port(host), "triton": local_port(triton_url)}
            self._monitor = MonitorChild(
                self._recording_path,
                self.folder / "monitor.log",
                at_most_s=plan.longest_s + MONITOR_MARGIN_S,
                watch={role: port for role, port in ports.items() if port is not None},
                triton_http=triton_url,
            )

    def tick(self, user_count: int) -> Load | None:
        now_s = time.time()
        self._tally.update(self.collector.samples, self.machine.dwell_started_s)
        load = self.machine.step(
            now_s,
            user_count=user_count,
            samples=self._tally.good,
            slowest_ms=self._slowest_ms(now_s),
            requests=self._tally.requests,
        )
        if self.machine.bursting and not self._bursting:
            self._fire()
        self._bursting = self.machine.bursting
        if load is not None and now_s - self._told_at_s >= _progress.EVERY_S:
            self._told_at_s = now_s
            told = _progress.line(self.machine, self._tally, user_count=user_count, now_s=now_s)
            sys.stderr.write(f"{told}\n")
            sys.stderr.flush()
        return load

    def _slowest_ms(self, now_s: float) -> float | None:
        """Of the dwell under way; a frame without an answer counts as long as it has lasted."""
        if self._tally.slowest_ms is None:
            return None
        under_way_ms = self.collector.longest_under_way_ms(now_s)
        return max(self._tally.slowest_ms, under_way_ms or 0.0)

    def end_load(self) -> None:
        """The users are about to stop: whatever comes later belongs to no stage."""
        if self._ended_s is None:
            self._ended_s = time.time()
            self.machine.interrupt(self._ended_s)

    def finish(self, interrupted_by: int | None) -> tuple[str, int]:
        """Stop the monitor, judge, write the folder.

        Returns:
            The text for the console and the exit code.
        """
        self.end_load()
        recording = self._stop_monitor()
        report = self._report(recording, interrupted_by)
        text = _console.render(report, str(self.folder), colour=colour_wanted(sys.stdout))
        missing = self._write(report)
        if missing:
            text += f"Not written: {'; '.join(missing)}.\n"
        return text, EXIT_TOOL_ERROR if missing else report.exit_code

    @property
    def _recording_path(self) -> Path:
        return self.folder / "monitor.jsonl"

    def _stop_monitor(self) -> Recording:
        if self._monitor is None:
            return Recording(reason="the monitor was switched off")
        complaint = self._monitor.stop()
        return read_recording(self._recording_path, complaint)

    def _passed(self, window: StageWindow) -> bool | None:
        recording = read_recording(self._recording_path, None)
        return self._judge.passed(self.collector, window, recording)

    def _report(self, recording: Recording, interrupted_by: int | None) -> RunReport:
        windows = self.machine.windows
        samples = self.collector.samples
        judgement = self._judge.run(self.collector, windows, recording)
        # A signal after the last stage had been measured took nothing away.
        complete = self.machine.measured_everything
        outcome, exit_code = decide(
            judgement.passed,
            complete=complete,
            searched=self.options.find_breaking_point,
            interrupted_by=None if complete else interrupted_by,
        )
        finished_s = self._ended_s if self._ended_s is not None else time.time()
        return RunReport(
            started_s=self.started_s,
            finished_s=finished_s,
            host=self.host,
            options=self.options,
            processes=self.processes,
            cameras=self.cameras,
            payloads=self.payloads,
            models=sorted(self.collector.models),
            hardware=read_hardware(),
            versions=read_versions(),
            recording=recording,
            stages=judgement.stages,
            totals=overall(samples, windows),
            sent=len(samples),
            sent_failed=sum(not sample.ok for sample in samples),
            timeline=timeline(samples, from_s=self.started_s, to_s=finished_s),
            outcome=outcome,
            exit_code=exit_code,
            capacity=judgement.capacity,
            grade=judgement.grade,
            recovery=judgement.recovery,
        )

    def _write(self, report: RunReport) -> list[str]:
        """Write what can be written; returns what cannot, with the reason."""
        # What is worth most comes first, and takes least room.
        files = {
            "summary.json": to_json(summary_document(report)),
            "stages.csv": stages_csv(report),
            "timeseries.csv": timeseries_csv(report),
            "report.html": report_html(report),
        }
        missing = []
        for name, text in files.items():
            path = self.folder / name
            try:
                path.write_text(text, encoding="utf-8")
            except OSError as error:
                missing.append(f"{path} ({error.strerror})")
                # Half a file looks like a whole one.
                with contextlib.suppress(OSError):
                    path.unlink()
        return missing
