import io
import os
from collections.abc import Sequence
from pathlib import Path

from loadtest._analysis._machine import MachineReading
from loadtest._course._recording import read_recording
from monitor.counters import Deltas, ModelActivity, ModelKey
from monitor.output.recording import Recorder
from monitor.sample import GpuReading, ProcessReading, Sample
from tests.unit.monitor.observed import observed


def test_what_the_monitor_wrote_is_read_with_units_and_unknowns_kept(tmp_path: Path) -> None:
    busy = ModelActivity(
        ModelKey("capture_quality", "1"),
        0,
        Deltas(
            request_count=4,
            inference_count=4,
            execution_count=2,
            cache_hit_count=0,
            queue_us=8_000,
            compute_infer_us=20_000,
        ),
    )
    gpus = (
        GpuReading(
            0,
            name="NVIDIA H200",
            utilization_percent=40,
            memory_used_bytes=3,
            memory_total_bytes=12,
            temperature_celsius=46,
            power_mw=45_200,
        ),
        GpuReading(1, name="NVIDIA H200", utilization_percent=70, power_mw=54_800),
    )
    out = io.StringIO()
    recorder = Recorder(out, 1.0)
    recorder.write(observed(Sample(wall_s=100.0, monotonic_s=1.0, gpus=gpus)))
    recorder.write(
        observed(Sample(wall_s=101.0, monotonic_s=2.0, gpus=(), models=(busy,), elapsed_s=1.0))
    )
    path = tmp_path / "monitor.jsonl"
    path.write_text(out.getvalue(), encoding="utf-8")

    recording = read_recording(path, None)
    assert recording.gpus == ("NVIDIA H200", "NVIDIA H200")
    assert recording.reason is None
    first, second = recording.readings
    assert first == MachineReading(
        100.0,
        gpu_percent=70.0,
        gpu_memory_ratio=0.25,
        temperature_celsius=46.0,
        power_w=100.0,
    )
    assert second == MachineReading(
        100.5,
        requests=4,
        inferences=4,
        queue_ms=2.0,
        infer_ms=5.0,
        mean_batch=2.0,
        pending=0,
        interval_s=1.0,
    )


def test_no_recording_is_a_reason_and_no_error(tmp_path: Path) -> None:
    recording = read_recording(tmp_path / "monitor.jsonl", None)
    assert recording.readings == ()
    assert recording.gpus is None
    assert recording.reason is not None
    assert "cannot be read" in recording.reason


def test_why_the_monitor_ended_is_the_better_reason(tmp_path: Path) -> None:
    recording = read_recording(tmp_path / "monitor.jsonl", "the monitor ended early")
    assert recording.reason == "the monitor ended early"


def read_back(tmp_path: Path, samples: Sequence[Sample]) -> tuple[MachineReading, ...]:
    path = tmp_path / "monitor.jsonl"
    with path.open("w", encoding="utf-8") as file:
        recorder = Recorder(file, 1.0)
        for sample in samples:
            recorder.write(observed(sample))
    recording = read_recording(path, None)
    assert recording.host_cpu_cores == os.cpu_count()
    return recording.readings


def test_processes_batches_and_reasons_of_slow_clocks_are_kept(tmp_path: Path) -> None:
    sample = Sample(
        wall_s=100.0,
        monotonic_s=1.0,
        gpus=(GpuReading(0, clocks_event_reasons=0x4), GpuReading(1, clocks_event_reasons=0x20)),
        host_cpu_percent=97.5,
        batch_sizes={1: 5, 8: 2},
        processes=(ProcessReading("gateway", 140.0, 1, 3), ProcessReading("triton", None, 1, 4)),
    )
    [reading] = read_back(tmp_path, [sample])
    assert reading.batch_sizes == {1: 5, 8: 2}
    assert reading.cpu_percents == {"gateway": 140.0}
    assert reading.process_counts == {"gateway": 3, "triton": 4}
    assert reading.host_cpu_percent == 97.5
    assert reading.clocks_event_reasons == 0x24


def test_energy_is_what_all_gpus_used_since_the_sample_before(tmp_path: Path) -> None:
    counters_mj: list[tuple[int | None, int | None]] = [
        (1_000, 5_000),
        (1_500, 6_000),
        (None, 7_000),
        (2_000, 8_000),
        (100, 9_000),  # the counter of one has started again
        (300, 9_000),
    ]
    samples = [
        Sample(
            wall_s=100.0 + at,
            monotonic_s=float(at),
            gpus=(
                GpuReading(0, uuid="a", energy_mj=first),
                GpuReading(1, uuid="b", energy_mj=second),
            ),
        )
        for at, (first, second) in enumerate(counters_mj)
    ]
    energies_j = [reading.energy_j for reading in read_back(tmp_path, samples)]
    assert energies_j == [None, 1.5, None, None, None, 0.2]


def test_without_a_gpu_no_energy_is_known(tmp_path: Path) -> None:
    samples = [Sample(wall_s=100.0 + at, monotonic_s=float(at)) for at in range(2)]
    assert [reading.energy_j for reading in read_back(tmp_path, samples)] == [None, None]
