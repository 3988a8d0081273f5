"""`make secrets`: the files that the containers mount as secrets, each made once."""

import argparse
import secrets
import sys
from pathlib import Path

from backend.web.api_keys import ApiKey, Scope, new_key, sha256

FOLDER = Path(__file__).resolve().parent.parent / "var/secrets"
TOKENS = ("framegate_internal_token", "framegate_triton_control_token", "grafana_admin_password")
KEYS_FILE = "framegate_api_keys"
# Keys of the project's own processes, which each gets as a file.
KEY_FILES = {
    "framegate_monitor_api_key": ApiKey("monitor", frozenset({Scope.METRICS}), ""),
    "framegate_loadtest_api_key": ApiKey("loadtest", frozenset({Scope.INFER, Scope.METRICS}), ""),
}
OPERATOR = "operator"


def make(folder: Path) -> str | None:
    """Write what is missing; what is there stays as it is.

    Returns:
        The operator's key, where the file of keys was made: it is kept nowhere.
    """
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    for name in TOKENS:
        if not (folder / name).exists():
            _write(folder / name, secrets.token_hex(32))
    keys_file = folder / KEYS_FILE
    operator = None if keys_file.exists() else new_key()
    lines = keys_file.read_text().splitlines() if keys_file.exists() else []
    if operator is not None:
        lines.append(ApiKey(OPERATOR, frozenset(Scope), sha256(operator)).line)
    for name, holder in KEY_FILES.items():
        if not (folder / name).exists():
            key = new_key()
            _write(folder / name, key)
            lines.append(ApiKey(holder.name, holder.scopes, sha256(key)).line)
    # Last, so that what is interrupted is a key that opens nothing.
    _write(keys_file, "\n".join(lines))
    return operator


def _write(path: Path, text: str) -> None:
    """Readable for everyone who gets past the folder, which is closed: a container's user is
    another than the one who runs this."""
    path.write_text(text + "\n")
    path.chmod(0o644)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="make secrets",
        description="Make the tokens and keys of the containers, as files that "
        "docker-compose.yml mounts. What is there stays as it is. To renew a token, remove its "
        "file; to renew a key, its line in the file of keys, too.",
    )
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where (%(default)s)")
    folder = parser.parse_args(arguments).folder
    try:
        operator = make(folder)
    except OSError as error:
        print(f"{error.filename}: {error.strerror}.", file=sys.stderr)
        return 1
    print(f"The secrets are in {folder}.", file=sys.stderr)
    if operator is not None:
        print("Your own API key, with every scope, shown this once:", file=sys.stderr)
        print(operator)
    return 0


if __name__ == "__main__":
    sys.exit(main())
