import csv
import io
from dataclasses import replace

from monitor.observation import Observation
from monitor.output.csv_lines import CsvLines
from tests.unit.monitor.output.made import MB, SILENT, gpu, observation


def rows(*observations: Observation) -> list[dict[str, str]]:
    stream = io.StringIO()
    lines = CsvLines(stream)
    for each in observations:
        lines.write(each)
    found = list(csv.DictReader(io.StringIO(stream.getvalue()), strict=True))
    assert len(stream.getvalue().splitlines()) == len(observations) + 1
    return found


def test_a_sample_is_a_row_of_named_numbers() -> None:
    assert rows(observation()) == [
        {
            "time": "2026-01-02T14:32:11.000+00:00",
            "elapsed_s": "2",
            "request_count": "40",
            "requests_per_s": "20",
            "failure_count": "2",
            "inference_count": "100",
            "execution_count": "40",
            "queue_ms": "12.34",
            "infer_ms": "3.87",
            "batch_size": "2.5",
            "pending_count": "3",
            "in_flight": "1.5",
            "joules_per_inference": "0.583",
            "gateway_request_count": "41",
            "gateway_failure_count": "3",
            "gateway_rejected_count": "3",
            "gateway_in_flight_count": "4",
            "gateway_total_ms": "18.1",
            "gateway_decode_ms": "1.2",
            "gateway_preprocess_ms": "3.4",
            "gateway_triton_ms": "12.3",
            "host_cpu_percent": "61.5",
            "verdict": "healthy",
            "verdict_rule": "within every limit",
            "diagnosis": "instances_bound",
            "gpu0_uuid": "GPU-0",
            "gpu0_percent": "12",
            "gpu0_memory_used_bytes": str(2812 * MB),
            "gpu0_memory_total_bytes": str(12288 * MB),
            "gpu0_temperature_celsius": "47",
            "gpu0_power_w": "58.3",
            "process_gateway_cpu_percent": "120.4",
            "process_gateway_rss_bytes": str(231 * MB),
            "process_triton_cpu_percent": "80",
            "process_triton_rss_bytes": str(512 * MB),
        }
    ]


def test_what_is_unknown_is_an_empty_cell_and_never_a_zero() -> None:
    [row] = rows(SILENT)
    known = {name for name, cell in row.items() if cell}
    assert known == {"time", "verdict", "verdict_rule", "diagnosis"}


def test_the_first_sample_decides_which_gpus_have_columns() -> None:
    first, later = observation(0), observation(1)
    part = replace(gpu(1), mig_index=2, uuid="MIG-2")
    with_part = replace(first, sample=replace(first.sample, gpus=(gpu(0), gpu(1), part)))
    only_gpu_1 = replace(later, sample=replace(later.sample, gpus=(gpu(1), gpu(5))))
    before, after = rows(with_part, only_gpu_1)
    assert before["gpu1_part2_uuid"] == "MIG-2"
    assert (after["gpu0_uuid"], after["gpu1_uuid"], after["gpu1_part2_uuid"]) == ("", "GPU-1", "")
    assert "gpu5_uuid" not in after


def test_without_a_header_only_rows_are_written_and_each_is_flushed() -> None:
    class Stream(io.StringIO):
        flushed = ""

        def flush(self) -> None:
            self.flushed = self.getvalue()

    stream = Stream()
    CsvLines(stream, with_header=False).write(observation())
    assert stream.flushed == stream.getvalue()
    assert stream.flushed.startswith("2026-01-02T14:32:11.000+00:00,2,40,")
