"""The OpenAPI document as a page to read."""

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

_SCHEMAS = "#/components/schemas/"
_ENVIRONMENT = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_ENVIRONMENT.policies["json.dumps_kwargs"] = {"sort_keys": False}


def render(document: dict[str, Any]) -> str:
    """Every route, parameter, answer and problem of `document`, as HTML without script or style."""

    def resolved(node: dict[str, Any]) -> dict[str, Any]:
        """What a `$ref` stands for; anything else as it is."""
        if "$ref" not in node:
            return node
        target: Any = document
        for step in node["$ref"].removeprefix("#/").split("/"):
            target = target[step]
        found: dict[str, Any] = target
        return found

    template = _ENVIRONMENT.get_template("reference.html.j2")
    return template.render(
        document=document,
        shared=shared_schemas(document),
        resolved=resolved,
        schema_name=schema_name,
        prose=prose,
        type_of=type_of,
    )


def shared_schemas(document: dict[str, Any]) -> list[str]:
    """Names of the schemas that stand in several places and are shown once, by themselves."""
    everything = json.dumps([document["paths"], document["components"]["schemas"]])
    uses = Counter(re.findall(rf'"{_SCHEMAS}(\w+)"', everything))
    return [name for name, count in uses.items() if count > 1 and name != "Problem"]


def schema_name(schema: dict[str, Any]) -> str | None:
    """What a schema, or that of an array's items, is called; None where it stands for itself."""
    reference: str = schema.get("$ref") or schema.get("items", {}).get("$ref", "")
    return reference.removeprefix(_SCHEMAS) or None


def prose(text: str) -> Markup:
    """The little of Markdown that the descriptions use: paragraphs, lists, `code`."""
    blocks = []
    for block in text.split("\n\n"):
        if block.startswith("- "):
            items = [f"<li>{_inline(item)}</li>" for item in re.split(r"(?:^|\n)- ", block)[1:]]
            blocks.append(f"<ul>{''.join(items)}</ul>")
        else:
            blocks.append(f"<p>{_inline(block)}</p>")
    return Markup("".join(blocks))  # noqa: S704 (escaped piece by piece)


def _inline(text: str) -> str:
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text)))


def type_of(schema: dict[str, Any]) -> str:
    """A schema's type in a few words: `integer, 1 to 600000`."""
    if "const" in schema:
        return f'"{schema["const"]}"'
    if "enum" in schema:
        return " or ".join(json.dumps(value) for value in schema["enum"])
    declared = schema.get("type", "any")
    kind = declared if isinstance(declared, str) else " or ".join(declared)
    if schema.get("format") == "binary":
        kind = "file"
    if kind == "array" and "type" in schema.get("items", {}):
        kind = f"array of {type_of(schema['items'])}"
    low, high = schema.get("minimum"), schema.get("maximum")
    if high is not None:
        return f"{kind}, {low} to {high}"
    return kind if low is None else f"{kind}, {low} or more"
