"""`make certs`: a self-signed certificate, so that phones on the network may use their camera.

Browsers give a page the camera only over HTTPS or on localhost.
"""

import argparse
import shutil
import socket
import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent / "var/tls"
DAYS = 90


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="make certs", description="Write a self-signed certificate and its key to var/tls/."
    )
    parser.add_argument(
        "names", nargs="*", default=[], help="further host names or IP addresses it is for"
    )
    names = ["localhost", "127.0.0.1", socket.gethostname(), *parser.parse_args().names]
    openssl = shutil.which("openssl")
    if openssl is None:
        print("openssl is missing. On Debian: apt-get install openssl", file=sys.stderr)
        return 1
    certificate, key = FOLDER / "cert.pem", FOLDER / "key.pem"
    FOLDER.mkdir(parents=True, exist_ok=True)
    key.touch(mode=0o600)
    key.chmod(0o600)
    made = subprocess.run(
        [
            *(openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
            *("-nodes", "-days", str(DAYS), "-subj", "/CN=framegate"),
            *("-addext", f"subjectAltName={alternative_names(names)}"),
            *("-keyout", str(key), "-out", str(certificate)),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    if made.returncode != 0:
        print(f"openssl failed: {made.stderr.strip()[-300:]}", file=sys.stderr)
        return 1
    print(f"Valid for {DAYS} days. Serve over HTTPS with:")
    print(f"FRAMEGATE_TLS_CERT={certificate} FRAMEGATE_TLS_KEY={key} make up")
    return 0


def alternative_names(names: list[str]) -> str:
    """`DNS:localhost,IP:127.0.0.1`, without repeats."""
    return ",".join(dict.fromkeys(f"{_kind(name)}:{name}" for name in names))


def _kind(name: str) -> str:
    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            socket.inet_pton(family, name)
        except OSError:
            continue
        return "IP"
    return "DNS"


if __name__ == "__main__":
    sys.exit(main())
