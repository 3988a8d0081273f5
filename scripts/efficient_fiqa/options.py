"""The importer's command line."""

import argparse
from dataclasses import dataclass
from pathlib import Path

from scripts.efficient_fiqa.checkpoint import EDGENEXT_XXS
from scripts.efficient_fiqa.errors import UsageError
from scripts.efficient_fiqa.variants import DRIFT_LIMIT, Precision

PROJECT = Path(__file__).resolve().parent.parent.parent
MODELS = PROJECT / "triton_models"

_DESCRIPTION = f"""\
Make the model efficient_fiqa servable: check its weights, export them to ONNX, compare the export
with the network, and add it to the model repository as a new version. A failed import changes
nothing. The weights are the authors' and are not part of this project.

Where to get them: the repository {EDGENEXT_XXS.repository} at commit
{EDGENEXT_XXS.commit}, file {EDGENEXT_XXS.path}
({EDGENEXT_XXS.size_bytes} bytes).
"""
_EPILOG = f"""\
examples:
  python -m scripts.import_efficient_fiqa --file EdgeNeXt_XXS_checkpoint.pt
  python -m scripts.import_efficient_fiqa --url ADDRESS --precision fp16
  python -m scripts.import_efficient_fiqa --random-weights

then serve it with FRAMEGATE_QUALITY_MODEL=efficient_fiqa.

precisions:
  fp32  for a CPU, and for building a TensorRT engine
  fp16  for a GPU; a score may differ from fp32's by {DRIFT_LIMIT[Precision.FP16]}
  int8  for a CPU; a score may differ from fp32's by {DRIFT_LIMIT[Precision.INT8]}
A larger difference is refused, unless --accept-drift says that you have seen it.
"""


@dataclass(frozen=True)
class Options:
    """Exactly one of `file`, `url` and `seed` is set.

    Attributes:
        seed: of random weights.
    """

    file: Path | None
    url: str | None
    seed: int | None
    precision: Precision
    accept_drift: bool
    repository: Path


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="python -m scripts.import_efficient_fiqa",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    source = made.add_mutually_exclusive_group(required=True)
    source.add_argument("--file", type=Path, metavar="PATH", help="the checkpoint, fetched before")
    source.add_argument("--url", metavar="ADDRESS", help="fetch the checkpoint from here")
    source.add_argument(
        "--random-weights",
        action="store_true",
        help="no checkpoint: random weights, to try the way of a frame; the scores mean nothing",
    )
    made.add_argument("--seed", type=int, metavar="N", help="of the random weights (default: 0)")
    made.add_argument(
        "--precision",
        type=Precision,
        choices=list(Precision),
        default=Precision.FP32,
        help="of the exported graph (default: fp32)",
    )
    made.add_argument(
        "--accept-drift", action="store_true", help="import even where the precision costs more"
    )
    made.add_argument(
        "--repository",
        type=Path,
        default=MODELS,
        metavar="FOLDER",
        help="Triton's model repository (default: triton_models)",
    )
    return made


def read(arguments: list[str] | None) -> Options:
    """
    Raises:
        UsageError: flags that do not go together.
    """
    given = parser().parse_args(arguments)
    if given.seed is not None and not given.random_weights:
        raise UsageError("--seed is for --random-weights alone.")
    if given.seed is not None and given.seed < 0:
        raise UsageError("--seed must be 0 or more.")
    if not given.repository.is_dir():
        raise UsageError(f"There is no folder {given.repository}. Make it or change --repository.")
    return Options(
        file=given.file,
        url=given.url,
        seed=(given.seed or 0) if given.random_weights else None,
        precision=given.precision,
        accept_drift=given.accept_drift,
        repository=given.repository,
    )
