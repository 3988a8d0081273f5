"""A folder of its own for every run."""

import itertools
from datetime import UTC, datetime
from pathlib import Path

from loadtest._errors import LoadtestError

DEFAULT_PARENT = Path("runs")


def make_run_folder(wanted: Path | None, *, now_s: float) -> Path:
    """Make the wanted folder, or runs/<UTC time>; if it is there already, with -2, -3 … added.

    Raises:
        LoadtestError: the folder cannot be made.
    """
    stamp = datetime.fromtimestamp(now_s, UTC).strftime("%Y%m%dT%H%M%SZ")
    first = wanted if wanted is not None else DEFAULT_PARENT / stamp
    try:
        first.parent.mkdir(parents=True, exist_ok=True)
        for number in itertools.count(1):
            folder = first if number == 1 else first.with_name(f"{first.name}-{number}")
            try:
                folder.mkdir()
            except FileExistsError:
                continue
            return folder
    except OSError as error:
        raise LoadtestError(
            f"cannot make the folder {first} for the results: {error.strerror}"
        ) from error
    raise AssertionError("unreachable")
