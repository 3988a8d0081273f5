"""`python -m scripts.import_efficient_fiqa`: checked weights of Efficient-FIQA, made servable."""

import sys
import time
from importlib.util import find_spec

from scripts.efficient_fiqa import options
from scripts.efficient_fiqa.errors import ImportFailed

_INTERRUPTED = 130


def main(arguments: list[str] | None = None) -> int:
    try:
        given = options.read(arguments)
        return _run(given)
    except ImportFailed as error:
        print(error, file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("Stopped; nothing has changed.", file=sys.stderr)
        return _INTERRUPTED


def _run(given: options.Options) -> int:
    if find_spec("torch") is None:
        print(
            "This needs PyTorch, which lives in an environment of its own. Make it with "
            "`python3 -m venv .venv-torch && .venv-torch/bin/pip install -r "
            "requirements/torch.txt`, and run .venv-torch/bin/python -m "
            "scripts.import_efficient_fiqa.",
            file=sys.stderr,
        )
        return 1
    from scripts.efficient_fiqa import importing

    started_s = time.monotonic()

    def tell(line: str) -> None:
        print(f"[{time.monotonic() - started_s:5.1f} s] {line}", flush=True)

    imported = importing.run(given, tell)
    found = imported.findings
    tell(f"Version {imported.version} of efficient_fiqa is {imported.variant.name}.")
    print(f"torch to ONNX: {found.torch_to_onnx_max:.1e} at most")
    if found.drift is not None:
        drift = found.drift
        spearman = "-" if drift.spearman is None else f"{drift.spearman:.3f}"
        print(
            f"drift from fp32 over {drift.pictures} pictures: mean {drift.mean:.4f}, "
            f"max {drift.max:.4f}, rank correlation {spearman}"
        )
    if found.drift_accepted:
        print(f"This drift is over the limit of {found.drift_limit} and was accepted.")
    if imported.variant.random_weights:
        print("RANDOM WEIGHTS: the scores mean nothing. For trying the way of a frame only.")
    print("Serve it with FRAMEGATE_QUALITY_MODEL=efficient_fiqa.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
