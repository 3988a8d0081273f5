"""The public app: its whole wiring."""

import logging
from functools import partial

import gevent
from flask import Flask

from backend.gateway import clips, drain, health, page, quality, zoo
from backend.gateway.cache import AnswerCache
from backend.gateway.cache_stores import MemoryStore, RedisStore
from backend.gateway.clip_upload import ClipLimits
from backend.gateway.health import Canary
from backend.gateway.quality_model import MEASURING_MODEL, QualityModel
from backend.gateway.reference import routes as reference
from backend.gateway.reference.document import document
from backend.gateway.reference.limits import Limits
from backend.gateway.scoring import QualityScorer
from backend.gateway.zoo_client import ZooClient
from backend.quality import IMAGE, MEASURES, SCORE
from backend.settings import Settings
from backend.triton.model import ModelClient
from backend.web import (
    access,
    access_log,
    cors,
    metrics,
    problems,
    request_ids,
    security_headers,
    tracing,
)
from backend.web.rate_limit import make_rate_limit
from backend.web.uploads import BodyBudget, PictureRequest

# Per worker: a dozen of the largest bodies, or four thousand camera frames.
BODIES_BYTES = 128 * 2**20


def create_app(settings: Settings | None = None) -> Flask:
    """Make the gateway.

    | route | what |
    |---|---|
    | GET /, /clips | camera page, and the page for clips |
    | POST /v1/quality | score one picture |
    | POST /v1/enrich | ask several models of the zoo about one picture |
    | GET /v1/models, /v1/models/{name}, …/plan | what the zoo has, and what a load would mean |
    | POST /v1/models/{name}/infer | ask one model |
    | POST /v1/models/{name}/load, unload, pin, unpin | for administrators |
    | POST /v1/clips | keep a video or several pictures as frames |
    | GET /v1/clips, GET, DELETE /v1/clips/{clip_id} | what is kept of the caller's |
    | GET /v1/clips/{clip_id}/frames/{frame}.jpg | one frame |
    | POST /v1/clips/{clip_id}/best-shot, infer | ask models about the frames |
    | GET, DELETE /v1/jobs/{job_id} | how far what takes long is; cancel it |
    | GET /health, /health/live, /health/ready | probes |
    | GET /metrics | Prometheus |
    | GET /openapi.json, /docs | this interface, for programs and for people |
    """
    settings = settings or Settings()
    logging.getLogger("framegate").setLevel(settings.log_level.upper())
    max_in_flight = max(1, settings.max_in_flight // settings.workers)
    scorer = QualityScorer(
        _quality_model(settings, settings.quality_model),
        _quality_model(settings, MEASURING_MODEL),
        max_pixels=settings.max_pixels,
        max_in_flight=max_in_flight,
        timeout_s=settings.triton_timeout_ms / 1000,
    )

    app = Flask("framegate", static_folder=None)
    app.json.sort_keys = False  # type: ignore[attr-defined]
    app.request_class = PictureRequest
    app.config["MAX_CONTENT_LENGTH"] = settings.max_body_bytes
    app.config["MAX_FORM_MEMORY_SIZE"] = settings.max_body_bytes
    app.config["MAX_FORM_PARTS"] = 16
    tracing.register(app, "framegate-gateway")
    request_ids.register(app)
    metrics.register(app)
    access_log.register(app)
    # A refusal waits for nothing. A caller whose next request has arrived meanwhile would keep
    # the worker to itself, and what has been admitted would never get on.
    problems.register(app, give_way=partial(gevent.sleep, 0))
    security_headers.register(app, https=settings.tls_cert is not None)
    cors.register(app, settings.cors_origins)
    access.register(
        app,
        access.read_callers(settings.api_keys_file, settings.internal_token),
        make_rate_limit(settings.rate_limit, settings.redis_url),
    )
    app.register_blueprint(page.blueprint())
    budget = BodyBudget(max(BODIES_BYTES, settings.max_body_bytes))
    app.register_blueprint(
        quality.blueprint(
            scorer,
            budget,
            body_timeout_s=settings.body_timeout_s,
            cache=_answer_cache(settings, scorer),
        )
    )
    client = ZooClient(
        settings.enrichment_host, settings.enrichment_port, token=_internal_token(settings)
    )
    app.register_blueprint(
        zoo.blueprint(
            client, budget, body_timeout_s=settings.body_timeout_s, max_in_flight=max_in_flight
        )
    )
    app.register_blueprint(
        clips.blueprint(client, _clip_limits(settings), max_in_flight=max_in_flight)
    )
    app.register_blueprint(
        health.blueprint(
            Canary(scorer.canary), model=settings.quality_model, draining=drain.under_way
        )
    )
    app.register_blueprint(reference.blueprint(document(_limits(settings))))
    return app


def _quality_model(settings: Settings, name: str) -> QualityModel:
    client = ModelClient(
        settings.triton_addresses,
        name,
        input_name=IMAGE,
        outputs=(SCORE,),
        optional_outputs=(MEASURES,),
        connections=settings.triton_connections,
        shared_memory_token=_shared_memory_token(settings),
    )
    return QualityModel(
        client,
        timeout_s=settings.triton_timeout_ms / 1000,
        allow_random_weights=settings.allow_random_weights,
    )


def _shared_memory_token(settings: Settings) -> str | None:
    return _internal_token(settings) if settings.shared_memory else None


def _internal_token(settings: Settings) -> str | None:
    token = settings.internal_token
    return None if token is None else token.get_secret_value()


def _clip_limits(settings: Settings) -> ClipLimits:
    return ClipLimits(
        max_bytes=settings.max_clip_bytes,
        stall_s=settings.body_timeout_s,
        timeout_s=settings.clip_upload_timeout_s,
    )


def _limits(settings: Settings) -> Limits:
    return Limits(
        max_body_bytes=settings.max_body_bytes,
        max_clip_bytes=settings.max_clip_bytes,
        max_pixels=settings.max_pixels,
        body_timeout_s=settings.body_timeout_s,
        clip_upload_timeout_s=settings.clip_upload_timeout_s,
        triton_timeout_ms=settings.triton_timeout_ms,
        cache_ttl_s=settings.cache_ttl_s,
        rate_limit=settings.rate_limit,
        keys_needed=settings.api_keys_file is not None,
    )


def _answer_cache(settings: Settings, scorer: QualityScorer) -> AnswerCache | None:
    if not settings.cache_ttl_s:
        return None
    store = (
        RedisStore(settings.redis_url.get_secret_value(), ttl_s=settings.cache_ttl_s)
        if settings.redis_url
        else MemoryStore(ttl_s=settings.cache_ttl_s)
    )
    return AnswerCache(store, lambda: scorer.last_seen)
