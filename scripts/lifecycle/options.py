"""The command line of scripts.benchmark_lifecycle."""

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from scripts.lifecycle.errors import UsageError
from scripts.lifecycle.kinds import Kind
from scripts.lifecycle.metrics import Isolation

_DESCRIPTION = """\
Measure what loading and unloading a model costs: cold and warm load, first inference, unload, how
much memory comes back and what is left after several cycles. Each kind of model is measured in the
application's own process with garbage collection, in a subprocess that is ended, and in Triton.
"""
_EPILOG = """\
examples:
  make benchmark-lifecycle
  make benchmark-lifecycle ARGS="--kind embedding --way process --cycles 20"
  make benchmark-lifecycle ARGS="--model-dir embedding=/models/all-MiniLM-L6-v2"

Without --model-dir a kind's network is built from its configuration, with random weights: its
times and sizes are those of the real one, its answers mean nothing. Nothing is ever downloaded.

exit status: 0 measured; 1 something could not be measured, or with --check a verdict is bad;
2 the flags do not go together, or a package is missing; 130 stopped by Ctrl-C.
"""
_LEAST_CYCLES = 2


@dataclass(frozen=True)
class Options:
    """What is asked for.

    Attributes:
        folders: of real models, by kind.
        models: to plan memory for.
        device: of PyTorch; None for a GPU where there is one.
        out: folder of the report; None for a new one in var/bench/.
        check: a bad verdict is a failure.
    """

    kinds: tuple[Kind, ...]
    isolations: tuple[Isolation, ...]
    cycles: int
    folders: Mapping[Kind, Path]
    models: int
    device: str | None
    out: Path | None
    check: bool


def read(arguments: Sequence[str] | None = None) -> Options:
    """
    Raises:
        UsageError: flags that do not go together, a folder that holds no model.
    """
    given = _parser().parse_args(arguments)
    if given.cycles < _LEAST_CYCLES:
        raise UsageError(
            f"--cycles must be {_LEAST_CYCLES} or more: the first one is cold, and a leak shows "
            "from one to the next."
        )
    if given.models < 1:
        raise UsageError("--models must be 1 or more.")
    folders = dict(_folder(text) for text in given.model_dir or [])
    kinds = tuple(kind for kind in Kind if not given.kind or kind in given.kind)
    for kind in folders:
        if kind not in kinds:
            raise UsageError(f"--model-dir names {kind}, which --kind leaves out.")
    return Options(
        kinds=kinds,
        isolations=tuple(one for one in Isolation if not given.way or one in given.way),
        cycles=given.cycles,
        folders=folders,
        models=given.models,
        device=given.device,
        out=given.out,
        check=given.check,
    )


def _folder(text: str) -> tuple[Kind, Path]:
    name, equals, path = text.partition("=")
    if not equals or name not in set(Kind):
        raise UsageError(f"--model-dir {text}: say KIND=PATH, with a kind out of {_listed(Kind)}.")
    folder = Path(path).expanduser().resolve()
    if not (folder / "config.json").is_file():
        raise UsageError(f"--model-dir {text}: there is no config.json in {folder}.")
    return Kind(name), folder


def _listed(names: type[Kind]) -> str:
    return ", ".join(names)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="make benchmark-lifecycle",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--kind", action="append", choices=list(Kind), help="of model; may be repeated"
    )
    parser.add_argument(
        "--way", action="append", choices=list(Isolation), help="of isolation; may be repeated"
    )
    parser.add_argument("--cycles", type=int, default=5, help="of load and unload; default 5")
    parser.add_argument(
        "--model-dir",
        action="append",
        metavar="KIND=PATH",
        help="a model on disk, as save_pretrained writes it; may be repeated",
    )
    parser.add_argument(
        "--models", type=int, default=10, help="held at once, to plan memory for; default 10"
    )
    parser.add_argument(
        "--device", choices=["cpu", "cuda"], help="default: a GPU where PyTorch sees one"
    )
    parser.add_argument(
        "--out", type=Path, metavar="FOLDER", help="of the report; default: var/bench/lifecycle-…"
    )
    parser.add_argument("--check", action="store_true", help="exit with 1 on a bad verdict")
    return parser
