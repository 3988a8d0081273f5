"""Where the zoo's models lie, and how a model's folder comes there: whole, or not at all."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from triton_runtime.settings import ZOO_REPOSITORY

REPOSITORY = ZOO_REPOSITORY


@contextmanager
def model_folder(repository: Path, name: str) -> Iterator[Path]:
    """A new, hidden folder to write a model into, which gets the model's name at the end.

    A folder of that name is replaced. Where the writing fails nothing changes, so that Triton
    never sees half a model.

    Raises:
        OSError: the disk is full, or may not be written to.
    """
    repository.mkdir(parents=True, exist_ok=True)
    _sweep(repository, name)
    new = Path(tempfile.mkdtemp(prefix=f".{name}+{os.getpid()}.", dir=repository))
    try:
        yield new
        new.chmod(0o755)  # as other folders: a container's user has to read it
        _replace(repository / name, new)
    finally:
        shutil.rmtree(new, ignore_errors=True)


def remove(repository: Path, name: str) -> None:
    """Take a model's folder away, all of it at once.

    Raises:
        OSError: it may not be touched.
    """
    gone = Path(tempfile.mkdtemp(prefix=f".{name}+{os.getpid()}.", dir=repository))
    try:
        (repository / name).rename(gone / name)
    finally:
        shutil.rmtree(gone, ignore_errors=True)


def _replace(place: Path, new: Path) -> None:
    old = new.with_name(f"{new.name}.old")
    had_one = place.exists()
    if had_one:
        place.rename(old)
    try:
        new.rename(place)
    except OSError:
        if had_one:
            old.rename(place)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _sweep(repository: Path, name: str) -> None:
    """Remove what writers of this model left that were killed; what live ones write stays."""
    for left in repository.glob(f".{name}+*"):
        pid = left.name.removeprefix(f".{name}+").split(".")[0]
        if not Path("/proc", pid).exists():
            shutil.rmtree(left, ignore_errors=True)
