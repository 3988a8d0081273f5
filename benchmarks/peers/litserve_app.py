"""LitServe, with base64 in JSON as its examples have it."""

import argparse
import base64
import sys
from typing import Any

import litserve
from PIL import Image

from benchmarks.peers.work import decode, scorer


class Quality(litserve.LitAPI):  # type: ignore[misc]
    def setup(self, device: str) -> None:
        self.score = scorer()

    def decode_request(self, request: dict[str, Any]) -> Image.Image:
        return decode(base64.b64decode(request["image"]))

    def predict(self, picture: Image.Image) -> float:
        return self.score(picture)

    def encode_response(self, score: float) -> dict[str, float]:
        return {"score": score}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--workers", type=int, required=True)
    options = parser.parse_args()
    server = litserve.LitServer(Quality(), accelerator="cpu", workers_per_device=options.workers)
    server.run(host="127.0.0.1", port=options.port, log_level="warning", generate_client_file=False)
    return 0


if __name__ == "__main__":
    sys.exit(main())
