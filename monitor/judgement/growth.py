"""Memory that keeps growing over a long watch, of a GPU or of the processes of a role."""

from collections.abc import Callable, Iterator

from monitor.judgement.series import FloorSeries
from monitor.judgement.trend import Trend, growth_of
from monitor.observation import Growth
from monitor.sample import GpuReading, Sample

MB = 2**20
# What Python and CUDA take and give back by themselves, in an hour.
LEAST_BYTES_PER_HOUR = 5 * MB
# A system that loses more must be restarted within days.
ALARMING_MB_PER_HOUR = 50


class GrowthWatcher:
    """Follows each memory on its own; between two points of a series its answer stands."""

    def __init__(self, series: Callable[[], FloorSeries] = FloorSeries) -> None:
        self._new_series = series
        self._series: dict[str, FloorSeries] = {}
        self._trends: dict[str, Trend | None] = {}
        self._process_counts: dict[str, int | None] = {}

    def update(self, sample: Sample) -> tuple[Growth, ...]:
        """Of the memories that this sample tells of, those that have kept growing."""
        growths: list[Growth] = []
        for key, what, used_bytes in self._readings(sample):
            series = self._series.setdefault(key, self._new_series())
            if series.add(sample.monotonic_s, used_bytes):
                self._trends[key] = growth_of(series.points())
            trend = self._trends.get(key)
            if trend is not None and trend.per_hour >= LEAST_BYTES_PER_HOUR:
                growths.append(_growth(what, trend))
        return tuple(growths)

    def _readings(self, sample: Sample) -> Iterator[tuple[str, str, int]]:
        """Key, name and bytes of each memory; a GPU's number may change, its UUID does not."""
        for gpu in sample.gpus:
            if gpu.memory_used_bytes is not None:
                key = f"{gpu.uuid or gpu.index} {gpu.mig_index}"
                yield key, _gpu_name(gpu), gpu.memory_used_bytes
        for process in sample.processes:
            if process.rss_bytes is None:
                continue
            what = f"{process.role} memory"
            # The first reading of a process has no CPU yet: it has just been started, or found.
            restarted = process.cpu_percent is None
            if restarted or process.count != self._process_counts.get(what):
                self._forget(what)
            self._process_counts[what] = process.count
            yield what, what, process.rss_bytes

    def _forget(self, key: str) -> None:
        self._series.pop(key, None)
        self._trends.pop(key, None)


def _gpu_name(gpu: GpuReading) -> str:
    part = "" if gpu.mig_index is None else f" part {gpu.mig_index}"
    return f"GPU {gpu.index}{part} memory"


def _growth(what: str, trend: Trend) -> Growth:
    mb_per_hour = round(trend.per_hour / MB)
    alarming = mb_per_hour >= ALARMING_MB_PER_HOUR
    sentence = (
        f"{what[0].upper()}{what[1:]} grows {mb_per_hour} MB/hour, for {trend.span_s / 60:.0f} "
        "minutes now"
    )
    if alarming:
        sentence += f"; {ALARMING_MB_PER_HOUR} MB/hour or more is a leak"
    return Growth(what, trend.per_hour, f"{sentence}.", alarming)
