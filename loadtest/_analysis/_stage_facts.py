"""The numbers that the cause of a stage is read from, and how they are told."""

from collections.abc import Mapping
from dataclasses import dataclass

from loadtest._analysis._breakdown import PART_WORDS, Part
from loadtest._analysis._findings import Cause, CauseCode
from loadtest._analysis._machine import MachineInStage
from loadtest._analysis._stages import Measured, StageResult
from monitor.judgement.words import ms, sentence

GATEWAY, TRITON = "gateway", "triton"
# What leaves less than a tenth of its time free no longer answers at once.
FULL_PERCENT = 90.0


@dataclass(frozen=True)
class Facts:
    """What the rules look at; CPU is in percent of one core, None is unknown."""

    result: StageResult
    machine: MachineInStage
    level: str
    workers: int | None
    parts: Mapping[Part, float]
    baseline: Measured | None
    baseline_parts: Mapping[Part, float]

    @property
    def answer_ms(self) -> float | None:
        return self.result.measured.response_ms.avg

    @property
    def late_ms(self) -> float | None:
        """How late frames were sent."""
        scheduled_ms, answer_ms = self.result.measured.scheduled_ms.avg, self.answer_ms
        if scheduled_ms is None or answer_ms is None:
            return None
        return scheduled_ms - answer_ms

    @property
    def interval_ms(self) -> float | None:
        """Between two frames of one camera."""
        offered_per_s = self.result.offered_per_s
        return 1000 * self.result.window.users / offered_per_s if offered_per_s else None

    @property
    def gateway_cpu(self) -> float | None:
        return self.machine.cpu_percents.get(GATEWAY)

    @property
    def triton_cpu(self) -> float | None:
        return self.machine.cpu_percents.get(TRITON)

    @property
    def cores(self) -> int | None:
        return self.machine.host_cpu_cores

    @property
    def host_full(self) -> bool:
        percent = self.machine.host_cpu_percent
        return percent is not None and percent >= FULL_PERCENT

    @property
    def gateway_most_cpu(self) -> float | None:
        """A worker is one process with one thread that computes."""
        if self.workers is None:
            return None
        return 100.0 * (self.workers if self.cores is None else min(self.workers, self.cores))

    def gateway_uses(self, ratio: float) -> bool:
        """Of the most it could; False where it is not known."""
        used, most = self.gateway_cpu, self.gateway_most_cpu
        return used is not None and most is not None and used >= ratio * most

    @property
    def other_cpu(self) -> float | None:
        """Of everything on the machine but the gateway and Triton."""
        host, cores = self.machine.host_cpu_percent, self.cores
        gateway, triton = self.gateway_cpu, self.triton_cpu
        if host is None or cores is None or gateway is None or triton is None:
            return None
        return max(0.0, host * cores - gateway - triton)

    @property
    def gateway_cpu_for_answers(self) -> float | None:
        """What good answers need of the gateway, at least.

        Turning frames away follows from an overload and is not its cause. A frame turned away
        costs no more than an answer does, and an answer no less than its steps took when the
        machine was calm.
        """
        used, per_s = self.gateway_cpu, self.result.measured.achieved_per_s
        if used is None:
            return None
        calm_ms = sum(
            self.baseline_parts.get(part, 0.0) for part in ("preprocessing", "in_gateway")
        )
        answered_ratio = 1 - self.failed_percent() / 100
        return min(used, max(used * answered_ratio, (per_s or 0.0) * calm_ms / 10))

    @property
    def preprocessing_cpu(self) -> float | None:
        """What decoding and resizing need by themselves.

        On a full machine they also wait for a core; the baseline's time has less of that in it.
        """
        per_s = self.result.measured.achieved_per_s
        now_ms = self.parts.get("preprocessing")
        if per_s is None or now_ms is None:
            return None
        return per_s * min(now_ms, self.baseline_parts.get("preprocessing", now_ms)) / 10

    def failed_percent(self, *names: str) -> float:
        """Of all requests, those that failed in one of these ways; without names all of them."""
        measured = self.result.measured
        if not measured.requests:
            return 0.0
        counted = sum(count for name, count in measured.failures.items() if name in names)
        return 100 * (counted if names else measured.failed) / measured.requests

    def times(self) -> str:
        if self.answer_ms is None:
            return ""
        told = ", ".join(
            f"{ms(part_ms)} {PART_WORDS[part]}" for part, part_ms in self.parts.items()
        )
        before = self.baseline.response_ms.avg if self.baseline is not None else None
        compared = "" if before is None else f"; {ms(before)} at the baseline"
        return f"A mean answer takes {ms(self.answer_ms)}{compared}{': ' if told else ''}{told}."

    def processors(self) -> str:
        told = []
        if self.gateway_cpu is not None:
            workers = "" if self.workers is None else f" with {self.workers} workers"
            told.append(f"the gateway uses {self.gateway_cpu:.0f} % of a core{workers}")
        if self.triton_cpu is not None:
            told.append(f"Triton uses {self.triton_cpu:.0f} % of a core")
        if self.machine.host_cpu_percent is not None:
            cores = "processors" if self.cores is None else f"{self.cores} cores"
            told.append(f"the machine's {cores} are {self.machine.host_cpu_percent:.0f} % busy")
        return sentence(told)

    def gpus(self) -> str:
        told = []
        if self.machine.gpu_percent is not None:
            told.append(f"the GPU is {self.machine.gpu_percent:.0f} % busy")
        if self.machine.power_w is not None:
            told.append(f"it draws {self.machine.power_w:.0f} W")
        if self.machine.temperature_celsius is not None:
            told.append(f"it is {self.machine.temperature_celsius:.0f} °C hot")
        return sentence(told)

    def triton(self) -> str:
        told = []
        if self.machine.queue_ms is not None:
            told.append(f"Triton's own queue takes {ms(self.machine.queue_ms)}")
        if self.machine.pending_peak is not None:
            told.append(f"at most {self.machine.pending_peak} requests wait in it")
        if self.machine.mean_batch is not None:
            told.append(f"a batch has {self.machine.mean_batch:.1f} frames on average")
        return sentence(told)

    def failures(self) -> str:
        measured = self.result.measured
        if not measured.failures:
            return ""
        told = ", ".join(f"{count} × {name}" for name, count in measured.failures.items())
        return f"Of {measured.requests} requests {measured.failed} failed: {told}."


def grown(now_ms: float, before_ms: float, ratio: float, least_ms: float) -> bool:
    return now_ms >= ratio * before_ms and now_ms >= before_ms + least_ms


def cause(code: CauseCode, sentence: str, evidence: tuple[str, ...], *todo: str) -> Cause:
    return Cause(code, sentence, " ".join(text for text in evidence if text), todo)
