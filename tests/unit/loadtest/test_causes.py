from dataclasses import dataclass, replace
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtest._analysis._breakdown import parts_ms
from loadtest._analysis._causes import find_cause
from loadtest._analysis._findings import Cause, CauseCode
from loadtest._analysis._machine import THROTTLING, MachineInStage
from loadtest._analysis._stages import Measured, StageResult, measure
from loadtest._course._plan import StageWindow
from loadtest._load._samples import Sample

WINDOW = StageWindow(0, 100, 0.0, 10.0, 20.0)
NOTHING = MachineInStage(None, None, None, None, None, None, None)


@dataclass(frozen=True)
class Answer:
    """A good answer in parts, ms; None where the gateway does not say."""

    before_gateway: float = 2.0
    preprocessing: float | None = 1.0
    triton: float | None = 4.0
    in_gateway: float = 0.5
    late: float = 0.5

    def sample(self) -> Sample:
        gateway_ms = None
        if self.triton is not None:
            gateway_ms = (self.preprocessing or 0.0) + self.triton + self.in_gateway
        return Sample(
            started_s=11.0,
            late_ms=self.late,
            response_ms=self.before_gateway + (gateway_ms or 0.0),
            failure=None,
            score=0.5,
            decode_ms=self.preprocessing,
            preprocess_ms=None if self.preprocessing is None else 0.0,
            triton_ms=self.triton,
            gateway_ms=gateway_ms,
        )


def failed(name: str) -> Sample:
    return Sample(11.0, 0.0, 5.0, name, None, None, None, None, None)


def measured(answer: Answer, good: int = 100, failures: dict[str, int] | None = None) -> Measured:
    samples = [answer.sample()] * good
    for name, count in (failures or {}).items():
        samples += [failed(name)] * count
    return measure(samples, WINDOW.duration_s)


BASELINE = measured(Answer())


def cause(
    answer: Answer | None = None,
    machine: MachineInStage = NOTHING,
    *,
    level: str = "overloaded",
    good: int = 500,
    failures: dict[str, int] | None = None,
    generator: float | None = 10.0,
    baseline: Measured | None = BASELINE,
    window: StageWindow = WINDOW,
) -> Cause:
    of_stage = measured(answer or Answer(), good, failures)
    result = StageResult(window, of_stage, window.users / 2.0, generator)
    return find_cause(result, machine, level, baseline=baseline)


def machine(
    *,
    gateway: float | None = 60.0,
    triton: float | None = 40.0,
    host: float | None = 50.0,
    cores: int | None = 2,
    infer_ms: float | None = 3.0,
    queue_ms: float | None = 0.1,
    gpu: float | None = None,
    throttled_by: tuple[str, ...] = (),
    pending: int | None = 1,
    gateway_count: int = 3,
) -> MachineInStage:
    known = {"gateway": gateway, "triton": triton}
    return replace(
        NOTHING,
        infer_ms=infer_ms,
        queue_ms=queue_ms,
        gpu_percent=gpu,
        pending_peak=pending,
        throttled_by=throttled_by,
        host_cpu_cores=cores,
        host_cpu_percent=host,
        cpu_percents={role: cpu for role, cpu in known.items() if cpu is not None},
        process_counts={"gateway": gateway_count},
    )


WAITING = Answer(triton=400.0)
COMPUTING = replace(machine(), infer_ms=390.0)
BACKLOG = Answer(before_gateway=400.0)


def test_a_healthy_stage_is_limited_by_nothing() -> None:
    found = cause(level="healthy")
    assert (found.code, found.sentence) == ("none", "Nothing limits this stage.")
    assert found.advice == ()
    assert "8.0 ms" in found.evidence or "7.5 ms" in found.evidence


def test_a_healthy_stage_that_has_slowed_has_a_cause() -> None:
    assert cause(WAITING, machine(), level="healthy").code == "queue"
    assert cause(WAITING, machine(), level="healthy", baseline=None).code == "none"


def test_an_inconclusive_stage_is_not_said_to_be_free_without_a_baseline() -> None:
    assert cause(level="inconclusive").code == "none"
    assert cause(level="inconclusive", baseline=None).code != "none"
    assert cause(level="inconclusive", failures={"HTTP 503 overloaded": 50}).code == "queue"


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (cause(WAITING, machine(), generator=93.0), "93 % of a core"),
        (cause(Answer(late=60.0), level="healthy"), "60 ms late"),
        (cause(window=replace(WINDOW, reached_users=False)), "did not reach 100 users"),
        (
            cause(failures={"not sent: too many open files in the load generator": 20}),
            "too many open files",
        ),
        # The gateway's and Triton's shares of a full machine are both small.
        (cause(WAITING, machine(gateway=50.0, triton=40.0, host=95.0), generator=80.0), "100 %"),
    ],
)
def test_the_generator_is_the_cause(found: Cause, words: str) -> None:
    assert found.code == "generator"
    assert words in found.sentence
    assert any("--processes" in text for text in found.advice)


def test_frames_that_are_late_because_answers_are_slow_are_not_the_generator_s_fault() -> None:
    slow = Answer(triton=2500.0, late=2600.0)
    assert cause(slow, machine(), level="overloaded").code == "queue"


@pytest.mark.parametrize(
    ("code", "answer", "of_machine"),
    [
        # The gateway's two workers are full; that requests wait before it follows from it.
        ("gateway_cpu", BACKLOG, machine(gateway=175.0, triton=10.0, host=60.0, cores=4)),
        # All cores are full: the larger share is the cause.
        ("gateway_cpu", WAITING, machine(gateway=110.0, triton=70.0, host=97.0)),
        ("compute", WAITING, machine(gateway=70.0, triton=110.0, host=97.0)),
        ("compute", BACKLOG, machine(gateway=70.0, triton=110.0, host=97.0)),
        # A third program has it.
        ("unknown", WAITING, machine(gateway=20.0, triton=20.0, host=97.0)),
        # Full, but whose work it is cannot be seen: the longest part counts.
        ("queue", WAITING, machine(gateway=None, triton=None, host=97.0)),
        # The GPU.
        ("compute", WAITING, machine(gpu=95.0)),
        ("compute", WAITING, COMPUTING),
        ("gpu_heat", WAITING, machine(gpu=95.0, throttled_by=("SW thermal slowdown",))),
        ("gpu_power", WAITING, machine(gpu=95.0, throttled_by=("SW power cap",))),
        (
            "gpu_heat",
            WAITING,
            machine(gpu=95.0, throttled_by=("SW power cap", "HW thermal slowdown")),
        ),
        # Its clocks are low, but it has nothing to do.
        ("queue", WAITING, machine(gpu=10.0, throttled_by=("SW power cap",))),
        # It is busy, but answers wait elsewhere.
        ("before_gateway", BACKLOG, machine(gpu=95.0, throttled_by=("SW power cap",))),
        # Waiting.
        ("queue", WAITING, machine()),
        ("queue", BACKLOG, machine(pending=60)),
        ("before_gateway", BACKLOG, machine()),
        ("before_gateway", BACKLOG, NOTHING),
        ("preprocessing", Answer(preprocessing=90.0), machine()),
        ("gateway_cpu", Answer(in_gateway=90.0), machine(gateway=120.0)),
        ("before_gateway", Answer(in_gateway=90.0), machine(gateway=20.0)),
        # Not enough is known.
        ("unknown", Answer(in_gateway=90.0), machine(gateway=None)),
        ("unknown", WAITING, NOTHING),
        ("unknown", Answer(before_gateway=90.0, triton=None, preprocessing=None), NOTHING),
    ],
)
def test_one_cause(code: CauseCode, answer: Answer, of_machine: MachineInStage) -> None:
    found = cause(answer, of_machine)
    assert found.code == code, found
    assert found.evidence
    assert found.advice


def test_pictures_are_named_where_they_take_most_of_a_full_gateway() -> None:
    # 100 frames/s × 12 ms are 120 % of a core of the 180 % in use.
    slow_pictures = Answer(preprocessing=12.0, before_gateway=300.0)
    full = machine(gateway=180.0, triton=5.0, host=95.0)
    own = measured(Answer(preprocessing=12.0))
    assert cause(slow_pictures, full, good=1000, baseline=own).code == "preprocessing"
    # As quick as ever by themselves: they only wait for a core like everything else.
    assert cause(slow_pictures, full, good=1000).code == "gateway_cpu"


@pytest.mark.parametrize(
    "name", ["HTTP 503 overloaded", "HTTP 503 triton_overloaded", "HTTP 504 triton_timeout"]
)
def test_refusals_are_a_queue_that_is_full(name: str) -> None:
    found = cause(BACKLOG, machine(), failures={name: 60})
    assert found.code == "queue"
    assert f"60 × {name}" in found.evidence
    assert cause(good=0, failures={name: 60}).code == "queue"


def test_refusals_of_a_full_machine_have_the_processors_as_their_cause() -> None:
    full = machine(gateway=110.0, triton=70.0, host=97.0)
    assert cause(WAITING, full, failures={"HTTP 503 overloaded": 60}).code == "gateway_cpu"


def test_work_for_frames_that_are_turned_away_is_no_cause_of_a_full_machine() -> None:
    """Most of the gateway's work is refusing: what is answered needs Triton most."""
    full = machine(gateway=90.0, triton=65.0, host=99.0)
    refused = {"HTTP 503 overloaded": 900}
    found = cause(WAITING, full, good=300, failures=refused)
    assert found.code == "compute"
    assert "900 × HTTP 503 overloaded" in found.evidence
    assert cause(WAITING, full, good=1200).code == "gateway_cpu"
    # 40 answers/s × 5 ms of the gateway's own are more than Triton's 6 %, however many it refuses.
    slow_gateway = measured(Answer(preprocessing=4.0, in_gateway=1.0))
    idle_model = machine(gateway=150.0, triton=6.0, host=99.0)
    of_gateway = cause(
        WAITING,
        idle_model,
        good=400,
        failures={"HTTP 503 overloaded": 12_000},
        baseline=slow_gateway,
    )
    assert of_gateway.code in ("gateway_cpu", "preprocessing")


def test_failures_that_load_does_not_explain_are_said_before_all_else() -> None:
    refused = cause(WAITING, machine(), failures={"HTTP 429 rate_limited": 60})
    assert (refused.code, "rate limit" in refused.sentence) == ("unknown", True)
    assert "FRAMEGATE_RATE_LIMIT" in refused.advice[0]
    broken = cause(WAITING, machine(), failures={"no answer: connection refused": 60})
    assert broken.sentence == "Frames failed for another reason than load: 11 % of them."
    dead = cause(good=0, failures={"HTTP 503 triton_unavailable": 60})
    assert (dead.code, "100 %" in dead.sentence) == ("unknown", True)
    assert "triton_unavailable" in dead.evidence


def test_a_stage_without_requests_says_so() -> None:
    assert "No request" in cause(good=0).sentence


def test_the_way_to_the_gateway_is_told_from_waiting_at_its_door() -> None:
    far = Answer(before_gateway=300.0)
    network = cause(far, machine(), baseline=measured(far))
    assert (network.code, "network" in network.sentence) == ("before_gateway", True)
    assert not any("FRAMEGATE_WORKERS" in text for text in network.advice)
    backlog = cause(far, machine())
    assert "free worker" in backlog.sentence
    assert any("FRAMEGATE_WORKERS" in text for text in backlog.advice)


def test_more_workers_are_advised_only_where_there_are_cores_for_them() -> None:
    room = cause(BACKLOG, machine(gateway=180.0, host=50.0, cores=8))
    assert room.advice[0].startswith("Raise FRAMEGATE_WORKERS from 2: the machine is 50 % idle")
    none = cause(BACKLOG, machine(gateway=180.0, host=95.0, cores=2))
    assert not any("Raise FRAMEGATE_WORKERS" in text for text in none.advice)


def test_the_workers_are_the_processes_but_one() -> None:
    seen = machine(gateway=180.0, cores=8, host=30.0, gateway_count=3)
    assert cause(BACKLOG, seen).code == "gateway_cpu"
    assert cause(BACKLOG, replace(seen, process_counts={"gateway": 9})).code == ("before_gateway")


def test_connections_are_advised_where_frames_wait_in_the_gateway() -> None:
    in_gateway = cause(WAITING, machine(queue_ms=0.1))
    assert any("FRAMEGATE_TRITON_CONNECTIONS" in text for text in in_gateway.advice)
    in_triton = cause(WAITING, machine(queue_ms=380.0))
    assert not any("FRAMEGATE_TRITON_CONNECTIONS" in text for text in in_triton.advice)


def test_the_evidence_has_the_numbers() -> None:
    found = cause(WAITING, machine(queue_ms=380.0))
    assert found.evidence == (
        "A mean answer takes 404 ms; 7.5 ms at the baseline: 2.0 ms before the gateway, "
        "0.5 ms elsewhere in the gateway, 1.0 ms in decoding and resizing, 3.0 ms in Triton's "
        "computation, 397 ms waiting for Triton. Triton's own queue takes 380 ms, at most 1 "
        "requests wait in it. The gateway uses 60 % of a core with 2 workers, Triton uses 40 % "
        "of a core, the machine's 2 cores are 50 % busy."
    )


def test_what_is_missing_is_said_where_nothing_can_be() -> None:
    advice = " ".join(cause(WAITING, baseline=None).advice)
    assert "monitor" in advice
    assert "single user" in advice


maybe = st.none() | st.floats(0, 1e5)
maybe_count = st.none() | st.integers(0, 500)
levels = st.sampled_from(["healthy", "degraded", "overloaded", "inconclusive", "unknown"])
names = st.sampled_from(
    [
        *("HTTP 503 overloaded", "HTTP 429 rate_limited", "HTTP 500"),
        *("no answer: timed out", "not sent: too many open files in the load generator"),
    ]
)
machines = st.builds(
    MachineInStage,
    **dict.fromkeys(
        ("queue_ms", "infer_ms", "mean_batch", "gpu_percent", "gpu_memory_ratio"), maybe
    ),
    temperature_celsius=maybe,
    power_w=maybe,
    pending_peak=maybe_count,
    cpu_percents=st.dictionaries(st.sampled_from(["gateway", "triton"]), st.floats(0, 6400)),
    process_counts=st.dictionaries(st.sampled_from(["gateway", "triton"]), st.integers(0, 64)),
    host_cpu_cores=st.none() | st.integers(1, 64),
    host_cpu_percent=st.none() | st.floats(0, 100),
    throttled_by=st.lists(st.sampled_from(list(THROTTLING.values()))).map(tuple),
)
samples = st.builds(
    Sample,
    started_s=st.just(11.0),
    late_ms=st.floats(0, 1e5),
    response_ms=st.floats(0, 1e5),
    failure=st.none() | names,
    score=st.none(),
    **dict.fromkeys(("decode_ms", "preprocess_ms", "triton_ms", "gateway_ms"), maybe),
)
measurements = st.lists(samples, max_size=4).map(lambda found: measure(found, 10.0))


@given(measurements, machines, levels, maybe, st.none() | measurements)
def test_there_is_always_a_cause(
    of_stage: Measured,
    of_machine: MachineInStage,
    level: str,
    generator: float | None,
    baseline: Measured | None,
) -> None:
    result = StageResult(WINDOW, of_stage, 50.0, generator)
    found = find_cause(result, of_machine, level, baseline=baseline)
    assert found.code in get_args(CauseCode)
    assert found.sentence.endswith(".")
    assert "None" not in found.sentence + found.evidence + "".join(found.advice)
    assert (found.code == "none") <= (found.advice == ())
    assert all(ms >= 0 for ms in parts_ms(of_stage, of_machine).values())
