"""`make key`: a new API key, shown once, and its hash for the file of keys."""

import argparse
import os
import sys
from pathlib import Path

from backend.web.api_keys import ApiKey, Scope, check_name, new_key, read_scopes, sha256

VARIABLE = "FRAMEGATE_API_KEYS_FILE"


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="make key",
        description="Make an API key. The key is printed once and kept nowhere; the file of keys "
        "gets a line with its name, its scopes and its SHA-256.",
        epilog="Scopes: infer for POST /v1/quality, metrics for GET /metrics, admin for nothing "
        "yet; none implies another. To change a key, make a second one of the same name, give it "
        "to the caller, remove the first line, and send the gateway SIGHUP after each change.",
    )
    made.add_argument("name", type=_name, metavar="NAME", help="whose key it is, such as camera-7")
    made.add_argument(
        "--scopes",
        type=_scopes,
        default=frozenset({Scope.INFER}),
        metavar="A,B",
        help="what it may do (default infer)",
    )
    made.add_argument(
        "--file",
        type=Path,
        default=os.environ.get(VARIABLE) or None,
        help=f"where the line is added (default ${VARIABLE}; without either it is printed)",
    )
    return made


def main() -> int:
    options = parser().parse_args()
    key = new_key()
    line = ApiKey(options.name, options.scopes, sha256(key)).line
    if options.file is None:
        print(f"The line for the file of keys:\n{line}\n", file=sys.stderr)
    else:
        try:
            append(options.file, line)
        except OSError as error:
            print(f"{options.file} cannot be written: {error.strerror}", file=sys.stderr)
            return 1
        print(f"Added {options.name} to {options.file}.\n", file=sys.stderr)
    print("The key, shown this once:", file=sys.stderr)
    print(key)
    return 0


def append(path: Path, line: str) -> None:
    """Add a line; a file that is not there is made for its owner alone."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    text = path.read_text()
    gap = "" if not text or text.endswith("\n") else "\n"
    with path.open("a") as file:
        file.write(f"{gap}{line}\n")


def _name(text: str) -> str:
    try:
        check_name(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return text


def _scopes(text: str) -> frozenset[Scope]:
    try:
        return read_scopes(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


if __name__ == "__main__":
    sys.exit(main())
