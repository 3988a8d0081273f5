import io
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console, ConsoleDimensions

from monitor.counters import ModelActivity, ModelKey
from monitor.judgement.verdict import Verdict
from monitor.observation import Diagnosis, Growth, Observation
from monitor.output.screen.frame import frame
from monitor.sample import GatewayActivity, GpuReading, ProcessReading, Sample
from tests.unit.monitor.output.made import (
    AT_S,
    SILENT,
    deltas,
    gpu,
    observation,
)


def drawn(
    observations: Sequence[Observation],
    width: int = 80,
    height: int = 24,
    *,
    now_s: float = AT_S,
    ascii_only: bool = False,
) -> list[str]:
    # Wider than the frame: a line that is too wide must be seen, not cut by the console.
    console = Console(file=io.StringIO(), width=4 * width, force_terminal=True, color_system=None)
    size = ConsoleDimensions(width, height)
    console.print(frame(observations, size, now_s, timezone=UTC, ascii_only=ascii_only))
    assert isinstance(console.file, io.StringIO)
    return [line.rstrip() for line in console.file.getvalue().splitlines()]


def line_of(lines: Sequence[str], beginning: str) -> str:
    [line] = [line for line in lines if line.startswith(beginning)]
    return line


def with_sample(**changes: object) -> Observation:
    return replace(observation(), sample=replace(observation().sample, **changes))  # type: ignore[arg-type]


def test_a_terminal_of_80_by_24_shows_every_kind_of_thing() -> None:
    lines = drawn([observation(0, 20), observation(1, 40)], now_s=AT_S + 1.4)
    assert lines[:3] == [
        "Framegate monitor  14:32:12  Triton answered 0.4 s ago",
        " healthy   within every limit",
        "Requests wait for a free instance of capture_quality.",
    ]
    assert "  Queue time is 24.7 ms, inference 7.7 ms." in lines
    assert " grows   Gateway memory grows 52 MB/hour." in lines
    assert line_of(lines, "Requests    ").split()[1:] == ["▂▄", "20.0", "/s", "peak", "20.0"]
    assert line_of(lines, "Queue       ").split()[2:] == ["12.3", "ms", "peak", "12.3"]
    assert line_of(lines, "Pending     ").split()[2:] == ["3", "peak", "3"]
    assert line_of(lines, "capture_quality").split()[1:] == (
        ["20.0", "12.34", "3.87", "2.5", "3", "2", "98"]
    )
    assert line_of(lines, "GPU 0       ").startswith(
        "GPU 0       12 %, 2812 of 12288 MB, 58.3 of 170 W, 47 °C  NVIDIA GeForce"
    )
    assert line_of(lines, "GPU% 0      ").split()[1:] == ["0", "▁▁", "12", "%", "peak", "12"]
    assert line_of(lines, "Gateway     ") == (
        "Gateway     decode 1.2 ms, preprocess 3.4 ms, triton 12.3 ms, total 18.1 ms,"
    )
    assert "            4 in flight, 3 failed, 3 rejected (queue_full)" in lines
    assert line_of(lines, "Processes   ") == ("Processes   gateway 120 % of a core and 231 MB,")
    assert len(lines) <= 24


def test_a_small_terminal_keeps_what_is_worth_most() -> None:
    lines = drawn([observation()], 60, 8)
    assert len(lines) == 8
    beginnings = ["Framegate", " healthy", "Requests wait", " grows", "Requests  ", "Queue  "]
    assert [
        beginning
        for line, beginning in zip(lines, beginnings, strict=False)
        if not line.startswith(beginning)
    ] == ["Requests  ", "Queue  "]


def test_a_tall_terminal_has_room_for_high_charts_and_air() -> None:
    lines = drawn([observation()], 200, 60)
    assert "" in lines
    queue = next(number for number, line in enumerate(lines) if " Queue  " in line)
    assert "█" in lines[queue]
    assert "█" in lines[queue - 1]
    assert not lines[queue - 1].startswith("Requests")


def test_before_the_first_sample_the_screen_says_so() -> None:
    assert drawn([]) == ["Waiting for the first sample."]


def test_the_age_is_of_triton_s_last_answer_not_of_the_last_sample() -> None:
    silent = with_sample(models=None, wall_s=AT_S + 90.0)
    lines = drawn([observation(0), silent], now_s=AT_S + 90.5)
    assert lines[0] == "Framegate monitor  14:33:41  Triton answered 2 min ago"
    assert drawn([SILENT])[0] == "Framegate monitor  14:32:11  Triton has not answered"


def test_what_is_missing_has_its_reason_and_no_number() -> None:
    lines = drawn([SILENT])
    assert "no GPU: NVML's library was not found" in lines
    assert "no Triton metrics: no answer" in lines
    assert line_of(lines, "Requests    ").split() == ["Requests", "-"]
    assert not [line for line in lines if line.startswith(("GPU", "Model", "Gateway", "Process"))]


def test_a_small_terminal_still_says_why_the_gpu_is_missing() -> None:
    lines = drawn([with_sample(gpus=(), missing={"gpu": "no driver"})], 60, 20)
    assert "no GPU: no driver" in lines


def test_the_busiest_models_come_first_and_how_many_there_are_is_said() -> None:
    models = tuple(
        ModelActivity(ModelKey(f"model_{requests}", "1"), 0, deltas(requests))
        for requests in (10, 30, 20)
    )
    lines = drawn([with_sample(models=models)])
    names = [line.split()[0] for line in lines if line.startswith("model_")]
    assert names == ["model_30", "model_20", "model_10"]
    assert line_of(lines, "Model").startswith("Model (3)")


def test_a_gpu_that_is_slowed_down_says_by_what() -> None:
    slowed = replace(gpu(), clocks_event_reasons=0x1 | 0x4 | 0x20 | 0x40)
    lines = drawn([with_sample(gpus=(slowed,))], 120)
    assert "slowed by power limit and heat" in line_of(lines, "GPU 0   ")
    idle = replace(gpu(), clocks_event_reasons=0x1)
    assert "slowed" not in line_of(drawn([with_sample(gpus=(idle,))], 120), "GPU 0   ")


def test_a_part_of_a_gpu_and_unified_memory_are_named() -> None:
    part = GpuReading(0, mig_index=1, memory_used_bytes=2**30, memory_is_unified=True)
    lines = drawn([with_sample(gpus=(gpu(), part))], 80, 40)
    assert line_of(lines, "GPU 0/1") == "GPU 0/1     1024 MB unified memory"
    assert line_of(lines, "Memory 0/1").split()[2:] == ["▅", "1024", "MB", "peak", "1024"]


def test_a_gpu_s_course_is_its_own_though_another_was_lost() -> None:
    before = with_sample(gpus=(gpu(0), replace(gpu(1), utilization_percent=77)))
    after = with_sample(gpus=(replace(gpu(1), utilization_percent=50),))
    lines = drawn([before, after], 80, 60)
    assert line_of(lines, "GPU% 1").split()[-4:] == ["50", "%", "peak", "77"]
    assert not [line for line in lines if line.startswith("GPU% 0")]


def test_a_terminal_that_speaks_ascii_is_given_nothing_else() -> None:
    verdict = Verdict("degraded", "success 99.9 % ≤ 99.9 %, heat 71 °C")
    lines = drawn([observation(0, 20), observation(1, 40, verdict)], ascii_only=True)
    assert "".join(lines).isascii()
    assert " degraded   success 99.9 % <= 99.9 %, heat 71 C" in lines
    assert line_of(lines, "Requests    ").split()[1] == ".-"


@pytest.mark.parametrize("hostile", ["\x1b[2J", "z\ny", "[red]x[/red]", "\u202e"])
def test_a_name_cannot_control_the_screen(hostile: str) -> None:
    models = (ModelActivity(ModelKey(hostile, "1"), 0, deltas()),)
    lines = drawn([with_sample(models=models, missing={"triton": hostile})])
    text = "\n".join(lines)
    assert not set(text) & {"\x1b", "\u202e"}
    assert not [line for line in lines if line.startswith("y")]
    assert ("[red]x[/red]" in text) == (hostile == "[red]x[/red]")


words = st.text(max_size=40)
counts = st.none() | st.integers(min_value=0, max_value=10**14)
numbers = st.none() | st.floats(min_value=0, max_value=1e12)
gpus = st.builds(
    GpuReading,
    index=st.integers(min_value=0, max_value=12),
    name=st.none() | words,
    utilization_percent=counts,
    memory_used_bytes=counts,
    memory_total_bytes=counts,
    power_mw=counts,
    mig_index=st.none() | st.integers(min_value=0, max_value=6),
    memory_is_unified=st.booleans(),
    missing=st.dictionaries(words, words, max_size=2),
)
models = st.builds(
    ModelActivity,
    key=st.builds(ModelKey, words, words),
    pending_count=counts,
    deltas=st.none() | st.builds(deltas, st.integers(min_value=0, max_value=10**9)),
)
samples = st.builds(
    Sample,
    wall_s=st.just(AT_S),
    monotonic_s=st.just(0.0),
    gpus=st.lists(gpus, max_size=3).map(tuple),
    models=st.none() | st.lists(models, max_size=3).map(tuple),
    elapsed_s=st.none() | st.floats(min_value=0, max_value=10),
    processes=st.lists(
        st.builds(ProcessReading, words, cpu_percent=numbers, rss_bytes=counts), max_size=2
    ).map(tuple),
    gateway=st.none()
    | st.builds(
        GatewayActivity,
        elapsed_s=st.just(1.0),
        total_ms=numbers,
        in_flight_count=counts,
        rejected_counts=st.dictionaries(words, st.integers(min_value=0), max_size=2),
    ),
    missing=st.dictionaries(words, words, max_size=2),
)
observed = st.builds(
    Observation,
    samples,
    st.builds(Verdict, st.sampled_from(["healthy", "degraded", "overloaded", "unknown"]), words),
    st.builds(Diagnosis, st.just("stalled"), words, st.lists(words, max_size=2).map(tuple)),
    st.lists(st.builds(Growth, words, st.just(0.0), words, st.booleans()), max_size=1).map(tuple),
)


@settings(max_examples=60)
@given(
    st.lists(observed, min_size=1, max_size=3),
    st.integers(min_value=1, max_value=140),
    st.integers(min_value=1, max_value=60),
    st.booleans(),
)
def test_no_line_is_wider_and_no_screen_higher_than_the_terminal(
    observations: list[Observation], width: int, height: int, ascii_only: bool
) -> None:
    lines = drawn(observations, width, height, ascii_only=ascii_only)
    assert max(cell_len(line) for line in lines) <= width
    assert len(lines) <= height
    if ascii_only:
        assert "".join(lines).isascii()
