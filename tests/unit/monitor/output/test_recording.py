import io
import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.counters import Deltas, ModelActivity, ModelKey
from monitor.output.recording import Recorder, RecordingError, observation_frame, read
from monitor.sample import (
    GatewayActivity,
    GpuReading,
    InstanceActivity,
    ProcessReading,
    Sample,
)
from tests.unit.monitor.observed import observed

BUSY = Sample(
    wall_s=1_767_364_331.25,
    monotonic_s=12.5,
    gpus=(
        GpuReading(
            0,
            "GPU-a",
            "Fake RTX",
            7,
            5,
            2756 * 2**20,
            12288 * 2**20,
            46,
            45200,
            None,
            None,
            {"energy": "not supported"},
            power_limit_mw=170_000,
            interval_energy_mj=45_200,
        ),
        GpuReading(0, "MIG-a", mig_index=3, memory_is_unified=True),
        GpuReading(1, missing={"name": "GPU is lost"}),
    ),
    models=(
        ModelActivity(
            ModelKey("capture_quality", "1"),
            2,
            Deltas(
                request_count=2,
                failure_counts={"REJECTED": 1},
                inference_count=4,
                execution_count=1,
                queue_us=24_680,
                compute_infer_us=7_740,
                reset=True,
            ),
        ),
        ModelActivity(ModelKey("new", "1")),
        ModelActivity(ModelKey("both", "1"), steps=("capture_quality", "new")),
    ),
    elapsed_s=1.0,
    host_cpu_percent=25.0,
    missing={"counters": "why"},
    batch_sizes={1: 4, 8: 2},
    processes=(ProcessReading("gateway", 140.5, 2**28, 3), ProcessReading("triton")),
    instances=(InstanceActivity(ModelKey("capture_quality", "1"), 7_740, 1.0, 2),),
    gateway=GatewayActivity(1.0, 3, 1, {"overloaded": 1}, 9.5, {"decode": 0.5}, 2),
)
UNKNOWN = Sample(wall_s=1_767_364_332.25, monotonic_s=13.5, missing={"gpu": "none", "triton": "no"})


def recorded(tmp_path: Path, *samples: Sample) -> Path:
    path = tmp_path / "run.jsonl"
    with path.open("w", encoding="utf-8") as file:
        recorder = Recorder(file, 1.0)
        for sample in samples:
            recorder.write(observed(sample))
    return path


def test_what_was_written_is_read_back(tmp_path: Path) -> None:
    recording = read(recorded(tmp_path, BUSY, UNKNOWN))
    assert recording.samples == (BUSY, UNKNOWN)
    assert recording.cut_off is False
    assert recording.header.schema_version == 1
    assert recording.header.interval_s == 1.0
    assert recording.header.started == "2026-01-02T14:32:11.250+00:00"
    assert recording.header.hardware["gpus"][0] == {
        "index": 0,
        "uuid": "GPU-a",
        "name": "Fake RTX",
        "memory_total_bytes": 12288 * 2**20,
    }


def test_the_frames_are_typed_and_unknown_is_null(tmp_path: Path) -> None:
    header, busy, unknown = map(
        json.loads, recorded(tmp_path, BUSY, UNKNOWN).read_text().splitlines()
    )
    assert (header["type"], busy["type"], unknown["type"]) == ("header", "sample", "sample")
    assert busy["triton"]["queue_ms"] == 12.34
    assert busy["triton"]["infer_ms"] == 3.87
    assert busy["triton"]["batch_size"] == 4.0
    assert busy["triton"]["failure_count"] == 1
    assert unknown["gpus"] == []
    assert set(unknown["triton"].values()) == {None}
    assert unknown["host_cpu_percent"] is None
    assert unknown["missing"] == {"gpu": "none", "triton": "no"}


def test_each_line_is_whole_and_flushed_when_it_is_written() -> None:
    class Stream(io.StringIO):
        flushed: list[str]

        def flush(self) -> None:
            self.flushed = [*getattr(self, "flushed", []), self.getvalue()]

    stream = Stream()
    Recorder(stream, 1.0).write(observed(BUSY))
    assert len(stream.flushed) == 2
    assert all(text.endswith("}\n") for text in stream.flushed)


def test_without_a_header_there_are_only_samples() -> None:
    stream = io.StringIO()
    Recorder(stream, 1.0, with_header=False).write(observed(UNKNOWN))
    assert json.loads(stream.getvalue()) == json.loads(
        json.dumps(observation_frame(observed(UNKNOWN)))
    )


@given(st.data())
def test_a_recording_cut_anywhere_keeps_its_whole_lines(data: st.DataObject) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = recorded(Path(folder), BUSY, UNKNOWN)
        whole = path.read_bytes()
        header_end = whole.index(b"\n") + 1
        cut = data.draw(st.integers(header_end, len(whole)))
        path.write_bytes(whole[:cut])
        recording = read(path)
        # A line is whole with its closing brace; the line's end may be what was cut off.
        ends = [end for end, byte in enumerate(whole, start=1) if byte == ord("\n")]
        complete = sum(cut >= end - 1 for end in ends) - 1
        assert recording.samples == (BUSY, UNKNOWN)[:complete]
        assert recording.cut_off is (cut not in ends and cut + 1 not in ends)


def test_a_cut_in_the_middle_of_a_character_is_only_a_cut(tmp_path: Path) -> None:
    path = recorded(tmp_path, BUSY)
    path.write_bytes(path.read_bytes() + '{"type":"sample","missing":{"gpu":"°'.encode()[:-1])
    recording = read(path)
    assert (recording.samples, recording.cut_off) == ((BUSY,), True)


def test_frames_and_fields_of_a_later_version_are_passed_over(tmp_path: Path) -> None:
    path = recorded(tmp_path, BUSY)
    lines = path.read_text(encoding="utf-8").splitlines()
    frame = json.loads(lines[1])
    frame["gpus"][0]["fan_percent"] = 30
    frame["new"] = 1
    lines[1:] = ['{"type":"mark","text":"stage 2"}', json.dumps(frame)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    assert read(path).samples == (BUSY,)


def test_a_recording_of_before_has_neither_processes_nor_batch_sizes(tmp_path: Path) -> None:
    path = recorded(tmp_path, BUSY)
    lines = path.read_text(encoding="utf-8").splitlines()
    frame = json.loads(lines[1])
    del frame["processes"], frame["triton"]["batch_sizes"]
    path.write_text(f"{lines[0]}\n{json.dumps(frame)}\n", encoding="utf-8")
    assert read(path).samples == (replace(BUSY, batch_sizes=None, processes=()),)


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("", "does not begin with a header frame"),
        ('{"type":"sam', "does not begin with a header frame"),
        ('{"type":"sample"}\n', "does not begin with a header frame"),
        ('{"type":"header","schema_version":2}\n', "schema version 2; this monitor reads 1"),
        ('{"type":"header","schema_version":1}\n', "line 1 is not as it should be"),
        ("nonsense\n", "line 1 is not a frame"),
        ("[1]\n", "line 1 is not a frame: not an object"),
    ],
)
def test_what_is_no_recording_is_refused(tmp_path: Path, content: str, complaint: str) -> None:
    path = tmp_path / "run.jsonl"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(RecordingError) as caught:
        read(path)
    assert complaint in str(caught.value)


def test_a_broken_line_in_the_middle_is_refused_with_its_number(tmp_path: Path) -> None:
    path = recorded(tmp_path, BUSY, UNKNOWN)
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    path.write_text("".join([lines[0], lines[1][:40] + "\n", lines[2]]), encoding="utf-8")
    with pytest.raises(RecordingError, match="line 2 is not a frame"):
        read(path)
    path.write_text("".join([lines[0], '{"type":"sample"}\n']), encoding="utf-8")
    with pytest.raises(RecordingError, match="line 2 is not as it should be: 'triton'"):
        read(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="cannot be read: No such file"):
        read(tmp_path / "absent.jsonl")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("wall_s", "now"),
        ("host_cpu_percent", [1]),
        ("missing", None),
        ("gateway", {"elapsed_s": {}}),
    ],
)
def test_a_field_of_another_type_is_named_with_its_line(
    field: str, value: object, tmp_path: Path
) -> None:
    path = recorded(tmp_path, UNKNOWN)
    header, frame = path.read_text(encoding="utf-8").splitlines()
    path.write_text(f"{header}\n{json.dumps(json.loads(frame) | {field: value})}\n")
    with pytest.raises(RecordingError, match="line 2 is not as it should be: "):
        read(path)
