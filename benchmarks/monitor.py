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
from benchmarks.lineup import raw_requests
from benchmarks.load import closed_loop
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
MORE_MODELS = 20
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
    made.add_argument("--seconds", type=float, default=60.0, help="watched each; default 60")
    made.add_argument("--starts", type=int, default=10, help="timed starts; default 10")
    add_common_flags(made)
    return made


def run(options: argparse.Namespace) -> int:
    with triton_under_test() as (triton, folder), Processes() as own:
        triton.load(IDLE_MODEL)
        gateway = start_gateway(own, triton, IDLE_MODEL)
        progress(f"{options.starts} starts")
        starts_s = [start_s(triton) for _ in range(options.starts)]
        alone = ("--triton-http", "off", "--gateway", "off", "--watch", "off")
        costs = [cost("Triton's metrics alone", triton, gateway, alone, options.seconds)]
        costs.append(cost("with all sources", triton, gateway, (), options.seconds))
        progress(f"{MORE_MODELS} more models")
        load_more_models(triton, folder / "models")
        costs.append(
            cost(f"all sources, {MORE_MODELS + 2} models", triton, gateway, (), options.seconds)
        )
    start = spread(starts_s)
    rows = [["at a sample a second", "% of one core", "PSS MB"]]
    rows += [[one.name, f"{one.cpu_percent:.2f}", f"{one.pss_mb:.1f}"] for one in costs]
    say(aligned(rows))
    say(f"\nstart to first line: {shown(start, 2)} s (no GPU)")
    first, _, many = costs
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


def command(triton: Triton, gateway: Server, *flags: str) -> list[str]:
    return [
        *(sys.executable, "-m", "monitor", "--triton", f"http://{HOST}:{triton.metrics_port}"),
        *(
            "--triton-http",
            f"http://{triton.address}",
            "--gateway",
            f"http://{HOST}:{gateway.port}",
        ),
        *("--watch", f"gateway={gateway.port}", "--watch", f"triton={triton.port}", *flags),
    ]


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


def cost(
    name: str, triton: Triton, gateway: Server, flags: tuple[str, ...], seconds: float
) -> Cost:
    """The monitor's processor time and memory while one connection asks without a pause."""
    progress(f"{name}: {seconds:.0f} s")
    with Processes() as own:
        child = own.start("monitor", command(triton, gateway, *flags), {})
        process = psutil.Process(child.pid)
        load = closed_loop(
            gateway.port, raw_requests(), lambda *_: None, connections=1, seconds=SETTLE_S
        )
        before, began_s = process.cpu_times(), time.monotonic()
        load = closed_loop(
            gateway.port, raw_requests(), lambda *_: None, connections=1, seconds=seconds
        )
        after, elapsed_s = process.cpu_times(), time.monotonic() - began_s
        if child.poll() is not None or not load.answers:
            raise StackError(f"the monitor ended:\n{child.last_words()}")
        used_s = after.user + after.system - before.user - before.system
        return Cost(name, 100 * used_s / elapsed_s, pss_mb(child.pid))


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
