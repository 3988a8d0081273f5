"""An ONNX file that somebody exported: its tensors renamed as the catalogue's row names them."""

from pathlib import Path

import onnx
from google.protobuf.message import DecodeError

from backend.enrichment.model_spec import ModelSpec
from scripts.fetching.errors import WrongNetwork, WrongRow

# What ONNX Runtime 1.19, that of Triton 24.10, reads.
_NEWEST_OPSET = 21
_NEWEST_IR = 10


def take(file: Path, spec: ModelSpec, path: Path) -> None:
    """Write the graph to `path` with the row's names; inputs and outputs keep their order.

    Raises:
        WrongNetwork: it is no ONNX file, or too new for the server.
        WrongRow: it has another number of inputs or outputs.
    """
    try:
        model = onnx.load(str(file), load_external_data=False)
        onnx.checker.check_model(model)
    except (OSError, DecodeError, ValueError, onnx.checker.ValidationError) as error:
        reason = str(error).splitlines()[0]
        raise WrongNetwork(f"{file.name} is no whole ONNX file ({reason}).") from error
    opset = max((one.version for one in model.opset_import if not one.domain), default=0)
    if opset > _NEWEST_OPSET:
        raise WrongNetwork(
            f"{file.name} has the operator set {opset}, and the server reads {_NEWEST_OPSET} at "
            "most: export it again with an older one, such as 17."
        )
    held = {weight.name for weight in model.graph.initializer}
    inputs = [port.name for port in model.graph.input if port.name not in held]
    outputs = [port.name for port in model.graph.output]
    if len(inputs) != len(spec.inputs) or len(outputs) != len(spec.outputs):
        raise WrongRow(
            f"{file.name} has the inputs {inputs} and outputs {outputs}; its row has "
            f"{[one.name for one in spec.inputs]} and {[one.name for one in spec.outputs]}."
        )
    wanted = [tensor.name for tensor in (*spec.inputs, *spec.outputs)]
    _rename(model.graph, dict(zip([*inputs, *outputs], wanted, strict=True)))
    model.ir_version = min(model.ir_version, _NEWEST_IR)
    onnx.checker.check_model(model)
    onnx.save(model, str(path))


def _rename(graph: onnx.GraphProto, names: dict[str, str]) -> None:
    """Everywhere in the graph; a name inside it that would collide gets out of the way."""
    taken = {name for node in graph.node for name in (*node.input, *node.output)}
    aside = {new: f"{new}_inside" for new in names.values() if new in taken and new not in names}
    renamed = {**aside, **names}
    for node in graph.node:
        for side in (node.input, node.output):
            side[:] = [renamed.get(name, name) for name in side]
    for held in (graph.input, graph.output, graph.value_info, graph.initializer):
        for value in held:
            value.name = renamed.get(value.name, value.name)
