"""The models of a sample, a row each, the busiest first."""

from monitor.counters import Deltas, ModelActivity, per_s
from monitor.output.colour import printable
from monitor.output.columns import Column, cut, fitting
from monitor.output.screen.parts import DIM, Line, Part, Span
from monitor.output.table import UNKNOWN
from monitor.sample import Sample

NAME_WIDTHS = 14, 32
NUMBERS = (
    Column("Version", 9, worth=0),
    Column("Req/s", 9, worth=8),
    Column("Queue ms", 10, worth=7),
    Column("Infer ms", 10, worth=6),
    Column("Batch", 7, worth=3),
    Column("Pending", 9, worth=5),
    Column("Failed", 8, worth=4),
    Column("Busy %", 8, worth=2),
)
MOST_WORTH = 9


def model_parts(section: int, sample: Sample, width: int) -> list[Part]:
    """Where not all rows find room, the number beside "Model" still says how many there are."""
    models = sorted(sample.models or (), key=_requests, reverse=True)
    if not models:
        return []
    names = [printable(model.key.model) for model in models]
    least, most = NAME_WIDTHS
    name_width = min(max(least, *(len(name) + 2 for name in names)), most)
    columns = fitting((Column("Model", name_width, MOST_WORTH), *NUMBERS), width)
    head = "Model" if len(models) == 1 else f"Model ({len(models)})"
    titles = {column.name: column.name for column in columns} | {"Model": head}
    first, *others = (
        _row({"Model": name, **_cells(model, sample)}, columns)
        for name, model in zip(names, models, strict=True)
    )
    heading = tuple(Span(span.text, DIM) for span in _row(titles, columns))
    return [
        Part(section, 82, (heading, first)),
        *(Part(section, 72 - number, (other,)) for number, other in enumerate(others)),
    ]


def _requests(model: ModelActivity) -> int:
    return (model.deltas.request_count or 0) if model.deltas is not None else 0


def _cells(model: ModelActivity, sample: Sample) -> dict[str, str]:
    deltas = model.deltas or Deltas()
    busy = [each.busy_ratio for each in sample.instances or () if each.key == model.key]
    busy_percent = next((100 * ratio for ratio in busy if ratio is not None), None)
    return {
        "Version": printable(model.key.version),
        "Req/s": _cell(per_s(deltas.request_count, sample.elapsed_s), "{:.1f}"),
        "Queue ms": _cell(deltas.queue_ms, "{:.2f}"),
        "Infer ms": _cell(deltas.infer_ms, "{:.2f}"),
        "Batch": _cell(deltas.batch_size, "{:.1f}"),
        "Pending": _cell(model.pending_count, "{:d}"),
        "Failed": _cell(deltas.failure_count, "{:d}"),
        "Busy %": _cell(busy_percent, "{:.0f}"),
    }


def _cell(value: float | None, form: str) -> str:
    return UNKNOWN if value is None else form.format(value)


def _row(cells: dict[str, str], columns: tuple[Column, ...]) -> Line:
    return tuple(
        Span(
            f"{cut(cells['Model'], column.width - 2):<{column.width}}"
            if column.name == "Model"
            else f"{cells[column.name]:>{column.width - 1}} "
        )
        for column in columns
    )
