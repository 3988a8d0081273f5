"""`python -m benchmarks.reference`: Flask's own server, base64 JSON, FP32, a client per request.

Nothing here is what this project would do; it is what it is compared with.
"""

import argparse
import base64
import io
import logging
import sys

import numpy as np
import tritonclient.http as triton_http
from flask import Flask, Response, jsonify, request
from numpy.typing import NDArray
from PIL import Image

SIDE = 352
MEAN = np.array([0.485, 0.456, 0.406])
DEVIATION = np.array([0.229, 0.224, 0.225])


def preprocess(encoded: str) -> NDArray[np.float32]:
    """Base64 → normalised float32 array of shape (1, 3, SIDE, SIDE), by way of float64."""
    picture = Image.open(io.BytesIO(base64.b64decode(encoded))).convert("RGB")
    picture = picture.resize((SIDE, SIDE), Image.Resampling.BICUBIC)
    levels = (np.array(picture) / 255.0 - MEAN) / DEVIATION
    return np.expand_dims(levels.transpose(2, 0, 1), 0).astype(np.float32)


def create_app(triton: str, model: str) -> Flask:
    app = Flask(__name__)

    @app.get("/health")
    def health() -> Response:
        return jsonify(status="healthy")

    @app.post("/quality")
    def quality() -> Response:
        image = preprocess(request.get_json()["image"])
        client = triton_http.InferenceServerClient(triton)
        tensor = triton_http.InferInput("image", image.shape, "FP32")
        tensor.set_data_from_numpy(image)
        result = client.infer(model, [tensor])
        client.close()
        return jsonify(score=float(result.as_numpy("score")[0, 0]))

    return app


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.reference", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--triton", required=True, metavar="HOST:PORT")
    parser.add_argument("--model", required=True, help="takes FP32 [3, 352, 352]")
    options = parser.parse_args()
    # A line per request on a terminal is not what is measured.
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    create_app(options.triton, options.model).run(port=options.port, threaded=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
