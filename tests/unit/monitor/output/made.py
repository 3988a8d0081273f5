"""Observations made by hand, for whatever shows them."""

from datetime import UTC, datetime

from monitor.counters import Deltas, ModelActivity, ModelKey
from monitor.judgement.verdict import Verdict
from monitor.observation import Diagnosis, Growth, Observation
from monitor.sample import (
    GatewayActivity,
    GpuReading,
    InstanceActivity,
    ProcessReading,
    Sample,
)

MB = 2**20
AT_S = datetime(2026, 1, 2, 14, 32, 11, tzinfo=UTC).timestamp()
QUALITY = ModelKey("capture_quality", "1")
HEALTHY = Verdict("healthy", "within every limit")
DIAGNOSIS = Diagnosis(
    "instances_bound",
    "Requests wait for a free instance of capture_quality.",
    ("Queue time is 24.7 ms, inference 7.7 ms.", "Its instances are 98 % busy."),
)
SILENT = Observation(
    Sample(AT_S, 0.0, missing={"gpu": "NVML's library was not found", "triton": "no answer"}),
    Verdict("unknown", "nothing was measured"),
    Diagnosis("insufficient_evidence", "Too little is known."),
)


def deltas(requests: int = 40, failures: int = 2) -> Deltas:
    return Deltas(
        request_count=requests,
        failure_counts={"REJECTED": failures},
        inference_count=100,
        execution_count=40,
        request_us=3_000_000,
        queue_us=12_340 * requests,
        compute_infer_us=3_870 * requests,
    )


def gpu(index: int = 0) -> GpuReading:
    return GpuReading(
        index,
        uuid=f"GPU-{index}",
        name="NVIDIA GeForce RTX 3060",
        utilization_percent=12,
        memory_used_bytes=2812 * MB,
        memory_total_bytes=12288 * MB,
        temperature_celsius=47,
        power_mw=58_300,
        power_limit_mw=170_000,
        interval_energy_mj=58_300,
    )


def sample(second: int = 0, requests: int = 40) -> Sample:
    """Everything is known of it."""
    return Sample(
        AT_S + second,
        float(second),
        gpus=(gpu(),),
        models=(ModelActivity(QUALITY, 3, deltas(requests)),),
        elapsed_s=2.0,
        host_cpu_percent=61.5,
        processes=(
            ProcessReading("gateway", 120.4, 231 * MB, 3),
            ProcessReading("triton", 80.0, 512 * MB, 1),
        ),
        instances=(InstanceActivity(QUALITY, 1_960_000, 1.0, 2),),
        gateway=GatewayActivity(
            elapsed_s=2.0,
            request_count=41,
            failure_count=3,
            rejected_counts={"queue_full": 3},
            total_ms=18.1,
            stage_ms={"decode": 1.2, "preprocess": 3.4, "triton": 12.3},
            in_flight_count=4,
        ),
    )


def observation(second: int = 0, requests: int = 40, verdict: Verdict = HEALTHY) -> Observation:
    growth = Growth("gateway memory", 52.0 * MB, "Gateway memory grows 52 MB/hour.", alarming=True)
    return Observation(sample(second, requests), verdict, DIAGNOSIS, (growth,))
