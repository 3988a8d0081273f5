"""`python -m triton_runtime`: serve the model repository until Ctrl-C or SIGTERM."""

import argparse
import sys

from pydantic import ValidationError

from triton_runtime import server
from triton_runtime.errors import LaunchError
from triton_runtime.settings import Settings


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m triton_runtime",
        description="Start the embedded Triton server on loopback and stay until it is stopped. "
        "Settings come from FRAMEGATE_… variables; see docs/settings.md.",
    )
    parser.parse_args()
    try:
        settings = Settings()
    except ValidationError as error:
        for problem in error.errors():
            name = "_".join(map(str, problem["loc"])).upper()
            print(f"triton: FRAMEGATE_{name}: {problem['msg']}", file=sys.stderr)
        return 2
    try:
        outcome = server.run(settings)
    except LaunchError as error:
        print(f"triton: {error}", file=sys.stderr)
        return 1
    except OSError as error:  # a full or read-only disk
        print(f"triton: {error.filename}: {error.strerror}", file=sys.stderr)
        return 1
    if outcome.asked:
        return 0
    if outcome.model_died:
        print(
            "triton: a model's process died, which this server does not survive; it was stopped. "
            f"Start it again; {settings.triton_log} may say why.",
            file=sys.stderr,
        )
        return 1
    print(
        f"triton: the server ended by itself (exit status {outcome.returncode}); "
        f"{settings.triton_log} says:\n{server.complaint(settings.triton_log)}",
        file=sys.stderr,
    )
    return 1


if __name__ == "__main__":
    sys.exit(main())
