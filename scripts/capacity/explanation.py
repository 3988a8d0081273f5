"""The arithmetic of a plan, division by division."""

from collections.abc import Iterator, Sequence

from benchmarks.tables import aligned
from scripts.capacity.law import Law, asked
from scripts.capacity.measured import Measurement
from scripts.capacity.plan import NETWORK_IN, NETWORK_OUT, Plan, Provided, Wish
from scripts.capacity.words import RESOURCES, bits, number, origin_word, percent


def explanation(runs: Sequence[Measurement], demands: Law, wish: Wish, made: Plan) -> Iterator[str]:
    for run in runs:
        yield from _run(run)
    yield "What a frame takes:"
    yield f"  gateway {ms(demands.gateway_cpu_s)} and Triton {ms(demands.triton_cpu_s)} of a core"
    if demands.gpu_s is not None:
        yield f"  {ms(demands.gpu_s)} of a GPU"
    if demands.triton_server_s is not None:
        yield f"  {ms(demands.triton_server_s)} of a Triton server as it was configured"
    yield "How full each may get:"
    for name, limit in demands.limits.items():
        if asked(name, demands):
            yield f"  {RESOURCES[name]} {percent(limit.ratio)}: {origin_word(limit)}"
    yield (
        f"Load: {number(wish.cameras)} cameras ÷ {wish.interval_s:g} s = "
        f"{number(made.frames_per_s)} frames/s; ÷ (1 − {wish.headroom_ratio:g}) = "
        f"{number(made.sized_per_s)}"
    )
    for tier in made.tiers:
        yield f"{tier.name}: {number(tier.hosts)} hosts, the most of what any line asks for"
        for one in tier.provided:
            yield f"  {_division(one, made.sized_per_s)}"


def _run(run: Measurement) -> Iterator[str]:
    yield f"{run.source}: what it carried, on {run.cores} cores with {run.workers} gateway workers"
    rows = [["cameras", "frames/s", "gateway ms", "Triton ms", "generator ms", "processors"]]
    for point in run.points:
        generator = point.generator_cpu_s
        rows.append(
            [
                number(point.cameras),
                f"{point.frames_per_s:.1f}",
                f"{point.gateway_cpu_s * 1000:.2f}",
                f"{point.triton_cpu_s * 1000:.2f}",
                "-" if generator is None else f"{generator * 1000:.2f}",
                percent(point.processors_ratio),
            ]
        )
    yield aligned(rows)
    if run.broke_at is not None and run.full is not None:
        yield f"{number(run.broke_at)} were too many: full: {RESOURCES[run.full]}."


def _division(one: Provided, sized_per_s: float) -> str:
    network = one.what in (NETWORK_IN, NETWORK_OUT)
    demand = f"{one.demand / 1000:,.1f} kB" if network else ms(one.demand)
    needed = bits(one.needed) if network else number(one.needed)
    each = bits(one.per_host) if network else number(one.per_host)
    return (
        f"{one.what}: {number(sized_per_s)}/s × {demand} ÷ {one.limit.ratio:.3g} = {needed}; "
        f"each host has {each}"
    )


def ms(seconds: float) -> str:
    return f"{seconds * 1000:.3g} ms"
