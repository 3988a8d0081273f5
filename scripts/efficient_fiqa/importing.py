"""One import from its source to the version that Triton serves."""

import hashlib
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from scripts.efficient_fiqa import checkpoint, configurations, graph, provenance, repository
from scripts.efficient_fiqa.checkpoint import EDGENEXT_XXS, Published
from scripts.efficient_fiqa.drift import drift
from scripts.efficient_fiqa.errors import DriftTooLarge
from scripts.efficient_fiqa.network import EfficientFiqa
from scripts.efficient_fiqa.options import Options
from scripts.efficient_fiqa.pictures import extreme_pictures, made_pictures
from scripts.efficient_fiqa.provenance import Findings
from scripts.efficient_fiqa.variants import DRIFT_LIMIT, TORCH_TO_ONNX, Precision, Variant
from scripts.efficient_fiqa.weights import network, random_weights, read_checkpoint

# Different crops of the same photographs: INT8 is not judged on what it was calibrated with.
_CALIBRATION_PICTURES, _CALIBRATION_SEED = 48, 0
_DRIFT_PICTURES, _DRIFT_SEED = 24, 1


@dataclass(frozen=True)
class Imported:
    version: int
    variant: Variant
    folder: Path
    findings: Findings


def run(
    options: Options, tell: Callable[[str], None], published: Published = EDGENEXT_XXS
) -> Imported:
    """Import, or leave the repository as it is.

    Args:
        tell: called with a line as each step begins.
        published: what the checkpoint must be.

    Raises:
        ImportFailed: says what to do.
    """
    variant = Variant(options.precision, random_weights=options.seed is not None)
    with repository.staging(options.repository) as staged:
        weights, source = _weights(options, published, tell)
        number = repository.next_version(options.repository)
        folder = staged / str(number)
        folder.mkdir()
        file = folder / "model.onnx"
        findings = _make(file, weights, variant, options.accept_drift, tell)
        content = file.read_bytes()
        sha256 = hashlib.sha256(content).hexdigest()
        onnx_file = {"sha256": sha256, "size_bytes": len(content), "opset": graph.OPSET}
        provenance.write(folder, provenance.document(variant, source, onnx_file, findings))
        configurations.write(staged, number, variant.parameters(sha256))
        repository.sync(staged)
        installed = repository.install(staged, options.repository, number)
    return Imported(number, variant, installed, findings)


def _weights(
    options: Options, published: Published, tell: Callable[[str], None]
) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """The tensors, and what is written down of where they come from."""
    if options.seed is not None:
        tell(f"Drawing random weights from seed {options.seed}: for plumbing only.")
        return random_weights(options.seed), {"kind": "random", "seed": options.seed}
    if options.file is not None:
        tell(f"Checking {options.file}.")
        data = checkpoint.read(options.file, published)
        source = {"kind": "file", "name": options.file.name}
    else:
        assert options.url is not None
        address = checkpoint.without_secrets(options.url)
        tell(f"Fetching {published.size_bytes} bytes from {address}.")
        with tempfile.TemporaryDirectory() as scratch:
            fetched = Path(scratch, "checkpoint.pt")
            checkpoint.download(options.url, fetched, published)
            data = checkpoint.read(fetched, published)
        source = {"kind": "url", "address": address}
    of = {"repository": published.repository, "commit": published.commit, "path": published.path}
    return read_checkpoint(data), source | of | checkpoint.digests(data)


def _make(
    file: Path,
    weights: dict[str, Tensor],
    variant: Variant,
    accept_drift: bool,
    tell: Callable[[str], None],
) -> Findings:
    """Write the ONNX file in the variant's precision and compare it."""
    exact = network(weights)
    tell("Exporting to ONNX.")
    graph.export(exact, file)
    tell("Comparing ONNX Runtime with torch.")
    difference = _compare(exact, file)
    limit = DRIFT_LIMIT[variant.precision]
    if variant.precision == Precision.FP32:
        return Findings(difference, None, limit, drift_accepted=False)
    judged = made_pictures(_DRIFT_PICTURES, _DRIFT_SEED)
    reference = graph.scores(file, judged, batch_size=1)
    tell(f"Making the {variant.precision} graph.")
    if variant.precision == Precision.FP16:
        graph.export(network(weights, torch.float16), file)
    else:
        calibration = made_pictures(_CALIBRATION_PICTURES, _CALIBRATION_SEED)
        graph.quantise(file, file, calibration)
    tell("Measuring its drift from fp32.")
    found = drift(graph.scores(file, judged, batch_size=1), reference)
    if found.max > limit and not accept_drift:
        raise DriftTooLarge(
            f"In {variant.precision} a score moves by up to {found.max:.4f}, on average by "
            f"{found.mean:.4f}, and the limit is {limit}. Use --precision fp32, or --accept-drift "
            "to import it."
        )
    return Findings(difference, found, limit, drift_accepted=found.max > limit)


def _compare(exact: EfficientFiqa, file: Path) -> float:
    pictures = torch.cat(
        [torch.from_numpy(extreme_pictures()), torch.from_numpy(made_pictures(4, 2))]
    ).numpy()
    difference = graph.largest_difference(exact, file, pictures)
    if difference > TORCH_TO_ONNX:
        raise DriftTooLarge(
            f"The ONNX file's scores differ from torch's by up to {difference:.6f}; at most "
            f"{TORCH_TO_ONNX} is allowed. Install the versions of requirements/torch.txt."
        )
    return difference
