"""The command line of scripts.fetch_models."""

import argparse
import difflib
import os
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from scripts.fetching import hub, pins
from scripts.fetching.errors import UsageError
from scripts.fetching.stream import Hub, check_address
from scripts.zoo_models.places import REPOSITORY

DOWNLOADS = REPOSITORY.parent / "downloads"

_DESCRIPTION = """\
Get the weights of the zoo's models from their sources, convert them to ONNX, check them against
their row of the catalogue, and put them where Triton finds them, in place of a stand-in. A fetch
that was stopped goes on where it was; one that fails changes nothing.
"""
_EPILOG = """\
examples:
  .venv-torch/bin/python -m scripts.fetch_models --list
  .venv-torch/bin/python -m scripts.fetch_models pet-classifier vit-age-classifier
  .venv-torch/bin/python -m scripts.fetch_models --all --kind gpu
  .venv-torch/bin/python -m scripts.fetch_models paddleocr --file en_PP-OCRv4_rec.onnx

HF_TOKEN in the environment is sent to the hub, for models that are not open to everybody.
Whether you may use a model is between you and its owner: --list shows the licences.
"""


@dataclass(frozen=True)
class Options:
    """What is asked for.

    Attributes:
        names: models of the catalogue, in its order.
        file: weights that are here already, of the one model that is named.
        lock: where revisions are remembered.
    """

    names: tuple[str, ...]
    list_only: bool
    repository: Path
    downloads: Path
    hub: Hub
    keep_downloads: bool
    force: bool
    file: Path | None
    kind: Literal["KIND_CPU", "KIND_GPU"]
    lock: Path = pins.LOCK


def read(arguments: list[str] | None, known: Collection[str]) -> Options:
    """
    Raises:
        UsageError: flags that do not go together, or a model that nobody knows.
    """
    given = _parser().parse_args(arguments)
    for name in given.names:
        if name not in known:
            raise UsageError(f"There is no model {name!r}.{_near(name, known)}")
    if given.all and given.names:
        raise UsageError("Name models or say --all, not both.")
    if not (given.all or given.names or given.list):
        raise UsageError("Name the models to fetch, or say --all. --list shows them.")
    if given.file is not None and len(given.names) != 1:
        raise UsageError("--file is one model's: name that model, and no other.")
    return Options(
        names=tuple(name for name in known if given.all or name in given.names),
        list_only=given.list,
        repository=given.repository,
        downloads=given.downloads,
        hub=Hub(check_address(given.hub), os.environ.get("HF_TOKEN") or None),
        keep_downloads=given.keep_downloads,
        force=given.force,
        file=given.file,
        kind="KIND_GPU" if given.kind == "gpu" else "KIND_CPU",
        lock=given.lock,
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m scripts.fetch_models",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="models of the catalogue")
    parser.add_argument("--all", action="store_true", help="every model that can be had")
    parser.add_argument("--list", action="store_true", help="show the models, and fetch nothing")
    parser.add_argument(
        "--repository", type=Path, default=REPOSITORY, help="where Triton finds them (%(default)s)"
    )
    parser.add_argument("--hub", default=hub.DEFAULT, help="address of the hub (%(default)s)")
    parser.add_argument(
        "--file", type=Path, help="weights, or an ONNX export, that are here already"
    )
    parser.add_argument("--kind", choices=["cpu", "gpu"], default="cpu", help="where they will run")
    parser.add_argument("--force", action="store_true", help="also what is there already")
    parser.add_argument(
        "--keep-downloads", action="store_true", help="keep the source's files once converted"
    )
    parser.add_argument(
        "--downloads", type=Path, default=DOWNLOADS, help="where those lie (%(default)s)"
    )
    parser.add_argument(
        "--lock", type=Path, default=pins.LOCK, help="where revisions are remembered (%(default)s)"
    )
    return parser


def _near(name: str, known: Collection[str]) -> str:
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.4)
    return f" Is it {' or '.join(near)}?" if near else " --list shows them."
