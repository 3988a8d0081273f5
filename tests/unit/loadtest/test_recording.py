import io
from pathlib import Path

from loadtest._analysis._machine import MachineReading
from loadtest._course._recording import read_recording
from monitor.counters import Deltas, ModelActivity, ModelKey
from monitor.recording import Recorder
from monitor.sample import GpuReading, Sample


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
    recorder.write(Sample(wall_s=100.0, monotonic_s=1.0, gpus=gpus))
    recorder.write(Sample(wall_s=101.0, monotonic_s=2.0, gpus=(), models=(busy,), elapsed_s=1.0))
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
    assert second == MachineReading(100.5, requests=4, queue_ms=2.0, infer_ms=5.0, mean_batch=2.0)


def test_no_recording_is_a_reason_and_no_error(tmp_path: Path) -> None:
    recording = read_recording(tmp_path / "monitor.jsonl", None)
    assert recording.readings == ()
    assert recording.gpus is None
    assert recording.reason is not None
    assert "cannot be read" in recording.reason


def test_why_the_monitor_ended_is_the_better_reason(tmp_path: Path) -> None:
    recording = read_recording(tmp_path / "monitor.jsonl", "the monitor ended early")
    assert recording.reason == "the monitor ended early"
