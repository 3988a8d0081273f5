"""The peers, started as their own documentation starts them, with the gateway's two workers."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from benchmarks import pictures
from benchmarks.candidates import HttpCandidate
from benchmarks.http_wire import post
from benchmarks.lineup import base64_requests
from benchmarks.load import Judge
from benchmarks.peers.work import MODEL_VARIABLE
from benchmarks.processes import HOST, Processes, free_port, wait_answering
from scripts._stack import PROJECT, StackError

ENVIRONMENT = PROJECT / ".venv-peers"
WORKERS = 2
TITLES = {"litserve": "LitServe, base64 JSON", "bentoml": "BentoML, file upload"}
_BOUNDARY = "a-picture-of-the-benchmark"


@dataclass(frozen=True)
class Peer:
    """How one is started and asked.

    Attributes:
        command: what runs it; `{port}` stands for its port.
        variables: its environment beside the work's.
        ready: the path that answers 200 once it works.
        requests: every picture as it takes them.
    """

    command: tuple[str, ...]
    variables: Mapping[str, str]
    ready: str
    requests: Callable[[], list[bytes]]


def uploads() -> list[bytes]:
    """Every picture as a form with one file."""
    head = (
        f"--{_BOUNDARY}\r\n"
        'Content-Disposition: form-data; name="image"; filename="frame.jpg"\r\n'
        "Content-Type: image/jpeg\r\n\r\n"
    ).encode()
    tail = f"\r\n--{_BOUNDARY}--\r\n".encode()
    return [
        post("/quality", head + file + tail, f"multipart/form-data; boundary={_BOUNDARY}")
        for file in pictures.files()
    ]


PEERS = {
    "litserve": Peer(
        command=(
            *(f"{ENVIRONMENT}/bin/python", "-m", "benchmarks.peers.litserve_app"),
            *("--port", "{port}", "--workers", str(WORKERS)),
        ),
        variables={},
        ready="/health",
        requests=lambda: base64_requests("/predict"),
    ),
    "bentoml": Peer(
        command=(
            *(f"{ENVIRONMENT}/bin/bentoml", "serve", "benchmarks.peers.bentoml_app:Quality"),
            *("--host", HOST, "--port", "{port}", "--working-dir", str(PROJECT)),
        ),
        # Its number of workers is in its source. No reports to its makers, no folder at home.
        variables={
            "BENTOML_DO_NOT_TRACK": "True",
            "BENTOML_HOME": str(PROJECT / "var/bentoml"),
        },
        ready="/readyz",
        requests=uploads,
    ),
}


def start_peer(processes: Processes, name: str, model: str, judge: Judge) -> HttpCandidate:
    """Start one with the work of this model; StackError where it does not come up."""
    if not (ENVIRONMENT / "bin/python").exists():
        raise StackError(f"There is no {ENVIRONMENT}: run `make bench-peers`.")
    peer, port = PEERS[name], free_port()
    command = [part.format(port=port) for part in peer.command]
    child = processes.start(name, command, {**peer.variables, MODEL_VARIABLE: model})
    wait_answering(child, port, peer.ready)
    return HttpCandidate(
        name=name,
        title=TITLES[name],
        port=port,
        requests=peer.requests(),
        judge=judge,
        roots={"gateway": child.pid},
    )
