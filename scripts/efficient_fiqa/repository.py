"""The model folder: one import at a time, complete or not at all."""

import fcntl
import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from scripts.efficient_fiqa.errors import CannotWrite, ImportRunning

MODEL = "efficient_fiqa"
_STAGED = f".{MODEL}.incoming-"


@contextmanager
def staging(repository: Path) -> Iterator[Path]:
    """A folder beside the model's, on the same disk, that is gone afterwards.

    Raises:
        ImportRunning: another import is at work in this repository.
        CannotWrite: the repository cannot be written to, or the disk is full.
    """
    try:
        with _locked(repository):
            for left in repository.glob(f"{_STAGED}*"):  # of an import that was killed
                shutil.rmtree(left, ignore_errors=True)
            staged = Path(tempfile.mkdtemp(prefix=_STAGED, dir=repository))
            staged.chmod(0o755)
            try:
                yield staged
            finally:
                shutil.rmtree(staged, ignore_errors=True)
    except OSError as error:
        raise CannotWrite(
            f"{repository} cannot be written to ({error.strerror or error}). Free some space or "
            "change its permissions; nothing there has changed."
        ) from error


@contextmanager
def _locked(repository: Path) -> Iterator[None]:
    with (repository / f".{MODEL}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise ImportRunning(
                f"Another import into {repository} is under way. Wait for its end and try again."
            ) from error
        yield


def next_version(repository: Path) -> int:
    versions = (
        int(folder.name)
        for folder in (repository / MODEL).glob("[0-9]*")
        if folder.name.isdecimal()
    )
    return max(versions, default=0) + 1


def install(staged: Path, repository: Path, version: int) -> Path:
    """Move a complete model folder into place; returns the version's folder.

    The first import is one rename. Later ones rename the version, which no configuration names yet,
    and then each configuration, which names its version: at every moment each is true.
    """
    model = repository / MODEL
    with _signals_held():
        if not model.exists():
            staged.rename(model)
            return model / str(version)
        (staged / str(version)).rename(model / str(version))
        (model / "configs").mkdir(exist_ok=True)
        for config in sorted(staged.rglob("*.pbtxt")):
            config.replace(model / config.relative_to(staged))
    return model / str(version)


@contextmanager
def _signals_held() -> Iterator[None]:
    """Ctrl-C between two renames counts after the last.

    By handlers: blocking a signal in this thread lets it in through the threads of the libraries.
    """
    came: list[int] = []
    previous = {
        signum: signal.signal(signum, lambda number, frame: came.append(number))
        for signum in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield
    finally:
        for signum, handler in previous.items():
            signal.signal(signum, handler)
        if came:
            signal.raise_signal(came[0])


def sync(folder: Path) -> None:
    """Have the disk hold what was written: a rename must not outlive the content."""
    for path in [*folder.rglob("*"), folder]:
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
