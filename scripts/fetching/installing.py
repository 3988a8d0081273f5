"""A model's folder: what Triton serves, how it is told of it, and where it comes from."""

import dataclasses
import datetime
import hashlib
import json
import platform
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from backend.enrichment.model_spec import ModelSpec
from scripts.fetching.errors import CannotWrite
from scripts.fetching.graph import Comparison
from scripts.zoo_models.configuration import Kind, config_text
from scripts.zoo_models.places import model_folder

PROVENANCE = "provenance.json"
MAX_BATCH_SIZE = 8
_TOOLS = ("numpy", "onnx", "onnxruntime", "safetensors", "torch", "transformers")


@dataclass(frozen=True)
class Origin:
    """Where weights come from.

    Attributes:
        weights: of `files`, the one that the weights are in.
        files: path → SHA-256.
        revision: a commit of the repository; None for a file that somebody gave.
        license: as the source's own page says; None where it says nothing.
    """

    address: str
    weights: str
    files: Mapping[str, str]
    revision: str | None = None
    license: str | None = None


@dataclass(frozen=True)
class Made:
    """What was found when a model was made.

    Attributes:
        backend: of Triton.
        labels_checked: whether the checkpoint names its classes.
    """

    backend: str
    comparison: Comparison
    labels_checked: bool


def install(
    repository: Path, spec: ModelSpec, origin: Origin, kind: Kind, make: Callable[[Path], Made]
) -> Made:
    """Have `make` write the version's folder, and put the whole in place.

    Raises:
        CannotWrite: the folder or the disk refuses.
        FetchFailed: as `make` says; nothing has changed then.
    """
    weights = f"sha256:{origin.files[origin.weights]}"
    try:
        with model_folder(repository, spec.name) as folder:
            (folder / "1").mkdir()
            made = make(folder / "1")
            config = config_text(
                spec,
                backend=made.backend,
                max_batch_size=MAX_BATCH_SIZE,
                weights=weights,
                kind=kind,
            )
            (folder / "config.pbtxt").write_text(config)
            document = _document(spec, origin, weights, made, folder / "1/model.onnx")
            (folder / PROVENANCE).write_text(json.dumps(document, indent=1) + "\n")
    except OSError as error:
        raise CannotWrite(
            f"{repository} cannot be written to ({error.strerror or error}). Free some space or "
            "change its permissions; nothing there has changed."
        ) from error
    return made


def installed(repository: Path, name: str) -> Origin | None:
    """Where the model that is there comes from; None for none and for a stand-in."""
    try:
        source = json.loads((repository / name / PROVENANCE).read_text())["source"]
        return Origin(**{field.name: source[field.name] for field in dataclasses.fields(Origin)})
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _document(
    spec: ModelSpec, origin: Origin, weights: str, made: Made, onnx_file: Path
) -> dict[str, Any]:
    with onnx_file.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    return {
        "model": spec.name,
        "weights": weights,
        "source": dataclasses.asdict(origin),
        "license": spec.license,
        "note": spec.note,
        "onnx": {"sha256": sha256, "size_bytes": onnx_file.stat().st_size},
        "comparison": dataclasses.asdict(made.comparison),
        "labels_checked": made.labels_checked,
        "tools": {"python": platform.python_version()} | {name: version(name) for name in _TOOLS},
        "fetched_at": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
    }
