"""The OpenAPI document as a page to read."""

import re
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

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
    return template.render(document=document, resolved=resolved, prose=prose, type_of=type_of)


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
    kind = "file" if schema.get("format") == "binary" else str(schema.get("type", "any"))
    low, high = schema.get("minimum"), schema.get("maximum")
    if high is not None:
        return f"{kind}, {low} to {high}"
    return kind if low is None else f"{kind}, {low} or more"
