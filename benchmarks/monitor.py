"""`make bench-monitor`: what the monitor itself costs, beside Triton and a gateway under load."""

import argparse
import re
import shutil
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from benchmarks.figures import Target, spread
from benchmarks.http_wire import Response
from benchmarks.lineup import raw_requests
from benchmarks.load import Load, closed_loop, open_loop
from benchmarks.processes import HOST, Processes, clean_environment
from benchmarks.repository import IDLE_MODEL
from benchmarks.rounds import progress
from benchmarks.servers import Server, start_gateway
from benchmarks.session import add_common_flags, finish, run_to_the_end, triton_under_test
from benchmarks.tables import aligned, shown, targets_table
from benchmarks.triton import Triton
from benchmarks.usage import pss_mb
from scripts._stack import PROJECT, StackError, say

# Start, the first scrapes and imports on the way are not what a second costs.
SETTLE_S = 5.0
CALM_PER_S = 50.0
MORE_MODELS = 20
ALONE = ("--triton-http", "off", "--gateway", "off", "--watch", "off")
MOST_PERCENT, MOST_PERCENT_MANY, MOST_MB, MOST_START_S = 1.0, 3.0, 60.0, 0.5
START_WITHIN_S = 20.0


@dataclass(frozen=True)
class Cost:
    """Of one core, and of memory, at a sample a second."""

    name: str
    cpu_percent: float
    pss_mb: float


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(prog="make bench-monitor", description=__doc__)
    made.add_argument("--seconds", type=float, default=40.0, help="watched each; default 40")
    made.add_argument("--starts", type=int, default=10, help="timed starts; default 10")
    add_common_flags(made)
    return made


def run(options: argparse.Namespace) -> int:
    with triton_under_test() as (triton, folder), Processes() as own:
        triton.load(IDLE_MODEL)
        gateway = start_gateway(own, triton, IDLE_MODEL)
        progress(f"{options.starts} starts")
        starts_s = [start_s(triton) for _ in range(options.starts)]
        watch = Watch(triton, gateway, options.seconds)
        costs = [
            watch.cost("Triton's metrics alone", ALONE),
            watch.cost("all sources", ()),
            watch.cost("all sources, on a machine that is full", (), flat_out=True),
        ]
        progress(f"{MORE_MODELS} more models")
        load_more_models(triton, folder / "models")
        costs.append(watch.cost(f"all sources, {MORE_MODELS + 2} models", ()))
    start = spread(starts_s)
    rows = [["at a sample a second", "% of one core", "PSS MB"]]
    rows += [[one.name, f"{one.cpu_percent:.2f}", f"{one.pss_mb:.1f}"] for one in costs]
    say(aligned(rows))
    say(f"\nstart to first line: {shown(start, 2)} s (no GPU)")
    first, many = costs[0], costs[-1]
    targets = [
        Target("CPU, Triton's metrics alone", first.cpu_percent, MOST_PERCENT, False, " %"),
        Target(
            "CPU, many models and the gateway", many.cpu_percent, MOST_PERCENT_MANY, False, " %"
        ),
        Target("memory", max(one.pss_mb for one in costs), MOST_MB, False, " MB"),
        Target.over_rounds("start to first line, s", start, MOST_START_S, False),
    ]
    say("\n" + targets_table(targets))
    figures = {"costs": [asdict(one) for one in costs], "starts_s": starts_s}
    return finish("monitor", options, figures, targets)


def start_s(triton: Triton) -> float:
    """From the command to the first line of the table."""
    words = [sys.executable, "-m", "monitor", "--no-header", "--triton"]
    began_s = time.monotonic()
    with subprocess.Popen(
        [*words, f"http://{HOST}:{triton.metrics_port}"],
        cwd=PROJECT,
        env=clean_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as monitor:
        assert monitor.stdout is not None
        line = monitor.stdout.readline()
        took_s = time.monotonic() - began_s
        monitor.terminate()
    if not re.match(r"\d\d:\d\d:\d\d", line):
        raise StackError(f"the monitor's first line was {line!r}")
    return took_s


@dataclass(frozen=True)
class Watch:
    """The monitor beside a Triton and a gateway that are asked something."""

    triton: Triton
    gateway: Server
    seconds: float

    def cost(self, name: str, flags: tuple[str, ...], *, flat_out: bool = False) -> Cost:
        """Its processor time and memory, once it has settled."""
        progress(f"{name}: {self.seconds:.0f} s")
        with Processes() as own:
            child = own.start("monitor", self._command(*flags), {})
            process = psutil.Process(child.pid)
            self._load(SETTLE_S, flat_out=flat_out)
            before, began_s = process.cpu_times(), time.monotonic()
            load = self._load(self.seconds, flat_out=flat_out)
            after, elapsed_s = process.cpu_times(), time.monotonic() - began_s
            if child.poll() is not None or not load.answers:
                raise StackError(f"the monitor ended:\n{child.last_words()}")
            used_s = after.user + after.system - before.user - before.system
            return Cost(name, 100 * used_s / elapsed_s, pss_mb(child.pid))

    def _command(self, *flags: str) -> list[str]:
        triton, gateway = self.triton, self.gateway
        return [
            *(sys.executable, "-m", "monitor", "--triton", f"http://{HOST}:{triton.metrics_port}"),
            *("--triton-http", f"http://{triton.address}"),
            *("--gateway", f"http://{HOST}:{gateway.port}"),
            *("--watch", f"gateway={gateway.port}", "--watch", f"triton={triton.port}", *flags),
        ]

    def _load(self, seconds: float, *, flat_out: bool) -> Load:
        port, requests = self.gateway.port, raw_requests()
        if flat_out:
            return closed_loop(port, requests, unjudged, connections=16, seconds=seconds)
        schedule = [number / CALM_PER_S for number in range(round(seconds * CALM_PER_S))]
        return open_loop(port, requests, unjudged, schedule, most_connections=16)


def unjudged(picture: int, response: Response) -> None:
    """What is answered matters to other benchmarks."""


def load_more_models(triton: Triton, repository: Path) -> None:
    """As many again under other names, with one instance each."""
    for number in range(MORE_MODELS):
        name = f"{IDLE_MODEL}_{number:02}"
        shutil.copytree(repository / IDLE_MODEL, repository / name)
        config = repository / name / "config.pbtxt"
        config.write_text(re.sub(r"count: \d+", "count: 1", config.read_text()))
        triton.load(name)


def main() -> int:
    options = parser().parse_args()
    return run_to_the_end(lambda: run(options))


if __name__ == "__main__":
    sys.exit(main())
