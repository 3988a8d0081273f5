"""Triton's configurations of one version: the tracked templates and what only the import knows."""

from collections.abc import Mapping
from pathlib import Path

TEMPLATES = Path(__file__).resolve().parent / "configs"
DEFAULT = "cpu"


def write(folder: Path, version: int, parameters: Mapping[str, str]) -> None:
    """`config.pbtxt` and `configs/*.pbtxt` of a model folder."""
    (folder / "configs").mkdir()
    for template in sorted(TEMPLATES.glob("*.pbtxt")):
        text = completed(template.read_text(), version, parameters)
        (folder / "configs" / template.name).write_text(text)
        if template.stem == DEFAULT:
            (folder / "config.pbtxt").write_text(text)


def completed(template: str, version: int, parameters: Mapping[str, str]) -> str:
    """A configuration that names its version: what it says of the weights is true of no other."""
    lines = [
        template.rstrip("\n"),
        f"version_policy: {{ specific: {{ versions: [ {version} ] }} }}",
        *(
            f'parameters {{ key: "{key}", value: {{ string_value: "{value}" }} }}'
            for key, value in parameters.items()
        ),
    ]
    return "\n".join(lines) + "\n"
