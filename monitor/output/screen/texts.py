"""What a screen says in words: verdict, diagnosis, GPUs, gateway, processes. Pure."""

from collections.abc import Sequence
from datetime import tzinfo

from monitor.judgement.verdict import Verdict
from monitor.observation import Diagnosis, Growth
from monitor.output.missing import reasons
from monitor.output.screen.parts import (
    BLANK,
    DIM,
    LABEL_WIDTH,
    Line,
    Part,
    Span,
    flowing,
    line,
    wrapped,
)
from monitor.output.table import UNKNOWN, clock, gpu_label
from monitor.sample import GatewayActivity, GpuReading, ProcessReading, Sample

TITLE = "Framegate monitor"
# The background carries the colour, so that it is legible on dark and on light.
LEVEL_STYLES = {
    "healthy": "black on green",
    "degraded": "black on yellow",
    "overloaded": "bold bright_white on red",
    "unknown": "reverse",
}
# Bits of NVML's clocks event reasons.
SLOWED_BY = {
    0x4: "power limit",
    0x8: "hardware",
    0x20: "heat",
    0x40: "heat",
    0x80: "power supply",
}


def title(samples: Sequence[Sample], now_s: float, timezone: tzinfo | None) -> Line:
    answered_s = [sample.wall_s for sample in samples if sample.models is not None]
    age = (
        f"Triton answered {_age(now_s - answered_s[-1])} ago"
        if answered_s
        else "Triton has not answered"
    )
    time = clock(samples[-1].wall_s, timezone)
    return Span(TITLE, "bold"), Span(f"  {time}  "), Span(age, DIM)


def _age(seconds: float) -> str:
    seconds = max(seconds, 0.0)
    return f"{seconds:.1f} s" if seconds < 60 else f"{seconds / 60:.0f} min"


def verdict_line(verdict: Verdict) -> Line:
    return Span(f" {verdict.level} ", LEVEL_STYLES[verdict.level]), Span(f"  {verdict.rule}")


def diagnosis_parts(section: int, diagnosis: Diagnosis, width: int) -> list[Part]:
    parts = [Part(section, 92, tuple(wrapped(diagnosis.sentence, width, 3)))]
    for number, sentence in enumerate(diagnosis.evidence):
        lines = wrapped(sentence, width, 2, indent="  ", style=DIM)
        parts.append(Part(section, 76 - 5 * number, tuple(lines)))
    return parts


def growth_parts(section: int, growths: Sequence[Growth], width: int) -> list[Part]:
    parts = []
    for growth in growths:
        lines = wrapped(growth.sentence, width - len(" grows   "), 2) or [BLANK]
        if not growth.alarming:
            parts.append(Part(section, 62, tuple(lines)))
            continue
        marked = (Span(" grows ", LEVEL_STYLES["overloaded"]), Span("  "))
        first, *others = lines
        parts.append(Part(section, 86, (marked + first, *others)))
    return parts


def gpu_parts(section: int, gpus: Sequence[GpuReading]) -> list[Part]:
    """A line each, of which the first is worth most."""
    return [Part(section, 84 - number, (_gpu_line(gpu),)) for number, gpu in enumerate(gpus)]


def _gpu_line(gpu: GpuReading) -> Line:
    used, total = gpu.memory_used_bytes, gpu.memory_total_bytes
    facts = []
    if gpu.utilization_percent is not None:
        facts.append(f"{gpu.utilization_percent} %")
    if used is not None:
        of_total = f" of {total // 2**20}" if total else ""
        kind = " unified memory" if gpu.memory_is_unified else ""
        facts.append(f"{used // 2**20}{of_total} MB{kind}")
    if gpu.power_mw is not None:
        limit = f" of {gpu.power_limit_mw / 1000:.0f}" if gpu.power_limit_mw else ""
        facts.append(f"{gpu.power_mw / 1000:.1f}{limit} W")
    if gpu.temperature_celsius is not None:
        facts.append(f"{gpu.temperature_celsius} °C")
    slowed = slowed_by(gpu.clocks_event_reasons)
    return (
        Span(gpu_label(gpu).ljust(LABEL_WIDTH), DIM),
        Span(", ".join(facts) or UNKNOWN),
        Span(f"  slowed by {' and '.join(slowed)}" if slowed else "", "bold"),
        Span(f"  {gpu.name}" if gpu.name else "", DIM),
    )


def slowed_by(clocks_event_reasons: int | None) -> list[str]:
    """What keeps the clocks down, in words; nothing while the card is merely idle."""
    bits = clocks_event_reasons or 0
    return list(dict.fromkeys(word for bit, word in SLOWED_BY.items() if bits & bit))


def gateway_parts(section: int, gateway: GatewayActivity | None, width: int) -> list[Part]:
    if gateway is None:
        return []
    items = [f"{stage} {mean_ms:.1f} ms" for stage, mean_ms in gateway.stage_ms.items()]
    if gateway.total_ms is not None:
        items.append(f"total {gateway.total_ms:.1f} ms")
    if gateway.in_flight_count is not None:
        items.append(f"{gateway.in_flight_count} in flight")
    if gateway.failure_count:
        items.append(f"{gateway.failure_count} failed")
    items += [f"{n} rejected ({code})" for code, n in sorted(gateway.rejected_counts.items()) if n]
    return [Part(section, 80, flowing("Gateway", items or [UNKNOWN], width))]


def process_parts(section: int, sample: Sample, width: int) -> list[Part]:
    items = [_process(reading) for reading in sample.processes]
    if sample.host_cpu_percent is not None:
        items.append(f"host CPU {sample.host_cpu_percent:.0f} %")
    return [Part(section, 74, flowing("Processes", items, width))] if items else []


def _process(reading: ProcessReading) -> str:
    cpu, rss = reading.cpu_percent, reading.rss_bytes
    facts = [f"{cpu:.0f} % of a core"] if cpu is not None else []
    facts += [f"{rss // 2**20} MB"] if rss is not None else []
    return f"{reading.role} {' and '.join(facts) or UNKNOWN}"


def missing_parts(section: int, sample: Sample, width: int) -> list[Part]:
    return [
        Part(section, 78 - 5 * number, tuple(wrapped(f"{what}: {reason}", width, 2, style=DIM)))
        for number, (what, reason) in enumerate(reasons(sample).items())
    ]


def none_yet() -> Line:
    return line("Waiting for the first sample.", DIM)
