"""Records a real Triton while each thing that can hold it up is brought about on purpose.

The recordings are what the tests of the monitor's diagnosis are held against.
"""

import argparse
import contextlib
import sys
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks import pictures
from benchmarks.connections import Connections, Request
from benchmarks.http_wire import post
from benchmarks.processes import HOST, Processes
from benchmarks.repository import DELAYED, ONE_BY_ONE, Variant, write_repository
from benchmarks.servers import start_gateway
from benchmarks.session import run_to_the_end, triton_under_test
from benchmarks.triton import Triton, inference
from scripts._stack import PROJECT, StackError, say

FOLDER = PROJECT / "tests/data/monitor"
INTERVAL_S, DURATION_S = 0.5, 7.0
# Before the recording begins, so that its first interval is like the others.
SETTLE_S = 1.0
LARGE = (1280, 720)
END_TIMEOUT_S = 30.0
_ONE_INSTANCE = (("count: 2", "count: 1"),)
# A model that takes half a minute must not be warmed up.
_NO_WARM_UP = (
    (
        """model_warmup [ {
  name: "grey"
  batch_size: 1
  inputs { key: "image", value: { data_type: TYPE_UINT8, dims: [ 352, 352, 3 ], zero_data: true } }
} ]
""",
        "",
    ),
)


def _sleeping(ms: int) -> tuple[tuple[str, str], ...]:
    return (("sleep_ms", str(ms)),)


@dataclass(frozen=True)
class Case:
    """A model and its load.

    Attributes:
        requests_at_once: Each is sent again as soon as it is answered.
        pause_s: Before a request is sent again.
    """

    how: str
    variant: Variant
    requests_at_once: int
    pause_s: float = 0.0
    through_gateway: bool = False
    large_pictures: bool = False


CASES = {
    "one_instance": Case(
        "one instance of 10 ms for one picture, 8 requests at once",
        Variant("idle.py", ONE_BY_ONE + _ONE_INSTANCE, _sleeping(10)),
        8,
    ),
    "slow_model": Case(
        "two instances of 200 ms, 8 requests at once",
        Variant("idle.py", ONE_BY_ONE, _sleeping(200)),
        8,
    ),
    "queue_delay": Case(
        "a batcher that waits 100 ms for company, 2 requests at once",
        Variant("idle.py", DELAYED, _sleeping(2)),
        2,
    ),
    "few_requests": Case(
        "a request every 100 ms", Variant("idle.py", (), _sleeping(2)), 1, pause_s=0.1
    ),
    "stalled_model": Case(
        "a model that takes a minute, 6 requests at once",
        Variant("idle.py", ONE_BY_ONE + _NO_WARM_UP, _sleeping(60_000)),
        6,
    ),
    "full_gateway": Case(
        "a model without work behind the gateway, 64 requests at once",
        Variant("idle.py"),
        64,
        through_gateway=True,
    ),
    "large_pictures": Case(
        "a model without work behind the gateway, pictures of 1280 × 720, 32 requests at once",
        Variant("idle.py"),
        32,
        through_gateway=True,
        large_pictures=True,
    ),
}


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(prog="python -m scripts.record_causes", description=__doc__)
    made.add_argument(
        "--only", action="append", choices=list(CASES), help="this one; may be repeated"
    )
    made.add_argument(
        "--folder",
        type=Path,
        default=FOLDER,
        help=f"where the recordings go; default {FOLDER.relative_to(PROJECT)}",
    )
    return made


def record_all(names: Sequence[str], folder: Path) -> int:
    folder.mkdir(parents=True, exist_ok=True)
    for number, name in enumerate(names, 1):
        case = CASES[name]
        say(f"{number} of {len(names)}: {case.how}")
        # One Triton each: nothing of one case is in the counters of the next.
        with triton_under_test() as (triton, scratch), Processes() as own:
            write_repository(scratch / "models", {name: case.variant})
            triton.load(name)
            record(name, case, triton, own, folder / f"{name}.jsonl")
    return 0


def record(name: str, case: Case, triton: Triton, own: Processes, file: Path) -> None:
    port, requests = triton.port, _requests_to_triton(name)
    watched, gateway = [f"--watch=triton={triton.port}"], "off"
    if case.through_gateway:
        port = start_gateway(own, triton, name).port
        files = [pictures.camera_file(LARGE)] if case.large_pictures else pictures.files()
        requests = [post("/v1/quality", file, "image/jpeg") for file in files]
        watched.append(f"--watch=gateway={port}")
        gateway = f"http://{HOST}:{port}"
    command = [
        *(sys.executable, "-m", "monitor", "record", str(file.resolve())),
        *("--interval", str(INTERVAL_S), "--duration", str(DURATION_S)),
        *("--triton", f"http://{HOST}:{triton.metrics_port}"),
        *("--triton-http", f"http://{triton.address}", "--gateway", gateway, *watched),
    ]
    with loaded(port, requests, case) as over:
        over.wait(SETTLE_S)
        monitor = own.start("monitor", command, {})
        for _ in range(round(END_TIMEOUT_S / SETTLE_S)):
            if monitor.poll() is not None:
                break
            over.wait(SETTLE_S)
    if monitor.poll() != 0:
        raise StackError(f"The monitor did not record {name}:\n{monitor.last_words()}")


def _requests_to_triton(model: str) -> list[bytes]:
    made = []
    for pixels in pictures.pixels()[:4]:
        body, headers = inference(pixels)
        path = f"/v2/models/{model}/infer"
        made.append(post(path, body, "application/octet-stream", headers))
    return made


@contextlib.contextmanager
def loaded(port: int, requests: Sequence[bytes], case: Case) -> Iterator[threading.Event]:
    """Within, the load goes on; who sets the event ends it."""
    over = threading.Event()
    load = threading.Thread(target=_drive, args=(port, requests, case, over))
    load.start()
    try:
        yield over
    finally:
        over.set()
        load.join()


def _drive(port: int, requests: Sequence[bytes], case: Case, over: threading.Event) -> None:
    with Connections(port) as under_way:
        sent = 0
        while not over.is_set():
            while under_way.busy < case.requests_at_once:
                picture = sent % len(requests)
                under_way.send(Request(requests[picture], picture, 0.0))
                sent += 1
            if under_way.wait(SETTLE_S):
                over.wait(case.pause_s)


def main() -> int:
    options = parser().parse_args()
    return run_to_the_end(lambda: record_all(options.only or list(CASES), options.folder))


if __name__ == "__main__":
    sys.exit(main())
