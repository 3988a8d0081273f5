"""A sample as a line of the table. Pure."""

from datetime import datetime, tzinfo

from monitor.counters import Deltas
from monitor.sample import GpuReading, Sample

WIDTH = 80
TITLE = "GPU MONITORING - Framegate"
COLUMNS = (
    ("Time", 13),
    ("GPU%", 7),
    ("Mem%", 7),
    ("MemUsed", 11),
    ("Temp", 7),
    ("Power", 9),
    ("Requests", 11),
    ("QueueMs", 11),
    ("InferMs", 11),
)
UNKNOWN = "-"
NO_GPU = GpuReading(index=0)


def header() -> str:
    names = _columns([name for name, _ in COLUMNS])
    return "\n".join(("=" * WIDTH, TITLE, "=" * WIDTH, names, "-" * WIDTH))


def row(sample: Sample, timezone: tzinfo | None = None) -> str:
    """One line; a further GPU adds one of its own, without Triton's columns.

    Args:
        timezone: Of the time shown; None is the machine's own.
    """
    first, *others = sample.gpus or (NO_GPU,)
    time = datetime.fromtimestamp(sample.wall_s, timezone).strftime("%H:%M:%S")
    deltas = sample.deltas()
    cells = [
        time,
        *_gpu_cells(first),
        _cell(deltas.request_count, "+{:d}"),
        _cell(deltas.queue_ms, "{:.2f}ms"),
        _cell(deltas.infer_ms, "{:.2f}ms"),
        _notes(deltas, sample.pending_count()),
    ]
    lines = [_columns(cells)]
    lines += [_columns([f"  GPU {gpu.index}", *_gpu_cells(gpu)]) for gpu in others]
    return "\n".join(lines)


def _gpu_cells(gpu: GpuReading) -> list[str]:
    ratio, used, power_mw = gpu.memory_ratio, gpu.memory_used_bytes, gpu.power_mw
    return [
        _cell(gpu.utilization_percent, "{:d}%"),
        _cell(None if ratio is None else 100 * ratio, "{:.0f}%"),
        # What nvidia-smi calls MiB; the column has always said MB.
        _cell(None if used is None else used // 2**20, "{:d}MB"),
        _cell(gpu.temperature_celsius, "{:d}°C"),
        _cell(None if power_mw is None else power_mw / 1000, "{:.1f}W"),
    ]


def _notes(deltas: Deltas, pending_count: int | None) -> str:
    """What the columns hide: rejection makes the queue look healthy, and a stall looks idle."""
    notes = [
        f"{count} {reason.lower() or 'failed'}"
        for reason, count in sorted((deltas.failure_counts or {}).items())
        if count
    ]
    if deltas.request_count == 0 and pending_count:
        notes.append(f"{pending_count} pending")
    if deltas.reset:
        notes.append("counters reset")
    return ", ".join(notes)


def _cell(value: float | None, form: str) -> str:
    return UNKNOWN if value is None else form.format(value)


def _columns(cells: list[str]) -> str:
    widths = [width for _, width in COLUMNS]
    padded = [
        # A value too wide for its column still has a space after it.
        cell.ljust(width - 1) + " "
        for cell, width in zip(cells, widths, strict=False)
    ]
    return "".join([*padded, *cells[len(widths) :]]).rstrip()
