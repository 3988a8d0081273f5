"""The model zoo's app: its whole wiring. One process; the gateway is its client."""

import atexit
import contextlib
import logging
from dataclasses import replace
from functools import partial

from flask import Flask, Response, jsonify

from backend.enrichment import catalog as catalogs
from backend.enrichment.catalog import Catalog
from backend.enrichment.clip_metrics import ClipMetrics
from backend.enrichment.clips.clip import Quota
from backend.enrichment.clips.intake import Intake
from backend.enrichment.clips.protocol import DecodingLimits
from backend.enrichment.clips.sampling import SampleLimits
from backend.enrichment.clips.scoring import FrameScorer
from backend.enrichment.clips.stage_log import Held, StageLog
from backend.enrichment.clips.store import ClipStore
from backend.enrichment.clips.work import ClipWork
from backend.enrichment.enricher import Enricher
from backend.enrichment.jobs.jobs import Jobs
from backend.enrichment.measurements import Measurements
from backend.enrichment.memory.gpu import GpuMemory, has_gpu
from backend.enrichment.memory.host import HostMemory
from backend.enrichment.memory.stubs import ModelProcesses
from backend.enrichment.metrics import ZooMetrics
from backend.enrichment.routes import clips, jobs, models, pictures
from backend.enrichment.routes.clip_uploads import ClipRequest, Spool
from backend.enrichment.settings import Settings
from backend.enrichment.timer import Timer
from backend.enrichment.zoo.states import Policy, ZooModel
from backend.enrichment.zoo.zoo import Zoo
from backend.errors import TritonError
from backend.triton.grpc_server import TritonServer
from backend.web import access, access_log, metrics, problems, request_ids, tracing
from backend.web.access import Callers

# Of gunicorn's threads. Those that wait for a model, a clip or its job must leave some to answer
# what does not wait.
THREADS = 64
MOST_PICTURES_AT_ONCE = 32
TIMEOUT_S = 30.0
_TEND_EVERY_S = 1.0
MIB = 2**20


def create_app(settings: Settings | None = None) -> Flask:
    """Make the enrichment process's app, and start what looks after the zoo.

    | route | what |
    |---|---|
    | POST /v1/models/{name}/infer | ask one model about one picture |
    | POST /v1/enrich | ask several |
    | GET /v1/models, /v1/models/{name}, …/plan | what there is, and what loading would mean |
    | POST /v1/models/{name}/load, unload, pin, unpin | for administrators |
    | POST /v1/clips; GET /v1/clips, /v1/clips/{id}, …/frames/{n}.jpg; DELETE | clips as frames |
    | POST /v1/clips/{id}/best-shot, …/infer | models before a clip's frames |
    | GET, DELETE /v1/jobs/{id} | how far long work is; its end |
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
        Policy(budget_bytes=settings.vram_budget_mb * MIB, lease_timeout_s=TIMEOUT_S),
        known=measurements.read(),
        observer=observer,
    )
    observer.status = zoo.status

    enricher = Enricher(catalog, zoo, server, threads=MOST_PICTURES_AT_ONCE)
    store = ClipStore(
        settings.frame_cache_mb * MIB,
        Quota(settings.clip_quota_mb * MIB, settings.clips_per_key),
        ttl_s=settings.clip_ttl_s,
    )
    queue = Jobs(at_once=settings.clip_jobs, most_waiting=settings.clip_queue)
    spool = Spool()
    atexit.register(spool.close)
    atexit.register(queue.close)

    app = Flask("framegate-enrichment", static_folder=None)
    app.request_class = ClipRequest
    app.json.sort_keys = False  # type: ignore[attr-defined]
    app.config["MAX_CONTENT_LENGTH"] = settings.max_body_bytes
    tracing.register(app, "framegate-enrichment")
    request_ids.register(app)
    metrics.register(app, observer, ClipMetrics(store.status, queue))
    access_log.register(app)
    problems.register(app)
    access.register(app, _callers(settings), rate_limit=None)
    app.register_blueprint(
        pictures.blueprint(
            enricher,
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
    app.register_blueprint(
        clips.blueprint(
            store,
            ClipWork(
                queue,
                Intake(store, decoding_limits(settings)),
                FrameScorer(
                    server,
                    settings.quality_model,
                    allow_random_weights=settings.allow_random_weights,
                    timeout_s=TIMEOUT_S,
                ),
                catalog,
                enricher,
                ttl_s=settings.clip_ttl_s,
                timeout_s=TIMEOUT_S,
                new_log=partial(StageLog, partial(held_by_models, zoo, memory))
                if settings.memory_log
                else StageLog,
            ),
            spool,
            max_bytes=settings.max_clip_bytes,
            max_frames=settings.max_clip_frames,
            body_timeout_s=settings.body_timeout_s,
        )
    )
    app.register_blueprint(jobs.blueprint(queue))

    @app.get("/health/live")
    def live() -> Response:
        return jsonify(status="alive")

    def tend() -> None:
        zoo.tend()
        measurements.keep(zoo.measured())
        store.sweep()
        queue.sweep()

    with contextlib.suppress(TritonError):  # it is told to whoever asks, and looked for again
        zoo.reconcile()
    Timer(tend, every_s=_TEND_EVERY_S).start()
    return app


def _callers(settings: Settings) -> Callers:
    """Whoever shows the internal token; where there is none, whoever reaches this process."""
    callers = access.read_callers(None, settings.internal_token)
    return replace(callers, anonymous=settings.internal_token is None)


def decoding_limits(settings: Settings) -> DecodingLimits:
    """What one video may cost."""
    frame_bytes = 3
    most_bytes = min(settings.frame_cache_mb, settings.clip_quota_mb) * MIB
    return DecodingLimits(
        SampleLimits(settings.max_clip_frames, most_bytes // frame_bytes),
        most_file_bytes=settings.max_clip_bytes,
        most_frame_pixels=settings.max_pixels,
    )


def held_by_models(zoo: Zoo, memory: GpuMemory | HostMemory) -> Held:
    """What all loaded models hold, for the log."""
    status = zoo.status()
    sizes_bytes = [memory.memory_of(model.name) for model in status.models if model.resident]
    known_bytes = [size_bytes for size_bytes in sizes_bytes if size_bytes is not None]
    return Held(
        memory.kind,
        sum(known_bytes) if len(known_bytes) == len(sizes_bytes) else None,
        status.used_bytes,
    )


def zoo_models(catalog: Catalog) -> list[ZooModel]:
    """What the zoo must know of the catalogue's models."""
    return [
        ZooModel(spec.name, spec.priority, spec.memory_estimate_bytes, enabled=spec.enabled)
        for spec in catalog.values()
    ]
