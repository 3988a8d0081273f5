"""The settings of everything that `make up` and `make demo` start, read before any of it starts."""

import sys
from collections.abc import Sequence
from typing import NoReturn, TypeVar

from pydantic import ValidationError

from backend.enrichment.settings import Settings as EnrichmentSettings
from backend.settings import Settings as BackendSettings
from backend.settings import problems_in
from triton_runtime.settings import Settings as TritonSettings

S = TypeVar("S", BackendSettings, EnrichmentSettings, TritonSettings)


def read_settings() -> tuple[BackendSettings, TritonSettings]:
    """The gateway's and Triton's, or the end of the process with exit code 2 and a line per
    problem of theirs or of the model zoo's."""
    backend, backend_problems = _read(BackendSettings)
    triton, triton_problems = _read(TritonSettings)
    _, zoo_problems = _read(EnrichmentSettings)
    problems = list(dict.fromkeys(backend_problems + triton_problems + zoo_problems))
    if backend is None or triton is None or problems:
        _end(problems)
    return backend, triton


def read_zoo_settings() -> EnrichmentSettings:
    """The model zoo's, or the end of the process with exit code 2 and a line per problem."""
    zoo, problems = _read(EnrichmentSettings)
    if zoo is None:
        _end(problems)
    return zoo


def _end(problems: Sequence[str]) -> NoReturn:
    sys.stderr.write("Wrong settings:\n" + "".join(f"  {line}\n" for line in problems))
    sys.exit(2)


def _read(kind: type[S]) -> tuple[S | None, list[str]]:
    try:
        return kind(), []
    except ValidationError as error:
        return None, problems_in(error)
