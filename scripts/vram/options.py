"""The command line of scripts.benchmark_vram."""

import argparse
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from backend.enrichment.catalog import Catalog
from backend.enrichment.model_spec import ModelSpec
from scripts._stack import PROJECT
from scripts.vram.troubles import UsageError
from scripts.zoo_models.places import REPOSITORY
from scripts.zoo_models.standins import DEVICES, Device

REPORT = PROJECT / "docs/vram-benchmark.md"

_DESCRIPTION = """\
Load every enabled model of the zoo's catalogue into a real Triton, one after the other: how long
that takes, how much memory it holds after the load and after inference of one picture and of the
largest batch, and what comes back when it is unloaded.
"""
_EPILOG = """\
A Triton of the benchmark's own is started for it, with stand-ins for models whose weights are not
there, unless --triton names one that runs on this machine. The memory is the GPU's, as NVML or
nvidia-smi say; without a GPU it is the host's, of the models' processes.

exit codes: 0 every model was measured, 1 some was not or nothing could be, 2 wrong flags,
130 stopped by Ctrl-C: what was measured until then is written.
"""


@dataclass(frozen=True)
class Given:
    """A Triton that runs already."""

    host: str
    port: int
    token: str


@dataclass(frozen=True)
class Options:
    """
    Attributes:
        specs: of the models, in the catalogue's order.
        given: None for a Triton of the benchmark's own.
        repository: of the models, for a Triton of the benchmark's own.
        kind: of stand-ins that are written.
        json: None for a new file in var/bench/.
    """

    specs: tuple[ModelSpec, ...]
    given: Given | None
    repository: Path
    kind: Device | None
    requests: int
    report: Path
    json: Path | None
    update_catalog: bool
    allow_stand_ins: bool


def read(arguments: Sequence[str] | None, catalog: Catalog) -> Options:
    """
    Raises:
        UsageError: flags that do not go together, or a token that is not there.
        SystemExit: as argparse has it.
    """
    parsed = parser(catalog).parse_args(arguments)
    if parsed.control_token_env and not parsed.triton:
        raise UsageError("--control-token-env is for a Triton that --triton names.")
    if parsed.triton and (parsed.repository or parsed.kind):
        raise UsageError(
            "--repository and --kind are for a Triton of the benchmark's own: leave them out, or "
            "leave out --triton."
        )
    if parsed.allow_stand_ins and not parsed.update_catalog:
        raise UsageError("--allow-stand-ins says what --update-catalog may write: say both.")
    return Options(
        specs=tuple(
            spec
            for name, spec in catalog.items()
            if spec.enabled and (not parsed.model or name in parsed.model)
        ),
        given=_given(parsed.triton, parsed.control_token_env) if parsed.triton else None,
        repository=parsed.repository or REPOSITORY,
        kind=parsed.kind,
        requests=parsed.requests,
        report=parsed.report,
        json=parsed.json,
        update_catalog=parsed.update_catalog,
        allow_stand_ins=parsed.allow_stand_ins,
    )


def parser(catalog: Catalog) -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="python -m scripts.benchmark_vram",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    enabled = [name for name, spec in catalog.items() if spec.enabled]
    made.add_argument(
        "--model",
        action="append",
        choices=enabled,
        metavar="NAME",
        help="this one; may be repeated; default: all that the catalogue enables",
    )
    made.add_argument("--triton", metavar="HOST:PORT", help="gRPC of one that runs already")
    made.add_argument(
        "--control-token-env", metavar="NAME", help="variable that has its token of model control"
    )
    made.add_argument(
        "--repository", type=Path, metavar="DIR", help="of the models; default: var/models"
    )
    made.add_argument(
        "--kind", choices=DEVICES, help="whose memory the stand-ins fill; default: as they are"
    )
    made.add_argument(
        "--requests",
        type=_positive,
        default=3,
        help="inferences at each size of batch; default %(default)s",
    )
    made.add_argument(
        "--report",
        type=Path,
        default=REPORT,
        metavar="FILE",
        help="default: docs/vram-benchmark.md",
    )
    made.add_argument("--json", type=Path, metavar="FILE", help="default: a new one in var/bench/")
    made.add_argument(
        "--update-catalog",
        action="store_true",
        help="write the sizes where the zoo reads them for admission",
    )
    made.add_argument(
        "--allow-stand-ins", action="store_true", help="write those of stand-ins, too"
    )
    return made


def _given(address: str, variable: str | None) -> Given:
    match = re.fullmatch(r"([^\s/:]+|\[[0-9a-fA-F:]+\]):(\d{1,5})", address)
    if match is None or not 0 < int(match[2]) < 2**16:
        raise UsageError(f"--triton is host:port, as in 127.0.0.1:8001, and not {address!r}.")
    token = os.environ.get(variable, "") if variable else ""
    if variable and not token:
        raise UsageError(f"The variable {variable}, which --control-token-env names, is not set.")
    return Given(match[1], int(match[2]), token)


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("at least 1")
    return number
