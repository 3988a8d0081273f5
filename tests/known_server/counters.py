"""What Triton counts of its visits, and the text it tells it in."""

from typing import Literal

from tests.known_server.answers import MODEL, VERSION
from tests.known_server.stations import Visit

# Which of Triton's times the waiting is counted in.
QueueCountsAs = Literal["queue", "compute"]


class Counters:
    def __init__(self, queue_counts_as: QueueCountsAs) -> None:
        self._queue_counts_as = queue_counts_as
        self._successes = 0
        self._failures = 0
        self._queue_us = 0
        self._infer_us = 0

    def count(self, visit: Visit, *, failed: bool) -> None:
        if failed:
            # As in Triton, a failed request adds no time.
            self._failures += 1
            return
        self._successes += 1
        self._infer_us += round(visit.service_s * 1e6)
        if self._queue_counts_as == "queue":
            self._queue_us += round(visit.queue_s * 1e6)
        else:
            self._infer_us += round(visit.queue_s * 1e6)

    def text(self, pending: int) -> str:
        """Prometheus text; each request was executed by itself."""
        labels = f'model="{MODEL}",version="{VERSION}"'
        counters = {
            f"inference_request_success{{{labels}}}": self._successes,
            f'inference_request_failure{{{labels},reason="BACKEND"}}': self._failures,
            f"inference_count{{{labels}}}": self._successes,
            f"inference_exec_count{{{labels}}}": self._successes,
            f"inference_request_duration_us{{{labels}}}": self._queue_us + self._infer_us,
            f"inference_queue_duration_us{{{labels}}}": self._queue_us,
            f"inference_compute_input_duration_us{{{labels}}}": 0,
            f"inference_compute_infer_duration_us{{{labels}}}": self._infer_us,
            f"inference_compute_output_duration_us{{{labels}}}": 0,
        }
        lines = []
        for series, value in counters.items():
            lines += [f"# TYPE nv_{series.partition('{')[0]} counter", f"nv_{series} {value}"]
        gauge = "nv_inference_pending_request_count"
        lines += [f"# TYPE {gauge} gauge", f"{gauge}{{{labels}}} {pending}"]
        return "\n".join(lines) + "\n"
