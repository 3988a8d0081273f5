"""Writes docs/model-zoo-catalogue.md from the catalogue: `python -m scripts.document_catalog`."""

import sys

from backend.enrichment.catalog import load
from backend.enrichment.model_spec import ModelSpec, Resize, Tensor
from triton_runtime.settings import PROJECT

DOCUMENT = "docs/model-zoo-catalogue.md"
INTRODUCTION = """# The models of the zoo

What is known of each before it is loaded. This page is written by
`python -m scripts.document_catalog` from `backend/enrichment/catalog.toml`.

The memory is an estimate, in units of 2²⁰ bytes. Models of low priority are evicted first, critical
ones last. Sources of the form owner/name are repositories of the Hugging Face hub.

| model | category | memory, MB | priority | purpose | source | licence | enabled |
|---|---|---|---|---|---|---|---|
"""
TENSORS = """
## What goes in and what comes out

Dimensions leave the batch axis out; -1 is as many as there are prompts, or the picture's own size.

| model | task | input | output |
|---|---|---|---|
"""
CLASSES = """
## Labels and prompts

A caller's prompts take the place of a model's own.

"""
NOTES = """
## For those who import the weights

"""


def render() -> str:
    """The whole document."""
    specs = load().values()
    return (
        INTRODUCTION
        + "".join(map(_row, specs))
        + TENSORS
        + "".join(map(_tensors, specs))
        + CLASSES
        + "".join(map(_classes, specs))
        + NOTES
        + "".join(f"- `{spec.name}`: {spec.note}\n" for spec in specs if spec.note)
    )


def _row(spec: ModelSpec) -> str:
    return (
        f"| `{spec.name}` | {spec.category} | {spec.memory_estimate_mb} "
        f"| {spec.priority.name.lower()} | {spec.purpose} | {spec.source} | {spec.license} "
        f"| {'yes' if spec.enabled else 'no'} |\n"
    )


def _tensors(spec: ModelSpec) -> str:
    picture, *texts = (_tensor(tensor) for tensor in spec.inputs)
    inputs = "; ".join([f"{picture}: {_treatment(spec)}", *texts])
    outputs = "; ".join(f"{_tensor(tensor)}: {tensor.meaning}" for tensor in spec.outputs)
    return f"| `{spec.name}` | {spec.task} | {inputs} | {outputs} |\n"


def _tensor(tensor: Tensor) -> str:
    return f"`{tensor.name}` {tensor.data_type} {list(tensor.dims)}"


def _treatment(spec: ModelSpec) -> str:
    """What is done to a picture on its way in."""
    picture = spec.input
    if picture.resize is Resize.NONE:
        return "the picture as it is, RGB"
    parts = [
        f"{picture.resize.replace('_', ' ')}, {picture.interpolation}, {picture.channels}",
        f"crop {picture.crop_ratio:g}" if picture.crop_ratio < 1 else "",
        f"mean {_listed(picture.mean)}" if any(picture.mean) else "",
        f"deviation {_listed(picture.std)}" if picture.std != (1, 1, 1) else "",
    ]
    return ", ".join(part for part in parts if part)


def _listed(values: tuple[float, ...]) -> str:
    return " ".join(f"{value:.3f}" for value in values)


def _classes(spec: ModelSpec) -> str:
    names = spec.prompts or spec.labels or tuple(group.label for group in spec.label_groups)
    kind = "prompts" if spec.prompts else "labels"
    return f"- `{spec.name}`, {kind}: {', '.join(names)}\n" if names else ""


def main() -> int:
    (PROJECT / DOCUMENT).write_text(render())
    return 0


if __name__ == "__main__":
    sys.exit(main())
