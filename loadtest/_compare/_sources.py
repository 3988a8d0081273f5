"""Finds and reads what is to be compared: a run folder, a summary or a baseline by its name."""

from pathlib import Path

from pydantic import ValidationError

from loadtest._compare._documents import BaselineDocument, Head, RunDocument
from loadtest._compare._runs import Run, run_from, run_from_baseline
from loadtest._errors import LoadtestError

BASELINES = Path(__file__).parents[1] / "baselines"
SUMMARY = "summary.json"
RUN_VERSIONS = (1, 2)
BASELINE_VERSIONS = (1,)


def read_run(given: str) -> Run:
    """Read what the user named.

    Raises:
        LoadtestError: nothing is there, or it is not what this version can compare.
    """
    try:
        path = _locate(given)
        text = path.read_bytes()
    except OSError as error:
        raise LoadtestError(f"{given} cannot be read: {error.strerror}.") from error
    try:
        head = Head.model_validate_json(text)
        if head.kind == "baseline":
            _ensure_known(path, head.schema_version, BASELINE_VERSIONS)
            return run_from_baseline(BaselineDocument.model_validate_json(text))
        _ensure_known(path, head.schema_version, RUN_VERSIONS)
        return run_from(given, RunDocument.model_validate_json(text))
    except ValidationError as error:
        raise LoadtestError(f"{path} cannot be compared: {_first_mistake(error)}.") from error


def baseline_names() -> list[str]:
    return sorted(path.stem for path in BASELINES.glob("*.json"))


def _locate(given: str) -> Path:
    path = Path(given)
    if path.is_dir():
        summary = path / SUMMARY
        if not summary.exists():
            raise LoadtestError(
                f"{path} has no {SUMMARY}: it is no run folder, or the run did not finish."
            )
        return summary
    if path.exists():
        return path
    if given in baseline_names():
        return BASELINES / f"{given}.json"
    raise LoadtestError(
        f"{given} is no run folder, no file and no baseline; baselines: "
        f"{', '.join(baseline_names())}."
    )


def _ensure_known(path: Path, version: int, known: tuple[int, ...]) -> None:
    if version not in known:
        versions = " or ".join(str(number) for number in known)
        raise LoadtestError(
            f"{path} has schema_version {version}, and {versions} can be read; "
            "compare it with the load tester that wrote it."
        )


def _first_mistake(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(str(part) for part in first["loc"])
    return f"{where}: {first['msg']}" if where else first["msg"]
