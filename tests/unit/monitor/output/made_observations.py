"""Observations as the sinks are given them: one that knows everything, one that knows nothing."""

from dataclasses import replace

from monitor.counters import Deltas, ModelActivity, ModelKey
from monitor.judgement.verdict import Level, Verdict
from monitor.observation import Diagnosis, DiagnosisCode, Growth, Observation
from monitor.sample import (
    GatewayActivity,
    GpuReading,
    InstanceActivity,
    ProcessReading,
    Sample,
)

HOSTILE = "</script><script>alert('x')</script>\"'&\n\\"
STARTED_S = 1_767_364_331.0
RULES = {
    "healthy": "within every limit",
    "degraded": "inference 23 ms > 20 ms",
    "overloaded": "inference 63 ms > 50 ms",
    "unknown": "nothing was measured",
}
SCORER = ModelKey("capture_quality", "1")


def busy_sample(second: float = 0.0) -> Sample:
    """An interval of two seconds in which a known amount of everything happened."""
    deltas = Deltas(
        request_count=100,
        failure_counts={"REJECTED": 4, "OTHER": 2},
        inference_count=200,
        execution_count=50,
        cache_hit_count=0,
        request_us=8_000_000,
        queue_us=1_500_000,
        compute_input_us=100_000,
        compute_infer_us=6_300_000,
        compute_output_us=50_000,
    )
    return Sample(
        wall_s=STARTED_S + second,
        monotonic_s=500.0 + second,
        gpus=(
            GpuReading(
                0,
                uuid="GPU-a",
                name="Fake RTX",
                utilization_percent=87,
                memory_used_bytes=6 * 2**30,
                memory_total_bytes=12 * 2**30,
                temperature_celsius=61,
                power_mw=145_500,
                power_limit_mw=170_000,
                interval_energy_mj=291_000,
            ),
        ),
        models=(ModelActivity(SCORER, 3, deltas),),
        elapsed_s=2.0,
        host_cpu_percent=40.0,
        processes=(ProcessReading("gateway", 150.0, 300_000_000, 3),),
        instances=(InstanceActivity(SCORER, 1_800_000, 2.0, 1),),
        gateway=GatewayActivity(
            2.0,
            request_count=110,
            failure_count=10,
            rejected_counts={"overloaded": 8},
            total_ms=85.0,
            stage_ms={"decode": 1.5, "preprocess": 2.5, "triton": 80.0},
            in_flight_count=9,
        ),
    )


def blind_sample(second: float = 0.0) -> Sample:
    return Sample(
        wall_s=STARTED_S + second,
        monotonic_s=500.0 + second,
        missing={"gpu": "no driver", "triton": "refused", "gateway": "refused"},
    )


def observed(
    sample: Sample,
    level: Level = "healthy",
    code: DiagnosisCode = "insufficient_evidence",
    sentence: str = "Too little was measured.",
    growths: tuple[Growth, ...] = (),
) -> Observation:
    return Observation(
        sample, Verdict(level, RULES[level]), Diagnosis(code, sentence, ("evidence",)), growths
    )


def with_model_name(sample: Sample, name: str) -> Sample:
    models = tuple(replace(one, key=ModelKey(name, "1")) for one in sample.models or ())
    return replace(sample, models=models)
