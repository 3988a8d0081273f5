"""`python -m benchmarks.precision`, in .venv-torch: speed and drift of a graph's precisions."""

import argparse
import dataclasses
import datetime
import hashlib
import json
import os
import platform
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.precision.figures import Call, Cell, drift_table, figures, speed_table
from benchmarks.precision.runtimes import Pictures, Run, in_onnx_runtime, in_openvino
from scripts.efficient_fiqa import graph
from scripts.efficient_fiqa.drift import Drift, Scores, drift
from scripts.efficient_fiqa.pictures import made_pictures

PROJECT = Path(__file__).resolve().parent.parent.parent
CPU_FLAGS = ("avx2", "avx512f", "avx512_vnni", "avx512_bf16", "amx_bf16", "amx_int8")
TOOLS = ("numpy", "onnx", "onnxruntime", "openvino")
THREADS = (1, 2)
BATCH_SIZES = (1, 8)
CALIBRATION_PICTURES = 48


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="python -m benchmarks.precision",
        description="Measure a quality model's ONNX file in fp32, in OpenVINO's default precision "
        "and in INT8, with one and two threads, one picture at a time and eight, in rounds in "
        "which all take turns. Scores are compared over crops of the project's photographs.",
    )
    made.add_argument(
        "model", type=Path, help="an fp32 ONNX file: image uint8 [N,352,352,3] to score [N,1]"
    )
    made.add_argument("--rounds", type=int, default=5, help="default: 5")
    made.add_argument("--calls", type=int, default=20, help="per round (default: 20)")
    made.add_argument("--pictures", type=int, default=48, help="for the drift (default: 48)")
    made.add_argument("--json", type=Path, metavar="PATH", help="write every figure here")
    return made


def main() -> int:
    given = parser().parse_args()
    if not given.model.is_file():
        print(f"There is no file {given.model}. Import or train a model first.", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as scratch:
        int8 = Path(scratch, "int8.onnx")
        print("Making the INT8 graph.", flush=True)
        graph.quantise(given.model, int8, made_pictures(CALIBRATION_PICTURES, 0))
        runs, precisions = _runs(given.model, int8)
        print(f"Measuring {len(runs) * len(BATCH_SIZES)} ways in {given.rounds} rounds.")
        speed = figures(_timed(runs, given.rounds, given.calls))
        drifts = _drifts(runs, made_pictures(given.pictures, 1))
    random_weights = _random_weights(given.model)
    report = {
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "machine": {"cores": os.cpu_count(), "processor": platform.machine()} | _cpu(),
        "versions": {"python": platform.python_version()} | {name: version(name) for name in TOOLS},
        "model": {
            "file": given.model.name,
            "sha256": hashlib.sha256(given.model.read_bytes()).hexdigest(),
            "random_weights": random_weights,
        },
        "openvino_precisions": precisions,
        "rounds": given.rounds,
        "calls": given.calls,
        "speed": [dataclasses.asdict(figure) for figure in speed],
        "drift": [
            {"runtime": runtime, "precision": precision} | dataclasses.asdict(found)
            for (runtime, precision), found in drifts.items()
        ],
    }
    of = ", random weights: it says nothing of trained ones" if random_weights else ""
    print(f"\nOpenVINO's default precision here: {precisions['default']}\n")
    print(speed_table(speed))
    print(f"\nDrift of the score from ONNX Runtime in fp32, {given.pictures} pictures{of}\n")
    print(drift_table(drifts))
    if given.json:
        given.json.parent.mkdir(parents=True, exist_ok=True)
        given.json.write_text(json.dumps(report, indent=1) + "\n")
    return 0


def _runs(fp32: Path, int8: Path) -> tuple[dict[tuple[str, str, int], Run], dict[str, str]]:
    """(runtime, precision, threads) → the way; precision → what OpenVINO says it runs in."""
    runs: dict[tuple[str, str, int], Run] = {}
    precisions = {}
    for threads in THREADS:
        runs["ONNX Runtime", "fp32", threads] = in_onnx_runtime(fp32, threads=threads)
        runs["ONNX Runtime", "int8", threads] = in_onnx_runtime(int8, threads=threads)
        for precision, path, hint in (
            ("fp32", fp32, "f32"),
            ("default", fp32, None),
            ("int8", int8, "f32"),
        ):
            run, precisions[precision] = in_openvino(path, threads=threads, precision=hint)
            runs["OpenVINO", precision, threads] = run
    return runs, precisions


def _timed(
    runs: dict[tuple[str, str, int], Run], rounds: int, calls: int
) -> dict[Cell, list[list[Call]]]:
    """Each call's times; the ways take turns, so that a slow minute is everybody's."""
    pictures = made_pictures(max(BATCH_SIZES), 2)
    cells = {
        Cell(runtime, precision, threads, size): (run, pictures[:size])
        for size in BATCH_SIZES
        for (runtime, precision, threads), run in runs.items()
    }
    taken: dict[Cell, list[list[Call]]] = {cell: [] for cell in cells}
    for number in range(rounds):
        started_s = time.monotonic()
        for cell, (run, batch) in cells.items():
            run(batch)  # shapes are settled and caches warm
            taken[cell].append([_call(run, batch) for _ in range(calls)])
        print(f"round {number + 1}: {time.monotonic() - started_s:.0f} s", flush=True)
    return taken


def _call(run: Run, batch: Pictures) -> Call:
    started_s, cpu_s = time.perf_counter(), time.process_time()
    run(batch)
    return Call((time.perf_counter() - started_s) * 1000, (time.process_time() - cpu_s) * 1000)


def _drifts(
    runs: dict[tuple[str, str, int], Run], pictures: Pictures
) -> dict[tuple[str, str], Drift]:
    scores: dict[tuple[str, str], Scores] = {
        (runtime, precision): np.concatenate([run(picture[None]) for picture in pictures])
        for (runtime, precision, threads), run in runs.items()
        if threads == 1
    }
    reference = scores["ONNX Runtime", "fp32"]
    return {way: drift(found, reference) for way, found in scores.items()}


def _random_weights(model: Path) -> bool | None:
    """What the file beside it says; None where there is none."""
    beside = model.parent / "provenance.json"
    if not beside.is_file():
        return None
    said: bool | None = json.loads(beside.read_text()).get("random_weights")
    return said


def _cpu() -> dict[str, Any]:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return {"cpu": None, "flags": None}
    said = {key.strip(): value.strip() for key, _, value in (li.partition(":") for li in lines)}
    flags = said.get("flags", "").split()
    return {"cpu": said.get("model name"), "flags": [one for one in CPU_FLAGS if one in flags]}


if __name__ == "__main__":
    sys.exit(main())
