from dataclasses import replace

import pytest

from monitor.counters import Deltas, ModelActivity, ModelKey
from monitor.observation import Diagnosis, DiagnosisCode
from monitor.output.summary import Summary
from monitor.sample import GatewayActivity, GpuReading, Sample
from tests.unit.monitor.observed import observed


def busy(second: int, requests: int, failed: int = 0) -> Sample:
    deltas = Deltas(
        request_count=requests,
        failure_counts={"REJECTED": failed},
        queue_us=2_000 * requests,
        compute_infer_us=4_000 * requests * (second + 1),
        inference_count=requests,
        execution_count=max(1, requests // 2),
        request_us=500_000,
    )
    gpu = GpuReading(
        0,
        utilization_percent=40 + 10 * second,
        memory_used_bytes=1000 * 2**20,
        temperature_celsius=50 - second,
        power_mw=40_000 + 10_000 * second,
        interval_energy_mj=45_000,
    )
    return Sample(
        0.0,
        100.0 + second,
        (gpu, GpuReading(0, mig_index=0, memory_used_bytes=2**40)),
        (ModelActivity(ModelKey("m", "1"), second, deltas),),
        elapsed_s=1.0,
        host_cpu_percent=50.0,
        gateway=GatewayActivity(1.0, requests, 1, {"overloaded": 1}, total_ms=9.0),
    )


def test_a_session_is_summed_up_by_means_over_requests_and_peaks_of_intervals() -> None:
    summary = Summary()
    summary.add(observed(busy(0, 30), "healthy"))
    summary.add(observed(busy(1, 10, failed=2), "degraded"))
    assert summary.text().splitlines() == [
        "2 samples in 1 s: 40 requests, 2 failed in Triton, 2 turned away by the gateway",
        "                          mean      peak",
        "requests                  20.0      30.0 per s",
        "waiting in Triton          0.5       1.0 requests",
        "inside Triton              0.5       0.5 requests",
        "queue                     2.00      2.00 ms",
        # 30 requests of 4 ms and 10 of 8 ms.
        "inference                 5.00      8.00 ms",
        "batch                      2.0       2.0 pictures",
        "in the gateway            9.00      9.00 ms",
        "processors                  50        50 %",
        "GPU                         45        50 %",
        "GPU memory                1000      1000 MB",
        "GPU temperature             50        50 °C",
        "GPU power                 45.0      50.0 W",
        "GPU energy: 90 J (0.03 Wh), 2.250 J per inference",
        "Verdict: degraded 50 %, healthy 50 %",
    ]


def test_what_was_waited_for_is_told_most_frequent_first() -> None:
    summary = Summary()
    codes: list[DiagnosisCode] = ["under_driven", "stalled", "stalled", "insufficient_evidence"]
    for second, code in enumerate(codes):
        diagnosis = Diagnosis(code, f"It is {code}, {second}.")
        summary.add(replace(observed(Sample(0.0, float(second))), diagnosis=diagnosis))
    assert summary.text().splitlines()[-2:] == [
        "Waiting, 50 % of the time: It is stalled, 2.",
        "Waiting, 25 % of the time: It is under_driven, 0.",
    ]


@pytest.mark.parametrize("count", [0, 1])
def test_a_session_that_saw_nothing_says_so(count: int) -> None:
    summary = Summary()
    for _ in range(count):
        summary.add(observed(Sample(0.0, 100.0, missing={"gpu": "no driver"})))
    reason = "no driver" if count else "no GPU answered"
    assert summary.text().splitlines() == [
        f"{count} samples in 0 s: Triton's requests are unknown",
        f"GPU: unknown ({reason})",
        f"Verdict: {'unknown 100 %' if count else 'unknown'}",
    ]
