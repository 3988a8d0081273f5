"""Answers of the model zoo as they look."""

_FACE = {
    "model": {"name": "yolo11-face", "version": "1", "weights": "stand-in"},
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
    "timing_ms": {
        "decode": 11.0, "wait": 0.1, "preprocess": 2.4, "infer": 31.7, "postprocess": 0.6,
        "total": 46.3,
    },
}  # fmt: skip
_PICTURE = {"width": 1280, "height": 720}

INFERENCE = {**_FACE, "picture": _PICTURE, "request_id": "camera-7.000123"}
ENRICHMENT = {
    "picture": _PICTURE,
    "models": {
        "yolo11-face": _FACE,
        "vitpose-small": {
            "problem": {
                "status": 503,
                "code": "zoo_busy",
                "detail": "There is no room for vitpose-small now: other models are in use.",
                "retry_after_ms": 3100,
            }
        },
    },
    "timing_ms": {"decode": 11.0, "total": 47.9},
    "request_id": "camera-7.000123",
}
MODELS = {
    "memory_kind": "gpu",
    "vram_budget_mb": 6963,
    "vram_used_mb": 212.0,
    "vram_available_mb": 6751.0,
    "vram_utilization_percent": 3.0,
    "quarantined_mb": 0,
    "loaded_models": [
        {
            "name": "yolo11-face",
            "vram_mb": 212.0,
            "priority": "MEDIUM",
            "last_used": "2026-01-15T10:30:00Z",
        }
    ],
    "registered_models": [
        {
            "name": "yolo11-face",
            "category": "detection",
            "task": "detection",
            "priority": "MEDIUM",
            "purpose": "Finds faces.",
            "enabled": True,
            "available": True,
            "state": "ready",
            "leases": 0,
            "waiting": 0,
            "pinned": False,
            "estimate_mb": 200,
            "size_mb": 212.0,
            "measured_mb": 212.0,
            "charged_mb": 212.0,
            "quarantined_mb": 0,
            "load_s": 1.4,
            "idle_s": 12.5,
            "failures": 0,
            "reason": None,
            "retry_after_s": None,
        }
    ],
    "pending_loads": [],
    "triton": None,
    "restart_advised": False,
}
PLAN = {
    "name": "xclip-base",
    "state": "absent",
    "evicts": ["depth-anything-v2-small", "yolo11-face"],
    "expected_s": 3.1,
    "why_not": None,
}
