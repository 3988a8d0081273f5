"""`make bench-loadgen`: what one process of the load tester can send, and what it weighs."""

import argparse
import http.client
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from benchmarks.figures import Spread, Target, ratio, spread
from benchmarks.loadgen.figures import Look, Rate, growth_mb_per_100k, rate_of_summary
from benchmarks.processes import HOST, Processes, clean_environment, free_port, wait_answering
from benchmarks.rounds import progress
from benchmarks.session import add_common_flags, finish, run_to_the_end
from benchmarks.tables import aligned, shown, targets_table
from benchmarks.usage import pss_mb
from scripts._stack import PROJECT, StackError, say

# As many as are under way at a time; the interval only keeps them from waiting.
FLAT_OUT = ("16", "--think-time=0.001", "--warmup=1")
TITLES = {
    "loadtest": "the load tester",
    "locust": "Locust's FastHttpUser, unchecked",
    "library": "geventhttpclient in a loop, unchecked",
}
LOOK_EVERY_S = 5.0
MOST_RAMP_S = 300.0
LEAST_PER_CORE_S, MOST_GROWTH_MB = 1000.0, 3.0


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(prog="make bench-loadgen", description=__doc__)
    made.add_argument("--rounds", type=int, default=3, help="default 3")
    made.add_argument("--seconds", type=float, default=5.0, help="per measurement; default 5")
    made.add_argument("--users", type=int, default=5000, help="whose memory is read; default 5000")
    made.add_argument(
        "--minutes", type=float, default=1.0, help="over which memory is watched; default 1"
    )
    made.add_argument(
        "--think-time", type=float, default=10.0, help="of those users, in seconds; default 10"
    )
    add_common_flags(made)
    return made


def run(options: argparse.Namespace) -> int:
    with trivial_server() as port:
        rates: dict[str, list[Rate]] = {name: [] for name in TITLES}
        for number in range(1, options.rounds + 1):
            for name, found in rates.items():
                progress(f"round {number} of {options.rounds}: {TITLES[name]}")
                found.append(measure(name, port, options.seconds))
        looks = watch_memory(port, options)
    own, *others = TITLES
    say(rates_table(rates))
    for other in others:
        quotients = ratio(per_core(rates[own]), per_core(rates[other]))
        say(f"frames per core second beside {TITLES[other]}: {shown(quotients, 2)}")
    growth = growth_mb_per_100k(looks)
    say(memory_table(looks))
    targets = [
        Target.over_rounds(
            "frames per core second", spread(per_core(rates[own])), LEAST_PER_CORE_S, True
        ),
        Target("growth per 100,000 samples", growth, MOST_GROWTH_MB, False, " MB"),
    ]
    say("\n" + targets_table(targets))
    figures: dict[str, Any] = {
        "rates": {name: [rate._asdict() for rate in found] for name, found in rates.items()},
        "memory": [look._asdict() for look in looks],
        "growth_mb_per_100k": growth,
    }
    return finish("loadgen", options, figures, targets)


@contextmanager
def trivial_server() -> Iterator[int]:
    """A server that does next to nothing, in a process of its own."""
    port = free_port()
    with Processes() as own:
        command = [sys.executable, "-m", "benchmarks.loadgen.server", str(port)]
        wait_answering(own.start("trivial-server", command, {}), port, "/health/ready")
        yield port


def measure(name: str, port: int, seconds: float) -> Rate:
    """One candidate flat out."""
    if name != "loadtest":
        command = [sys.executable, "-m", "benchmarks.loadgen.peers", name, str(port), str(seconds)]
        return Rate(**json.loads(finished(command)))
    with tempfile.TemporaryDirectory() as folder:
        summary = Path(folder) / "run/summary.json"
        # It exits with 4 because it finds itself saturated, which is what is wanted here.
        finished(loadtest(port, summary.parent, f"--stage-duration={seconds}", *FLAT_OUT), 0, 4)
        return rate_of_summary(json.loads(summary.read_text()))


def finished(command: list[str], *good: int) -> str:
    """Run it to its end; returns what it printed."""
    done = subprocess.run(
        command, cwd=PROJECT, env=clean_environment(), capture_output=True, text=True, check=False
    )
    if done.returncode not in (good or (0,)):
        raise StackError(f"{' '.join(command)} ended ({done.returncode}):\n{done.stderr[-2000:]}")
    return done.stdout


def loadtest(port: int, folder: Path, *arguments: str) -> list[str]:
    return [
        *(sys.executable, "-m", "loadtest", f"--host=http://{HOST}:{port}", f"--run-dir={folder}"),
        *("--no-monitor", "--min-samples=0", "--baseline=0", "--recovery=0", *arguments),
    ]


def watch_memory(port: int, options: argparse.Namespace) -> list[Look]:
    """The load tester's memory once all users send, and every few seconds from then on."""
    looks: list[Look] = []
    seconds = options.minutes * 60
    with tempfile.TemporaryDirectory() as folder, Processes() as own:
        command = loadtest(
            port,
            Path(folder) / "run",
            str(options.users),
            f"--think-time={options.think_time}",
            # Longer than it is watched: the reckoning at the end weighs more than the run.
            f"--stage-duration={seconds + MOST_RAMP_S}",
        )
        progress(f"memory: {options.users} users come")
        tester = own.start("loadtest", command, {})
        give_up_s = time.monotonic() + MOST_RAMP_S
        while counters(port)["connections"] < options.users:
            if tester.poll() is not None or time.monotonic() > give_up_s:
                raise StackError(f"{options.users} users did not come:\n{tester.last_words()}")
            time.sleep(1)
        began_s = time.monotonic()
        while not looks or looks[-1].at_s < seconds:
            if looks:
                time.sleep(LOOK_EVERY_S)
            if tester.poll() is not None:
                raise StackError(f"the load tester ended early:\n{tester.last_words()}")
            counted = counters(port)
            looks.append(
                Look(
                    at_s=time.monotonic() - began_s,
                    frames=counted["frames"],
                    connections_opened=counted["opened"],
                    pss_mb=pss_mb(tester.pid),
                )
            )
            progress(f"memory: {looks[-1].pss_mb:.1f} MB after {looks[-1].at_s:.0f} s")
    return looks


def counters(port: int) -> dict[str, int]:
    with closing(http.client.HTTPConnection(HOST, port, timeout=10)) as connection:
        connection.request("GET", "/counters")
        counted: dict[str, int] = json.loads(connection.getresponse().read())
        # This question's own.
        return counted | {"connections": counted["connections"] - 1}


def per_core(rates: Sequence[Rate]) -> list[float]:
    return [rate.per_core_s for rate in rates]


def rates_table(rates: dict[str, list[Rate]]) -> str:
    rows = [["flat out", "frames/s", "frames per core second", "CPU ms per frame"]]
    for name, found in rates.items():
        cpu_ms: Spread | None = spread(1000 / rate.per_core_s for rate in found)
        achieved = spread(rate.per_s for rate in found)
        row = [shown(achieved, 0), shown(spread(per_core(found)), 0), shown(cpu_ms, 3)]
        rows.append([TITLES[name], *row])
    return aligned(rows)


def memory_table(looks: Sequence[Look]) -> str:
    ends = {"all users send": looks[0], "at the end": looks[-1]}
    rows = [["memory", "after s", "frames", "connections opened", "PSS MB"]]
    for title, look in ends.items():
        frames = look.frames - looks[0].frames
        cells = [f"{look.at_s:.0f}", str(frames), str(look.connections_opened)]
        rows.append([title, *cells, f"{look.pss_mb:.1f}"])
    return "\n" + aligned(rows)


def main() -> int:
    options = parser().parse_args()
    return run_to_the_end(lambda: run(options))


if __name__ == "__main__":
    sys.exit(main())
