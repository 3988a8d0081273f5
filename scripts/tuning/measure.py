"""From a configuration and a load to a measurement."""

from collections import Counter

from loadtest._analysis._metrics import percentile
from scripts.tuning.frames import Requests
from scripts.tuning.load import Drive, drive
from scripts.tuning.plan import WARMUP_S
from scripts.tuning.points import Load, Measurement
from scripts.tuning.trial import Reading, TrialServer


def measure(
    server: TrialServer, requests: Requests, load: Load, *, max_batch_size: int, duration_s: float
) -> Measurement:
    """Measure what `server` serves now for `duration_s`, after a warm-up.

    Raises:
        TuningError: the server is gone.
    """
    try:
        driven = drive(
            server.address,
            requests,
            load,
            max_batch_size=max_batch_size,
            warmup_s=WARMUP_S,
            duration_s=duration_s,
            read=server.read,
        )
    except OSError as error:
        raise server.lost(error) from error
    return summarise(driven)


def summarise(driven: Drive[Reading]) -> Measurement:
    before, after = driven.before, driven.after
    latencies_ms = sorted(
        latency_ms for answer in driven.answers if answer.ok for latency_ms in answer.latencies_ms
    )
    frames = len(latencies_ms)
    return Measurement(
        frames_per_s=frames / driven.elapsed_s,
        p50_ms=percentile(latencies_ms, 50) if frames else None,
        p95_ms=percentile(latencies_ms, 95) if frames else None,
        failed=sum(not answer.ok for answer in driven.answers),
        executions=dict(Counter(after.executions) - Counter(before.executions)),
        cpu_ms_per_frame=(after.cpu_s - before.cpu_s) * 1000 / frames if frames else None,
        memory_bytes=after.memory_bytes,
        other_cores=max(0.0, after.other_cpu_s - before.other_cpu_s) / driven.elapsed_s,
    )
