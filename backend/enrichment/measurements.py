"""What the zoo has measured, kept over a restart of its process."""

import contextlib
import logging
import os
from collections.abc import Mapping
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from backend.enrichment.zoo.states import Measured

log = logging.getLogger("framegate")
_FILE = TypeAdapter(dict[str, Measured])


class Measurements:
    """A file of sizes and load times by model; without it, the zoo learns them again."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._kept: dict[str, Measured] = {}
        self._failed = False

    def read(self) -> dict[str, Measured]:
        """What is kept; nothing where there is no such file, or one that cannot be read."""
        try:
            self._kept = _FILE.validate_json(self._path.read_bytes())
        except FileNotFoundError:
            pass
        except (OSError, ValidationError):
            log.warning("%s cannot be read: the models are measured again", self._path)
        return self._kept

    def keep(self, measured: Mapping[str, Measured]) -> None:
        """Write what has changed; a disk that is full is told to the log, once."""
        known = {name: one for name, one in measured.items() if one != Measured()}
        if known == self._kept:
            return
        partial = self._path.with_name(f"{self._path.name}.{os.getpid()}")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            partial.write_bytes(_FILE.dump_json(known, indent=1))
            partial.replace(self._path)
        except OSError as error:
            with contextlib.suppress(OSError):
                partial.unlink()
            if not self._failed:
                log.warning("%s cannot be written: %s", self._path, error.strerror)
            self._failed = True
        else:
            self._kept, self._failed = known, False
