"""A sample as a line of the table. Pure."""

from collections.abc import Iterable, Mapping
from datetime import datetime, tzinfo

from monitor.counters import Deltas
from monitor.output.colour import printable
from monitor.output.columns import Column, cut, fitting
from monitor.sample import GpuReading, Sample

RULE_WIDTH = 80
TITLE = "GPU MONITORING - Framegate"
COLUMNS = (
    Column("Time", 13, worth=11),
    Column("GPU%", 7, worth=7),
    Column("Mem%", 7, worth=3),
    Column("MemUsed", 11, worth=6),
    Column("Temp", 7, worth=4),
    Column("Power", 9, worth=5),
    Column("Requests", 11, worth=10),
    Column("QueueMs", 11, worth=9),
    Column("InferMs", 11, worth=8),
    Column("Batch", 8, worth=0),
    Column("Pending", 9, worth=2),
    Column("Failed", 8, worth=1),
)
UNKNOWN = "-"
NO_GPU = GpuReading(index=0)
NOTE_INDENT = "  "


def header(width: int | None = None) -> str:
    """
    Args:
        width: Of the terminal; None is as wide as it takes, as it is for all of this module.
    """
    rule = RULE_WIDTH if width is None else min(RULE_WIDTH, width)
    columns = fitting(COLUMNS, width)
    names = _line({column.name: column.name for column in columns}, columns, width)
    return "\n".join(("=" * rule, cut(TITLE, width), "=" * rule, names, "-" * rule))


def row(sample: Sample, timezone: tzinfo | None = None, width: int | None = None) -> str:
    """A line; a further GPU, or a part of one, adds its own, without Triton's columns.

    Notes that find no room after the columns have a line of their own, too.

    Args:
        timezone: Of the time shown; None is the machine's own.
    """
    columns = fitting(COLUMNS, width)
    first, *others = sample.gpus or (NO_GPU,)
    deltas, pending_count = sample.deltas(), sample.pending_count()
    cells = {
        "Time": clock(sample.wall_s, timezone),
        **_gpu_cells(first),
        "Requests": _cell(sample.request_count(), "+{:d}"),
        "QueueMs": _cell(deltas.queue_ms, "{:.2f}ms"),
        "InferMs": _cell(deltas.infer_ms, "{:.2f}ms"),
        "Batch": _cell(deltas.batch_size, "{:.1f}"),
        "Pending": _cell(pending_count, "{:d}"),
        "Failed": _cell(deltas.failure_count, "{:d}"),
    }
    lines = [_line(cells, columns, width)]
    notes = _notes(deltas, pending_count)
    if notes:
        # A value may have been too wide for its column.
        after = max(sum(column.width for column in columns), len(lines[0]) + 1)
        if width is None or after + len(notes) <= width:
            lines[0] = lines[0].ljust(after) + notes
        else:
            lines.append(cut(NOTE_INDENT + notes, width))
    lines += [
        _line({"Time": f"  {gpu_label(gpu)}", **_gpu_cells(gpu)}, columns, width) for gpu in others
    ]
    return "\n".join(lines)


def unified_memory_line(gpus: Iterable[GpuReading], width: int | None = None) -> str | None:
    """What Mem% and MemUsed mean on a chip without memory of its own; None where there is none."""
    names = [gpu_label(gpu) for gpu in gpus if gpu.memory_is_unified]
    if not names:
        return None
    return cut(f"{', '.join(names)}: unified memory, so Mem% and MemUsed are the host's.", width)


def clock(wall_s: float, timezone: tzinfo | None = None) -> str:
    return datetime.fromtimestamp(wall_s, timezone).strftime("%H:%M:%S")


def gpu_label(gpu: GpuReading) -> str:
    return f"GPU {gpu.place}"


def _gpu_cells(gpu: GpuReading) -> dict[str, str]:
    ratio, used, power_mw = gpu.memory_ratio, gpu.memory_used_bytes, gpu.power_mw
    return {
        "GPU%": _cell(gpu.utilization_percent, "{:d}%"),
        "Mem%": _cell(None if ratio is None else 100 * ratio, "{:.0f}%"),
        # What nvidia-smi calls MiB; the column has always said MB.
        "MemUsed": _cell(None if used is None else used // 2**20, "{:d}MB"),
        "Temp": _cell(gpu.temperature_celsius, "{:d}°C"),
        "Power": _cell(None if power_mw is None else power_mw / 1000, "{:.1f}W"),
    }


def _notes(deltas: Deltas, pending_count: int | None) -> str:
    """What the columns hide: rejection makes the queue look healthy, and a stall looks idle."""
    notes = [
        f"{count} {printable(reason).lower() or 'failed'}"
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


def _line(cells: Mapping[str, str], columns: Iterable[Column], width: int | None) -> str:
    # A value too wide for its column still has a space after it.
    padded = [cells.get(column.name, "").ljust(column.width - 1) + " " for column in columns]
    return cut("".join(padded).rstrip(), width)
