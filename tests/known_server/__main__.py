"""A gateway and its Triton of known speed: what a load tester reports can be held against it.

`python -m tests.known_server --port 9000 --metrics-port 9002 --workers 2 --service-ms 20` carries
2 ÷ 20 ms = 100 frames a second, and no more. Every time it tells is one that it caused.
"""

import argparse
import asyncio
import math
import signal
from typing import Any, get_args

from tests.known_server.counters import QueueCountsAs
from tests.known_server.server import Behaviour, KnownServer


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit()) or not 1 <= int(text) <= 65535:
        raise argparse.ArgumentTypeError(f"a port from 1 to 65535, not {text!r}")
    return int(text)


def _workers(text: str) -> int:
    if not (text.isascii() and text.isdigit()) or int(text) < 1:
        raise argparse.ArgumentTypeError(f"a whole number from 1, not {text!r}")
    return int(text)


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise argparse.ArgumentTypeError(f"a whole number from 0, not {text!r}")
    return int(text)


def _milliseconds(text: str) -> float:
    return _number(text, most=60_000.0)


def _ratio(text: str) -> float:
    return _number(text, most=1.0)


def _number(text: str, *, most: float) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 <= value <= most:
        raise argparse.ArgumentTypeError(f"a number from 0 to {most:g}, not {text!r}")
    return value


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(prog="python -m tests.known_server", description=__doc__)
    default = Behaviour()

    def add(name: str, kind: Any, help_text: str) -> None:
        value = getattr(default, name.removeprefix("--").replace("-", "_"))
        made.add_argument(name, type=kind, default=value, help=help_text, metavar="N")

    made.add_argument("--port", type=_port, required=True, help="the gateway's")
    made.add_argument("--metrics-port", type=_port, required=True, help="Triton's metrics")
    add("--workers", _workers, "frames that Triton computes at once")
    add("--service-ms", _milliseconds, "for how long it computes each")
    add("--queue-limit", _count, "frames that may wait for Triton; further ones get 503")
    made.add_argument(
        "--queue-counts-as",
        choices=get_args(QueueCountsAs),
        default=default.queue_counts_as,
        help="which of Triton's times the waiting is counted in",
    )
    add("--before-ms", _milliseconds, "passes before the gateway's clock begins")
    add("--before-workers", _workers, "frames to which that happens at once; default all")
    add("--decode-ms", _milliseconds, "passes in the gateway's stage decode")
    add("--decode-workers", _workers, "frames to which that happens at once; default all")
    add("--burn-cpu-ms", _milliseconds, "CPU time that the gateway burns on each frame")
    add("--fail-ratio", _ratio, "of the frames computed, how many fail")
    made.add_argument("--garbage", action="store_true", help="answer 200 with nonsense")
    return made


async def _until_told(server: KnownServer, port: int, metrics_port: int) -> None:
    serving = asyncio.create_task(server.serve(port, metrics_port))
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, serving.cancel)
    await asyncio.wait([serving])
    if not serving.cancelled():
        serving.result()


def main() -> None:
    options = vars(parser().parse_args())
    port, metrics_port = options.pop("port"), options.pop("metrics_port")
    asyncio.run(_until_told(KnownServer(Behaviour(**options)), port, metrics_port))


if __name__ == "__main__":
    main()
