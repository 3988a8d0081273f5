"""The command line of scripts.plan_capacity."""

import argparse
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from scripts.capacity.plan import Layout

_DESCRIPTION = """\
How many gateways, Tritons and GPUs a number of cameras needs, from load tests that were run.

A run that has found its breaking point says what a frame takes of the processors and the GPU, and
how full they were when the objectives were still met. The rest is arithmetic: frames per second ×
what a frame takes ÷ how full it may get, rounded up to whole machines. Nothing is measured here.
"""
_EPILOG = """\
examples:
  python -m loadtest --find-breaking-point --slo 'p(95)<500,success>=99.9' --run-dir runs/knee
  python -m scripts.plan_capacity runs/knee --cameras 1000 --spare 1
      on machines like the measured one, and one more of each kind
  python -m scripts.plan_capacity runs/knee --cameras 10000 --interval 1 --host-cores 32 --explain
      on larger ones, with every division shown
  python -m scripts.plan_capacity runs/knee --cameras 1000 --layout together --json
      gateway and Triton on every machine; for a program
  python -m scripts.plan_capacity runs/one-worker --check runs/two-workers
      what the first run says of the second's machine, beside what the second carried

A RUN is the folder of a load test or its summary.json. Of several, what asks for more counts.

exit codes: 0 planned, 1 a run cannot be read, 2 usage, 4 the runs do not show what is asked.
"""


@dataclass(frozen=True)
class Options:
    """What is asked for; None: as the run has it.

    Attributes:
        check: the run that is to be predicted; then there are no cameras to plan for.
        assumed_ratio: how full may get what no run has filled.
    """

    runs: tuple[Path, ...]
    check: Path | None
    cameras: int
    interval_s: float | None
    headroom_ratio: float
    spare_hosts: int
    layout: Layout
    host_cores: int | None
    host_gpus: int | None
    nic_gbit_per_s: float
    assumed_ratio: float
    frame_bytes: int | None
    tensor_bytes: int | None
    explain: bool
    as_json: bool


def read(arguments: Sequence[str] | None) -> Options:
    """
    Raises:
        SystemExit: as argparse has it.
    """
    parser = _parser()
    given = parser.parse_args(arguments)
    if (given.cameras is None) == (given.check is None):
        parser.error("say --cameras to plan, or --check to compare with another run")
    return Options(
        runs=tuple(given.runs),
        check=given.check,
        cameras=given.cameras or 0,
        interval_s=given.interval,
        headroom_ratio=given.headroom / 100,
        spare_hosts=given.spare,
        layout=given.layout,
        host_cores=given.host_cores,
        host_gpus=given.host_gpus,
        nic_gbit_per_s=given.nic_gbit,
        assumed_ratio=given.utilisation / 100,
        frame_bytes=given.frame_bytes,
        tensor_bytes=given.tensor_bytes,
        explain=given.explain,
        as_json=given.json,
    )


def _parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="python -m scripts.plan_capacity",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    made.add_argument("runs", nargs="+", type=Path, metavar="RUN", help="what was measured")
    made.add_argument("--cameras", type=_whole(1), metavar="N", help="that are to be carried")
    made.add_argument(
        "--check", type=Path, metavar="RUN", help="predict this run's capacity instead"
    )
    made.add_argument(
        "--interval",
        type=_number("seconds above 0", lambda value: value > 0),
        metavar="S",
        help="between two frames of a camera (as in the run)",
    )
    made.add_argument(
        "--headroom",
        type=_number("percent from 0 and below 100", lambda value: 0 <= value < 100),
        default=20.0,
        metavar="PERCENT",
        help="of what the hosts carry, to stay free (%(default)g)",
    )
    made.add_argument(
        "--spare", type=_whole(0), default=0, metavar="N", help="hosts more of each kind: n+N (0)"
    )
    made.add_argument(
        "--layout",
        choices=("split", "together"),
        default="split",
        help="gateway and Triton on hosts of their own, or both on every host (%(default)s)",
    )
    made.add_argument(
        "--host-cores", type=_whole(1), metavar="N", help="cores of a host (as in the run)"
    )
    made.add_argument(
        "--host-gpus", type=_whole(0), metavar="N", help="GPUs of a Triton host (as in the run)"
    )
    made.add_argument(
        "--nic-gbit",
        type=_number("a number above 0", lambda value: value > 0),
        default=10.0,
        metavar="N",
        help="of a host's network, in Gbit/s each way; assumed, not measured (%(default)g)",
    )
    made.add_argument(
        "--utilisation",
        type=_number("percent above 0, up to 100", lambda value: 0 < value <= 100),
        default=70.0,
        metavar="PERCENT",
        help="how full may get what no run has filled (%(default)g)",
    )
    made.add_argument(
        "--frame-bytes", type=_whole(1), metavar="N", help="of a frame as sent (as in the run)"
    )
    made.add_argument(
        "--tensor-bytes",
        type=_whole(0),
        metavar="N",
        help="of a frame's pixels on their way to Triton (as its model's config.pbtxt has it)",
    )
    made.add_argument("--explain", action="store_true", help="show the arithmetic")
    made.add_argument("--json", action="store_true", help="print one JSON document")
    return made


def _whole(least: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        # More than a billion of anything is a slip of the finger.
        if not (text.isascii() and text.isdigit() and len(text) <= 9) or int(text) < least:
            raise argparse.ArgumentTypeError(f"a whole number from {least}, not {text!r}")
        return int(text)

    return parse


def _number(what: str, holds: Callable[[float], bool]) -> Callable[[str], float]:
    def parse(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not math.isfinite(value) or not holds(value):
            raise argparse.ArgumentTypeError(f"{what}, not {text!r}")
        return value

    return parse
