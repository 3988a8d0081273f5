"""/v1/models: what the zoo has, and an administrator's say in it."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from flask import Blueprint, Response, jsonify, request

from backend.enrichment.catalog import Catalog, find
from backend.enrichment.model_spec import ModelSpec
from backend.enrichment.tasks.registry import TASKS
from backend.enrichment.zoo.status import ModelStatus, Status
from backend.enrichment.zoo.zoo import Zoo
from backend.web import deadlines
from backend.web.access import needs
from backend.web.api_keys import Scope

_MIB = 2**20


def blueprint(
    catalog: Catalog,
    zoo: Zoo,
    *,
    has_files: Callable[[str], bool],
    memory_kind: str,
    timeout_s: float,
) -> Blueprint:
    """
    Args:
        has_files: whether Triton knows the model.
        memory_kind: which memory the budget counts: "gpu" or "host".
        timeout_s: how long a caller waits for a load or unload who names no time.
    """
    routes = Blueprint("models", __name__)

    def one(name: str) -> dict[str, Any]:
        spec = find(catalog, name)
        status = zoo.status()
        (found,) = (model for model in status.models if model.name == name)
        return model_document(spec, found, has_files=has_files(name))

    @routes.get("/v1/models")
    @needs(Scope.INFER)
    def models() -> Response:
        status = zoo.status()
        return jsonify(
            status_document(status, memory_kind)
            | {
                "registered_models": [
                    model_document(catalog[model.name], model, has_files=has_files(model.name))
                    for model in status.models
                ]
            }
        )

    @routes.get("/v1/models/<name>")
    @needs(Scope.INFER)
    def model(name: str) -> Response:
        return jsonify(one(name) | details(catalog[name]))

    @routes.get("/v1/models/<name>/plan")
    @needs(Scope.INFER)
    def plan(name: str) -> Response:
        found = zoo.plan(name)
        return jsonify(
            name=found.name,
            state=found.state,
            evicts=found.evicts,
            expected_s=_rounded(found.expected_s),
            why_not=found.why_not,
        )

    @routes.post("/v1/models/<name>/load")
    @needs(Scope.ADMIN)
    def load(name: str) -> Response:
        zoo.load(name, deadline_s=_deadline_s(timeout_s))
        return jsonify(one(name))

    @routes.post("/v1/models/<name>/unload")
    @needs(Scope.ADMIN)
    def unload(name: str) -> Response:
        zoo.unload(name, deadline_s=_deadline_s(timeout_s))
        return jsonify(one(name))

    @routes.post("/v1/models/<name>/pin")
    @needs(Scope.ADMIN)
    def pin(name: str) -> Response:
        zoo.pin(name)
        return jsonify(one(name))

    @routes.post("/v1/models/<name>/unpin")
    @needs(Scope.ADMIN)
    def unpin(name: str) -> Response:
        zoo.unpin(name)
        return jsonify(one(name))

    return routes


def status_document(status: Status, memory_kind: str) -> dict[str, Any]:
    """The zoo at a glance; sizes in units of 2**20 bytes."""
    now = datetime.now(UTC)
    return {
        "memory_kind": memory_kind,
        "vram_budget_mb": _mb(status.budget_bytes),
        "vram_used_mb": _mb(status.used_bytes),
        "vram_available_mb": _mb(status.available_bytes),
        "vram_utilization_percent": round(status.utilization_ratio * 100, 1),
        "quarantined_mb": _mb(status.quarantined_bytes),
        "loaded_models": [
            {
                "name": model.name,
                "vram_mb": _mb(model.charged_bytes),
                "priority": model.priority.name,
                "last_used": _utc(now - timedelta(seconds=model.idle_s or 0)),
            }
            for model in status.models
            if model.resident
        ],
        "pending_loads": status.pending,
        "triton": status.lost_because,
        "restart_advised": status.restart_advised,
    }


def model_document(spec: ModelSpec, model: ModelStatus, *, has_files: bool) -> dict[str, Any]:
    """One model as the list has it."""
    return {
        "name": spec.name,
        "category": spec.category,
        "task": spec.task,
        "priority": spec.priority.name,
        "purpose": spec.purpose,
        "enabled": model.enabled,
        # As in the list of the zoo's users: its files are there, and it has been loaded once.
        "available": has_files and model.load_s is not None,
        "state": model.state,
        "leases": model.leases,
        "waiting": model.waiting,
        "pinned": model.pinned,
        "estimate_mb": spec.memory_estimate_mb,
        "size_mb": _mb(model.size_bytes),
        "measured_mb": None if model.peak_bytes is None else _mb(model.peak_bytes),
        "charged_mb": _mb(model.charged_bytes),
        "quarantined_mb": _mb(model.quarantined_bytes),
        "load_s": _rounded(model.load_s),
        "idle_s": _rounded(model.idle_s),
        "failures": model.failures,
        "reason": model.reason,
        "retry_after_s": _rounded(model.retry_after_s),
    }


def details(spec: ModelSpec) -> dict[str, Any]:
    """What the catalogue says beyond the list."""
    row = spec.model_dump(mode="json")
    return {
        **{field: row[field] for field in ("source", "license", "input", "outputs", "labels")},
        "prompts": spec.prompts,
        "note": spec.note,
        "answer_schema": TASKS[spec.task].schema,
    }


def _deadline_s(timeout_s: float) -> float:
    return min(deadlines.deadline_s(request), time.monotonic() + timeout_s)


def _mb(size_bytes: int) -> float:
    return round(size_bytes / _MIB, 1)


def _rounded(duration_s: float | None) -> float | None:
    return None if duration_s is None else round(duration_s, 3)


def _utc(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")
