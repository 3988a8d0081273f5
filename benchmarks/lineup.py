"""Who takes part in `make bench`, each with the requests it understands."""

import base64
import json
from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from benchmarks import pictures
from benchmarks.answers import judge_scores
from benchmarks.candidates import Candidate, HttpCandidate, TritonAlone
from benchmarks.http_wire import post
from benchmarks.load import Judge
from benchmarks.processes import Processes
from benchmarks.repository import VARIANTS
from benchmarks.servers import Server, start_gateway, start_reference
from benchmarks.triton import Triton

GATEWAY = "gateway"
TITLES = {
    "reference": "reference",
    "reference-delayed": "reference, queue delay",
    GATEWAY: "this gateway",
    "triton": "Triton alone",
    "triton-shm": "Triton alone, shared memory",
}


@cache
def raw_requests() -> list[bytes]:
    """Every picture as this gateway takes it."""
    return [post("/v1/quality", file, "image/jpeg") for file in pictures.files()]


@cache
def base64_requests(path: str) -> list[bytes]:
    """Every picture as base64 in JSON."""
    bodies = [
        json.dumps({"image": base64.b64encode(file).decode()}).encode() for file in pictures.files()
    ]
    return [post(path, body, "application/json") for body in bodies]


def gateway_candidate(
    processes: Processes, triton: Triton, model: str, judge: Judge
) -> HttpCandidate:
    server = start_gateway(processes, triton, model)
    return _behind(server, GATEWAY, raw_requests(), judge, triton)


def expected_scores(triton: Triton, model: str) -> list[float]:
    """The score of every picture, asked of Triton without a gateway and clipped as it does."""
    triton.load(model)
    scores = (triton.score(model, picture) for picture in pictures.pixels())
    return [min(1.0, max(0.0, score)) for score in scores]


@dataclass(frozen=True)
class LineUp:
    """Starts the candidates of one model before one Triton.

    Attributes:
        inputs: the pictures as perf_analyzer reads them.
    """

    processes: Processes
    triton: Triton
    model: str
    inputs: Path

    def start(self, names: Collection[str]) -> list[Candidate]:
        """Those of these names, in the order of TITLES; no reference where none takes FP32."""
        judge = judge_scores(expected_scores(self.triton, self.model))
        makers: dict[str, Callable[[str], Candidate]] = {
            "reference": lambda name: self._reference(name, f"{self.model}_fp32", judge),
            "reference-delayed": lambda name: self._reference(
                name, f"{self.model}_fp32_delayed", judge
            ),
            GATEWAY: lambda name: gateway_candidate(self.processes, self.triton, self.model, judge),
            "triton": lambda name: self._alone(name, shared_memory=False),
            "triton-shm": lambda name: self._alone(name, shared_memory=True),
        }
        if f"{self.model}_fp32" not in VARIANTS:
            del makers["reference"], makers["reference-delayed"]
        return [make(name) for name, make in makers.items() if name in names]

    def _reference(self, name: str, model: str, judge: Judge) -> Candidate:
        self.triton.load(model)
        server = start_reference(self.processes, self.triton, model)
        return _behind(server, name, base64_requests("/quality"), judge, self.triton)

    def _alone(self, name: str, *, shared_memory: bool) -> Candidate:
        return TritonAlone(
            name, TITLES[name], self.processes, self.triton, self.model, self.inputs, shared_memory
        )


def _behind(
    server: Server, name: str, requests: list[bytes], judge: Judge, triton: Triton
) -> HttpCandidate:
    return HttpCandidate(
        name=name,
        title=TITLES[name],
        port=server.port,
        requests=requests,
        judge=judge,
        roots={"gateway": server.child.pid, "triton": triton.child.pid},
    )
