"""A plan, or a prediction beside what was measured, for people and for programs."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from benchmarks.tables import aligned
from scripts.capacity.explanation import explanation
from scripts.capacity.law import Law, asked
from scripts.capacity.measured import Measurement
from scripts.capacity.plan import (
    GPUS,
    WORKER_CONNECTIONS,
    Plan,
    Provided,
    Wish,
    fills,
    workers_needed,
)
from scripts.capacity.prediction import Prediction, predict
from scripts.capacity.surroundings import Redis, Surroundings
from scripts.capacity.words import RESOURCES, amount, bits, number, origin_word, percent

SCHEMA_VERSION = 1


def plan_document(
    runs: Sequence[Measurement], demands: Law, wish: Wish, made: Plan, beside: Surroundings
) -> dict[str, Any]:
    return {
        "schema_version": SCHEMA_VERSION,
        "runs": [asdict(run) for run in runs],
        "law": asdict(demands),
        "wish": asdict(wish),
        "plan": asdict(made),
        "full": [
            {"tier": tier, "what": one.what, "cameras": one.full_at_cameras}
            for tier, one in fills(made)
        ],
        "beside": asdict(beside),
        "notes": list(notes(runs, demands, wish, made)),
    }


def plan_text(
    runs: Sequence[Measurement],
    demands: Law,
    wish: Wish,
    made: Plan,
    beside: Surroundings,
    *,
    explain: bool,
) -> str:
    carried = (
        f"{number(wish.cameras)} cameras at one frame per {wish.interval_s:g} s are "
        f"{number(made.frames_per_s)} frames/s. Hosts are counted for {number(made.sized_per_s)}, "
        f"headroom of {percent(wish.headroom_ratio)} included. Computed, not measured."
    )
    counted = (
        f"Gateway processes: {number(made.gateway_workers)}. "
        f"Triton servers: {number(made.triton_servers)}. GPUs: {number(made.gpus)}."
    )
    lines = [carried, "", aligned(_hosts(made)), "", counted, _power(made)]
    lines += [*_fullness(runs, made, demands), "", *_beside(beside)]
    if explain:
        lines += ["", *explanation(runs, demands, wish, made)]
    lines += ["", *notes(runs, demands, wish, made)]
    return "\n".join(lines).rstrip()


def _hosts(made: Plan) -> list[list[str]]:
    rows = [["", "hosts", "of them spare", "each with"]]
    for tier in made.tiers:
        each = [amount(one) for one in tier.provided if one.what in _SHOWN]
        rows.append([tier.name, number(tier.all_hosts), number(tier.spare_hosts), ", ".join(each)])
    return rows


_SHOWN = ("processors", "gateway workers", GPUS, "Triton servers")


def _power(made: Plan) -> str:
    if not made.gpus:
        return "Power: not measured: there is no GPU, and a load test records none of processors."
    if made.gpu_w is None:
        return "Power: not measured."
    return (
        f"Power: {number(made.gpu_w)} W of GPUs, each as busy as in the run; the rest of the "
        "hosts not measured."
    )


def _fullness(runs: Sequence[Measurement], made: Plan, demands: Law) -> Iterator[str]:
    if demands.lower_bound:
        yield "What gets full first cannot be said: no run has a breaking point."
        return
    for run in runs:
        yield from _full_in(run, demands)
    first, *others = fills(made)
    yield f"First full in the plan: {_filled(*first)}."
    if others:
        yield f"Next: {_filled(*others[0])}."


def _full_in(run: Measurement, demands: Law) -> Iterator[str]:
    if run.full is None:
        return
    others = predict(demands, run.other_cores, run).cameras_by
    # What was merely shown to do says nothing of where it would have been full.
    later = sorted(
        (cameras, name)
        for name, cameras in others.items()
        if name != run.full and demands.limits[name].origin != "shown"
    )
    after = f"; next: {RESOURCES[later[0][1]]} at {number(later[0][0])}" if later else ""
    yield f"Full in {run.source}: {RESOURCES[run.full]} at {run.broke_at} cameras{after}."


def _filled(tier: str, one: Provided) -> str:
    cameras = number(one.full_at_cameras or 0.0)
    return f"{one.what} of the {tier} at {cameras} cameras ({origin_word(one.limit)})"


def _beside(beside: Surroundings) -> Iterator[str]:
    pixels, processes = beside.bytes_to_triton_per_s, beside.generator_processes
    yield "Beside the hosts:"
    yield (
        f"  connections: {number(beside.connections)}, "
        f"{number(beside.per_gateway_host)} at each host with a gateway"
    )
    yield f"  frames: {bits(beside.bytes_in_per_s)}"
    yield f"  pixels from gateways to Tritons: {'not known' if pixels is None else bits(pixels)}"
    yield (
        "  connections from gateway workers to Tritons, for each model: "
        f"{number(beside.triton_connections)}"
    )
    yield f"  Redis, a rate limit: {_redis(beside.redis_rate)}"
    yield f"  Redis, a cache that never hits: {_redis(beside.redis_cache)} more"
    yield f"  Prometheus: {number(beside.series)} series of gateways"
    generators = "not measured" if processes is None else number(processes)
    yield f"  processes of the load tester, to try it: {generators}"


def _redis(used: Redis) -> str:
    commands, of_thread = number(used.commands_per_s), percent(used.thread_ratio)
    return f"{commands} commands/s, {of_thread} of its thread"


def notes(runs: Sequence[Measurement], demands: Law, wish: Wish, made: Plan) -> Iterator[str]:
    """What to bear in mind."""
    for run in runs:
        for note in run.notes:
            yield f"Note: {run.source}: {note}"
    assumed = [
        RESOURCES[name]
        for name, limit in demands.limits.items()
        if limit.origin == "assumed" and asked(name, demands)
    ]
    if assumed:
        yield f"Note: no run has filled {' or '.join(assumed)}: how full they may get is assumed."
    if workers_needed(wish, demands).demand != demands.gateway_cpu_s:
        yield (
            f"Note: connections ask for so many gateway workers, at {number(WORKER_CONNECTIONS)} "
            "each, and not their computing."
        )
    if wish.layout == "split" and wish.tensor_bytes is None:
        yield "Note: what a frame's pixels weigh is not known here: say --tensor-bytes."
    if wish.layout == "split":
        yield (
            "Note: a run with everything on one machine does not show what sending pixels to "
            "another one takes of the processors."
        )
    if abs(wish.frame_bytes / runs[0].frame_bytes - 1) > 0.1:
        yield "Note: larger frames take longer to decode; processors are those of the run's frames."
    if wish.host.cores != runs[0].cores:
        yield (
            f"Note: measured on {runs[0].cores} cores. That {wish.host.cores} do as much each is "
            "assumed: run `make tune` and the load test on such a host before you order any."
        )


def prediction_document(
    runs: Sequence[Measurement], checked: Measurement, demands: Law, predicted: Prediction
) -> dict[str, Any]:
    return {
        "schema_version": SCHEMA_VERSION,
        "runs": [asdict(run) for run in runs],
        "checked": asdict(checked),
        "law": asdict(demands),
        "prediction": asdict(predicted),
    }


def prediction_text(
    runs: Sequence[Measurement], checked: Measurement, predicted: Prediction
) -> str:
    told = ", ".join(
        f"{RESOURCES[name]} at {number(cameras)}"
        for name, cameras in sorted(predicted.cameras_by.items(), key=lambda item: item[1])
    )
    machine = f"{checked.cores} cores, {checked.workers} gateway workers, {checked.gpus} GPUs"
    full = RESOURCES[predicted.measured_full or predicted.first]
    measured = (
        f"{number(predicted.measured_cameras)} cameras, "
        f"{number(predicted.measured_broke_at or 0)} were too many; full: {full}"
    )
    lines = (
        f"From {', '.join(run.source for run in runs)} for {checked.source} ({machine}):",
        f"  predicted: {number(predicted.cameras)} cameras; full: {told}.",
        f"  measured:  {measured}.",
        f"  error:     {predicted.error_percent:+.1f} %.",
    )
    return "\n".join(lines)
