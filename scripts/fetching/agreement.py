"""Whether what was fetched is what the catalogue's row says it is; pure."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from backend.enrichment.model_spec import ModelSpec, Tensor
from scripts.fetching.errors import WrongRow

# A checkpoint that was never told its classes.
_UNNAMED = re.compile(r"(label|class)_?\d+", re.IGNORECASE)
_SIDES = {"l_": "left_", "r_": "right_"}


@dataclass(frozen=True)
class Port:
    """An input or output of an ONNX graph.

    Attributes:
        shape: with the batch axis; None for a length that varies.
    """

    name: str
    data_type: str
    shape: tuple[int | None, ...]


def check_ports(
    inputs: Sequence[Port],
    outputs: Sequence[Port],
    wanted: Sequence[Tensor],
    answers: Sequence[Tensor],
) -> None:
    """Names, types and lengths.

    Raises:
        WrongRow: names everything that differs.
    """
    differences = [
        f"its {side} are {_listed(found)} and the catalogue's {_listed(expected)}"
        for side, found, expected in (
            ("inputs", list(inputs), [_port(tensor) for tensor in wanted]),
            ("outputs", list(outputs), [_port(tensor) for tensor in answers]),
        )
        if not _agree(found, expected)
    ]
    if differences:
        raise WrongRow(f"The network does not fit its row: {'; '.join(differences)}.")


def check_labels(
    spec: ModelSpec, names: Mapping[int, str] | None, aliases: Mapping[str, str]
) -> bool:
    """Compare the checkpoint's own classes with the row's, in their order.

    Returns:
        Whether the checkpoint names its classes at all.

    Raises:
        WrongRow: with both lists; the checkpoint's decides.
    """
    if names is None or all(_UNNAMED.fullmatch(name) for name in names.values()):
        return False
    own = [names[index] for index in sorted(names)]
    if spec.label_groups:
        classes = spec.outputs[0].dims[0]
        if len(own) != classes:
            raise WrongRow(f"Its checkpoint has {len(own)} classes and its row {classes}.")
        return True
    found = [plain(aliases.get(name, name)) for name in own]
    if found != [plain(label) for label in spec.labels]:
        raise WrongRow(
            f"Its checkpoint lists the classes {own}; the catalogue lists {list(spec.labels)}. The "
            "checkpoint decides: correct the row's labels in backend/enrichment/catalog.toml and "
            "fetch it again."
        )
    return True


def plain(label: str) -> str:
    """A label without case and punctuation: `Upper-clothes` and `upper_clothes` are one."""
    words = re.sub(r"[^a-z0-9+]+", "_", label.lower()).strip("_")
    side = _SIDES.get(words[:2])
    return side + words[2:] if side else words


def _port(tensor: Tensor) -> Port:
    lengths = [None if length == -1 else length for length in tensor.dims]
    return Port(tensor.name, tensor.data_type, (None, *lengths))


def _agree(found: list[Port], expected: list[Port]) -> bool:
    """Whether each is there once; a length that varies takes any the row asks for."""
    by_name = {port.name: port for port in found}
    return len(found) == len(expected) and all(
        (port := by_name.get(want.name)) is not None
        and port.data_type == want.data_type
        and len(port.shape) == len(want.shape)
        and all(
            has is None or has == length for has, length in zip(port.shape, want.shape, strict=True)
        )
        for want in expected
    )


def _listed(ports: Sequence[Port]) -> str:
    return " and ".join(
        f"{port.name} {port.data_type} "
        f"[{', '.join('?' if length is None else str(length) for length in port.shape)}]"
        for port in ports
    )
