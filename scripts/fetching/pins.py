"""Revisions and digests as first met: a later fetch gets the same files or says that it does not.

The lock is a file of the project, to be committed by whoever fetched first.
"""

import json
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from scripts.fetching.errors import CannotWrite, UsageError

LOCK = Path(__file__).with_name("revisions.lock.toml")
_HEADING = (
    "# Written by scripts/fetch_models.py: which commit each model was first fetched at, and its\n"
    "# files' SHA-256. Remove a model's tables to have it fetched at another commit.\n"
)


@dataclass(frozen=True)
class Pin:
    """A repository at one commit.

    Attributes:
        files: path → SHA-256, of what was fetched.
    """

    repository: str
    revision: str
    files: Mapping[str, str]

    def with_file(self, path: str, sha256: str) -> "Pin":
        return replace(self, files={**self.files, path: sha256})


Pins = Mapping[str, Pin]


def read(path: Path) -> dict[str, Pin]:
    """Pins by the model's name; none where nothing was fetched yet.

    Raises:
        UsageError: somebody has spoilt it.
    """
    if not path.exists():
        return {}
    try:
        rows = tomllib.loads(path.read_text(encoding="utf-8"))
        return {
            name: Pin(row["repository"], row["revision"], row["files"])
            for name, row in rows.items()
        }
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(f"{path} cannot be understood ({error}). Restore or remove it.") from error


def write(path: Path, pins: Pins) -> None:
    """Replaces the file as a whole.

    Raises:
        CannotWrite: the folder or the disk refuses.
    """
    # A JSON string is a TOML string.
    lines = [_HEADING]
    for name, pin in sorted(pins.items()):
        lines += [
            f"[{json.dumps(name)}]",
            f"repository = {json.dumps(pin.repository)}",
            f"revision = {json.dumps(pin.revision)}",
            f"[{json.dumps(name)}.files]",
            *(f"{json.dumps(file)} = {json.dumps(pin.files[file])}" for file in sorted(pin.files)),
            "",
        ]
    new = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        new.write_text("\n".join(lines), encoding="utf-8")
        new.replace(path)
    except OSError as error:
        raise CannotWrite(f"{path} cannot be written ({error.strerror}).") from error
    finally:
        new.unlink(missing_ok=True)
