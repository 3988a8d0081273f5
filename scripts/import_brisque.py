"""`python -m scripts.import_brisque WHEEL`: the published regression of BRISQUE, made servable."""

import argparse
import hashlib
import io
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from backend.enrichment.catalog import load
from scripts.brisque import wheel
from scripts.brisque.errors import ImportFailed
from scripts.zoo_models.configuration import config_text
from triton_runtime.settings import PROJECT

MODEL = "brisque-quality"
CARD = "docs/models/brisque-quality.md"
_TEMPLATE = Path(__file__).parent / "brisque/card.md"


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m scripts.import_brisque",
        description=f"Reads the support vectors of BRISQUE out of the wheel of {wheel.PACKAGE} "
        f"{wheel.VERSION}, and writes triton_models/{MODEL} and its card.",
    )
    parser.add_argument("wheel", type=Path, metavar="WHEEL")
    given = parser.parse_args(arguments)
    try:
        files = wheel.read(given.wheel)
        for path, content in outputs(files).items():
            place = PROJECT / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content)
            print(f"{path}  {len(content):,} bytes")
    except ImportFailed as error:
        print(error, file=sys.stderr)
        return 1
    except OSError as error:
        print(f"{error.filename}: {error.strerror}.", file=sys.stderr)
        return 1
    return 0


def outputs(files: dict[str, bytes]) -> dict[str, bytes]:
    """What is written, by its path in the project; the same wheel gives the same bytes."""
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **wheel.arrays(files))
    weights = buffer.getvalue()
    digest = hashlib.sha256(weights).hexdigest()
    config = config_text(
        load()[MODEL],
        backend="python",
        max_batch_size=1,
        weights=f"sha256:{digest}",
        kind="KIND_CPU",
    )
    card = _TEMPLATE.read_text(encoding="utf-8")
    facts = {
        "package": f"{wheel.PACKAGE} {wheel.VERSION}",
        "license": wheel.LICENSE,
        "wheel": wheel.WHEEL_SHA256,
        "svm": hashlib.sha256(files[wheel.SVM]).hexdigest(),
        "ranges": hashlib.sha256(files[wheel.RANGES]).hexdigest(),
        "weights": digest,
    }
    for name, fact in facts.items():
        card = card.replace(f"{{{name}}}", fact)
    return {
        f"triton_models/{MODEL}/1/svr.npz": weights,
        f"triton_models/{MODEL}/1/svr.LICENSE": files[wheel.LICENSE_TEXT],
        f"triton_models/{MODEL}/config.pbtxt": config.encode(),
        CARD: card.encode(),
    }


if __name__ == "__main__":
    sys.exit(main())
