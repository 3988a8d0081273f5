"""The model zoo's app: its whole wiring. One process; the gateway is its client."""

import contextlib
import logging
from dataclasses import replace

from flask import Flask, Response, jsonify

from backend.enrichment import catalog as catalogs
from backend.enrichment import models, pictures
from backend.enrichment.catalog import Catalog
from backend.enrichment.enricher import Enricher
from backend.enrichment.measurements import Measurements
from backend.enrichment.memory.gpu import GpuMemory, has_gpu
from backend.enrichment.memory.host import HostMemory
from backend.enrichment.memory.stubs import ModelProcesses
from backend.enrichment.metrics import ZooMetrics
from backend.enrichment.settings import Settings
from backend.enrichment.timer import Timer
from backend.enrichment.zoo.states import Policy, ZooModel
from backend.enrichment.zoo.zoo import Zoo
from backend.errors import TritonError
from backend.triton.grpc_server import TritonServer
from backend.web import access, access_log, metrics, problems, request_ids
from backend.web.access import Callers

# Of gunicorn's threads. Those that wait for a model must leave some to answer what does not.
THREADS = 40
MOST_PICTURES_AT_ONCE = 32
TIMEOUT_S = 30.0
_TEND_EVERY_S = 1.0


def create_app(settings: Settings | None = None) -> Flask:
    """Make the enrichment process's app, and start what looks after the zoo.

    | route | what |
    |---|---|
    | POST /v1/models/{name}/infer | ask one model about one picture |
    | POST /v1/enrich | ask several |
    | GET /v1/models, /v1/models/{name}, …/plan | what there is, and what loading would mean |
    | POST /v1/models/{name}/load, unload, pin, unpin | for administrators |
    | GET /health/live, /metrics | is it alive; Prometheus |
    """
    settings = settings or Settings()
    logging.getLogger("framegate").setLevel(settings.log_level.upper())
    catalog = catalogs.load()
    token = settings.triton_control_token
    server = TritonServer(
        settings.triton_address, control_token=token.get_secret_value() if token else ""
    )
    processes = ModelProcesses(settings.triton_port)
    memory = GpuMemory(processes) if has_gpu() else HostMemory(processes)
    measurements = Measurements(settings.zoo_measurements)
    observer = ZooMetrics()
    zoo = Zoo(
        zoo_models(catalog),
        server,
        memory,
        Policy(budget_bytes=settings.vram_budget_mb * 2**20, lease_timeout_s=TIMEOUT_S),
        known=measurements.read(),
        observer=observer,
    )
    observer.status = zoo.status

    app = Flask("framegate-enrichment", static_folder=None)
    app.json.sort_keys = False  # type: ignore[attr-defined]
    app.config["MAX_CONTENT_LENGTH"] = settings.max_body_bytes
    request_ids.register(app)
    metrics.register(app, observer)
    access_log.register(app)
    problems.register(app)
    access.register(app, _callers(settings), rate_limit=None)
    app.register_blueprint(
        pictures.blueprint(
            Enricher(catalog, zoo, server, threads=MOST_PICTURES_AT_ONCE),
            max_pixels=settings.max_pixels,
            most_at_once=MOST_PICTURES_AT_ONCE,
            timeout_s=TIMEOUT_S,
            body_timeout_s=settings.body_timeout_s,
        )
    )
    app.register_blueprint(
        models.blueprint(
            catalog,
            zoo,
            has_files=server.has_model,
            memory_kind=memory.kind,
            timeout_s=TIMEOUT_S,
        )
    )

    @app.get("/health/live")
    def live() -> Response:
        return jsonify(status="alive")

    def tend() -> None:
        zoo.tend()
        measurements.keep(zoo.measured())

    with contextlib.suppress(TritonError):  # it is told to whoever asks, and looked for again
        zoo.reconcile()
    Timer(tend, every_s=_TEND_EVERY_S).start()
    return app


def _callers(settings: Settings) -> Callers:
    """Whoever shows the internal token; where there is none, whoever reaches this process."""
    callers = access.read_callers(None, settings.internal_token)
    return replace(callers, anonymous=settings.internal_token is None)


def zoo_models(catalog: Catalog) -> list[ZooModel]:
    """What the zoo must know of the catalogue's models."""
    return [
        ZooModel(spec.name, spec.priority, spec.memory_estimate_bytes, enabled=spec.enabled)
        for spec in catalog.values()
    ]
