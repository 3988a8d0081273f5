"""A resident model at one connection: through the gateway, at the zoo, and in Triton alone."""

import argparse
import time
from collections.abc import Mapping, Sequence

from backend.enrichment.model_spec import ModelSpec
from backend.enrichment.tasks.options import Options
from backend.enrichment.tasks.pictures import Tensors
from backend.enrichment.tasks.registry import TASKS
from backend.triton.grpc_server import TritonServer
from benchmarks import pictures
from benchmarks.figures import Spread, Target, difference, percentile_or_none
from benchmarks.rounds import progress
from benchmarks.tables import aligned
from benchmarks.zoo.client import Client
from benchmarks.zoo.operations import Kind, Operation
from benchmarks.zoo.part import Part
from benchmarks.zoo.system import System, Zoo
from scripts._stack import StackError

OVER_TRITON_MS = 5.0
WARM_UP = 10
WAYS = ("gateway", "zoo", "Triton alone")


def measure(zoo: Zoo, system: System, options: argparse.Namespace) -> Part:
    names = [name for name in options.resident_model if name in zoo.catalog] or zoo.smallest(1)
    found = {name: compare(system, zoo.catalog[name], options.requests) for name in names}
    targets = [
        Target(
            f"{name}: {way} beyond Triton alone, p50",
            _median(difference(measured[way], measured["Triton alone"])),
            OVER_TRITON_MS,
            False,
            " ms",
        )
        for name, measured in found.items()
        for way in WAYS[:2]
    ]
    targets += [
        Target(
            f"{name}: gateway, without what is done to the picture",
            _median(difference(own_ms(measured), measured["Triton alone"])),
            None,
            False,
            " ms",
        )
        for name, measured in found.items()
    ]
    return Part(f"A resident model, one connection\n{table(found)}", targets, {"ms": found})


Measured = dict[str, list[float]]


def compare(system: System, spec: ModelSpec, requests: int) -> Measured:
    """Milliseconds by way, in turn; and by stage, as the zoo's answers say."""
    progress(f"resident: {spec.name}")
    files = pictures.files()
    client = Client(system.doors, files)
    triton = system.triton()
    tensors = [ready_tensors(spec, number) for number in range(len(files))]
    measured: Measured = {}
    for number in range(-WARM_UP, requests):
        picture = number % len(files)
        taken = {
            **ask(client, spec.name, picture, direct=False),
            **ask(client, spec.name, picture, direct=True),
            "Triton alone": ask_triton(triton, spec, tensors[picture]),
        }
        if number >= 0:
            for what, milliseconds in taken.items():
                measured.setdefault(what, []).append(milliseconds)
    client.close()
    triton.close()
    return measured


def own_ms(measured: Measured) -> list[float]:
    """Through the gateway, less what decoding, preprocessing and postprocessing took."""
    stages = [measured[f"stage {name}"] for name in ("decode", "preprocess", "postprocess")]
    return [whole - sum(work) for whole, *work in zip(measured["gateway"], *stages, strict=True)]


def ready_tensors(spec: ModelSpec, picture: int) -> Tensors:
    tensors, _ = TASKS[spec.task].preprocess(pictures.pixels()[picture], spec, Options())
    return tensors


def ask(client: Client, name: str, picture: int, *, direct: bool) -> dict[str, float]:
    answer = client.ask(Operation(0, Kind.INFER, (name,), picture, direct=direct))
    if answer.status != 200:
        raise StackError(f"{name}: {answer.error or answer.document}")
    if direct:
        return {"zoo": answer.latency_s * 1000, **_stages(answer.document["timing_ms"])}
    return {"gateway": answer.latency_s * 1000}


def _stages(timing_ms: Mapping[str, float]) -> dict[str, float]:
    return {f"stage {name}": milliseconds for name, milliseconds in timing_ms.items()}


def ask_triton(triton: TritonServer, spec: ModelSpec, tensors: Tensors) -> float:
    began_s = time.perf_counter()
    triton.infer(spec.name, tensors, [output.name for output in spec.outputs], timeout_s=30)
    return (time.perf_counter() - began_s) * 1000


def table(found: Mapping[str, Measured]) -> str:
    columns = [*WAYS, *sorted({what for one in found.values() for what in one} - set(WAYS))]
    rows = [
        [name, *(_shown(measured.get(what, [])) for what in columns)]
        for name, measured in found.items()
    ]
    return aligned([["p50 ms", *(what.removeprefix("stage ") for what in columns)], *rows])


def _shown(values: Sequence[float]) -> str:
    median = percentile_or_none(sorted(values), 50)
    return "-" if median is None else f"{median:.2f}"


def _median(differences: Spread | None) -> float | None:
    return differences.median if differences else None
