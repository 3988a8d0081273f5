"""Parts of the JSON schemas of the answers."""

from typing import Any

Schema = dict[str, Any]

SCORE: Schema = {"type": "number", "minimum": 0, "maximum": 1}
RATIO: Schema = {"type": "number", "minimum": 0, "maximum": 1}
PIXELS: Schema = {"type": "number", "minimum": 0}
COUNT: Schema = {"type": "integer", "minimum": 1}
LABEL: Schema = {"type": "string"}


def record(description: str, **properties: Schema) -> Schema:
    """An object that has these properties, all of them, and no others."""
    return {
        "type": "object",
        "description": description,
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def answer(task: str, description: str, **properties: Schema) -> Schema:
    """As `record`, of a whole answer, which names its task."""
    return record(description, task={"const": task}, **properties)


def listed(items: Schema, **limits: int) -> Schema:
    """An array of such items."""
    return {"type": "array", "items": items, **limits}


def nullable(schema: Schema) -> Schema:
    """The same, or null where it is not known."""
    return {"anyOf": [schema, {"type": "null"}]}


BOX = record("In pixels of the upright picture.", x=PIXELS, y=PIXELS, width=PIXELS, height=PIXELS)
CLASSES = listed(record("A class and how likely it is.", label=LABEL, score=SCORE), minItems=1)
