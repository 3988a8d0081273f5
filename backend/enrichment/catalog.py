"""Reads the catalogue, and reports everything that is wrong with it at once."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from backend.enrichment.consistency import problems_of
from backend.enrichment.model_spec import ModelSpec
from backend.errors import UnknownModel

CATALOG = Path(__file__).with_name("catalog.toml")

Catalog = Mapping[str, ModelSpec]


class CatalogInvalid(ValueError):
    """The catalogue cannot be used.

    Args:
        problems: a sentence each, with the model that it is about.
    """

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


def find(catalog: Catalog, name: str) -> ModelSpec:
    """The model of that name; UnknownModel where there is none."""
    if name not in catalog:
        raise UnknownModel(f"There is no model {name!r} in the zoo.")
    return catalog[name]


def load(path: Path = CATALOG) -> Catalog:
    """The models by name, in the order of the file.

    Raises:
        CatalogInvalid: with every problem, not only the first.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CatalogInvalid([f"{path} cannot be read: {error}."]) from error
    return parse(text)


def parse(text: str) -> Catalog:
    """As `load`, of the file's text."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise CatalogInvalid([f"The catalogue is not TOML: {error}."]) from error
    label_sets = _table(document.pop("label_sets", {}))
    rows = _table(document.pop("models", {}))
    problems = [f"The catalogue has an unknown table {name!r}." for name in document]
    if not rows:
        problems.append("The catalogue has no models.")
    specs: dict[str, ModelSpec] = {}
    for name, row in rows.items():
        try:
            specs[name] = ModelSpec.model_validate(_named(name, row, label_sets))
        except ValidationError as error:
            problems += [f"{name}: {line}" for line in _lines(error)]
        else:
            problems += [f"{name}: {line}" for line in problems_of(specs[name])]
    if problems:
        raise CatalogInvalid(problems)
    return specs


def _table(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _named(name: str, row: object, label_sets: Mapping[str, object]) -> object:
    """A row with its name, and with the labels that it names a set of."""
    if not isinstance(row, dict):
        return row
    labels = row.get("labels")
    named = {"labels": label_sets.get(labels, labels)} if isinstance(labels, str) else {}
    return {"name": name, **row, **named}


def _lines(error: ValidationError) -> list[str]:
    lines = []
    for problem in error.errors():
        field = ".".join(map(str, problem["loc"])) or "the row"
        lines.append(f"{field}: {problem['msg'].removeprefix('Value error, ')}.")
    return lines
