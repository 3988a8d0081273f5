"""Answers about clips and jobs as they look."""

_ID = "aCWz-ek37kaFg4_pT0bKRg"
_KEPT = {
    "id": _ID,
    "source": "mp4",
    "frames": 4,
    "width": 1280,
    "height": 720,
    "size_bytes": 11_059_200,
    "idle_s": 0.0,
    "expires_in_s": 600.0,
}
_REQUEST_ID = "camera-7.000123"
_FACE = {"name": "yolo11-face", "version": "1", "weights": "stand-in"}

CLIP = {**_KEPT, "times_s": [0.0, 0.5, 1.0, 1.5], "request_id": _REQUEST_ID}
CLIPS = {
    "clips": [_KEPT],
    "used_bytes": 11_059_200,
    "quota_bytes": 536_870_912,
    "clips_allowed": 16,
    "request_id": _REQUEST_ID,
}
BEST_SHOTS = {
    "clip": _ID,
    "model": {
        "name": "baseline-synthetic",
        "version": "1",
        "variant": "synthetic-v1",
        "random_weights": False,
    },
    "shots": [
        {"frame": 2, "time_s": 1.0, "score": 0.81, "band": "good"},
        {"frame": 0, "time_s": 0.0, "score": 0.44, "band": "fair"},
    ],
    "scores": [0.44, None, 0.81, 0.79],
    "request_id": _REQUEST_ID,
}
ANSWERS = {
    "clip": _ID,
    "model": _FACE,
    "detector": None,
    "answers": [
        {
            "frames": [2],
            "times_s": [1.0],
            "result": {
                "task": "detection",
                "objects": [
                    {
                        "label": "face",
                        "score": 0.8713,
                        "box": {"x": 548.0, "y": 162.5, "width": 140.0, "height": 171.0},
                        "area_ratio": None,
                    }
                ],
            },
        }
    ],
    "request_id": _REQUEST_ID,
}
JOB = {
    "id": "q0Zt5nZ0c1m9VvFCyPn0vA",
    "kind": "decode",
    "state": "running",
    "clip": None,
    "done": 12,
    "of": 32,
    "percent": 37.5,
    "elapsed_s": 1.2,
    "eta_s": 2.0,
    "result": None,
    "problem": None,
    "request_id": _REQUEST_ID,
}
