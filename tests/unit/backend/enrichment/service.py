"""The enrichment process's routes before a fake server, in this process."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from flask import Flask
from numpy.typing import NDArray

from backend.enrichment.app import zoo_models
from backend.enrichment.catalog import Catalog
from backend.enrichment.clips.clip import Quota
from backend.enrichment.clips.intake import Intake
from backend.enrichment.clips.protocol import DecodingLimits
from backend.enrichment.clips.sampling import SampleLimits
from backend.enrichment.clips.scoring import FrameScorer
from backend.enrichment.clips.stage_log import StageLog
from backend.enrichment.clips.store import ClipStore
from backend.enrichment.clips.work import ClipWork
from backend.enrichment.enricher import Enricher
from backend.enrichment.jobs.jobs import Jobs
from backend.enrichment.metrics import ZooMetrics
from backend.enrichment.routes import clips, jobs, models, pictures
from backend.enrichment.routes.clip_uploads import ClipRequest, Spool
from backend.enrichment.zoo.control import SystemClock
from backend.enrichment.zoo.states import Policy
from backend.enrichment.zoo.zoo import Zoo
from backend.errors import TritonUnavailable
from backend.triton.grpc_server import ModelDescription
from backend.web import metrics, problems, request_ids
from tests.unit.backend.enrichment.catalogue import MODELS
from tests.unit.backend.enrichment.zoo.fake_triton import Behaviour, FakeTriton

MB = 2**20
QUALITY_MODEL = "brightness"
QUALITY_CONFIG = {
    "input": [{"name": "image", "dims": ["32", "32", "3"]}],
    "parameters": {
        "variant": {"string_value": "test"},
        "bands": {"string_value": "fair=0.3,good=0.6"},
    },
}
LIMITS = DecodingLimits(SampleLimits(most_frames=64, most_pixels=10**7))


class FakeServer:
    """Answers of ones in the shapes of the catalogue, by models that the fake Triton has loaded.

    Attributes:
        asked: name and tensors of each inference.
        errors: by model, what its inferences raise, one each.
        replies: by model, what its inferences answer instead, one each.
    """

    def __init__(self, triton: FakeTriton) -> None:
        self._triton = triton
        self.asked: list[tuple[str, Mapping[str, NDArray[Any]]]] = []
        self.described: list[str] = []
        self.errors: dict[str, list[Exception]] = {}
        self.replies: dict[str, list[dict[str, NDArray[Any]]]] = {}
        self.max_batch_size = 4

    def describe(self, name: str) -> ModelDescription:
        self.described.append(name)
        return ModelDescription("1", {"weights": "stand-in"}, max_batch_size=self.max_batch_size)

    def config(self, name: str) -> dict[str, Any]:
        """Of the quality model."""
        return QUALITY_CONFIG

    def infer(
        self,
        name: str,
        tensors: Mapping[str, NDArray[Any]],
        outputs: Sequence[str],
        *,
        timeout_s: float,
    ) -> dict[str, NDArray[Any]]:
        assert timeout_s > 0
        self.asked.append((name, tensors))
        if self.errors.get(name):
            raise self.errors[name].pop(0)
        if self.replies.get(name):
            return self.replies[name].pop(0)
        if name == QUALITY_MODEL:
            return {"score": tensors["image"].mean(axis=(1, 2, 3), keepdims=True)[:, 0, 0] / 255}
        if self._triton.index().get(name) != "READY":
            raise TritonUnavailable("The model is not loaded.")
        (count,) = {len(tensor) for tensor in tensors.values()}
        prompts = tensors["prompts"].shape[1] if "prompts" in tensors else 0
        spec = MODELS[name]
        extra = 4 if spec.task == "open_vocabulary" else 0
        return {
            output.name: np.ones(
                (count, *(prompts + extra if length == -1 else length for length in output.dims)),
                np.float32,
            )
            for output in spec.outputs
        }


@dataclass
class Service:
    app: Flask
    zoo: Zoo
    triton: FakeTriton
    server: FakeServer
    store: ClipStore
    jobs: Jobs
    client: Any = field(init=False)

    def __post_init__(self) -> None:
        self.client = self.app.test_client()


@contextmanager
def service(
    catalog: Catalog = MODELS,
    *,
    budget_mb: int = 6963,
    most_at_once: int = 4,
    timeout_s: float = 10.0,
    minimum_residence_s: float = 0.0,
    frame_cache_bytes: int = 10 * MB,
    clips_per_key: int = 4,
) -> Iterator[Service]:
    """The routes, with models that load and unload at once."""
    triton = FakeTriton(SystemClock())  # type: ignore[arg-type]
    triton.models = {
        name: Behaviour(spec.memory_estimate_bytes, load_s=0.0, unload_s=0.0)
        for name, spec in catalog.items()
    }
    observer = ZooMetrics()
    policy = Policy(
        budget_bytes=budget_mb * MB,
        minimum_residence_s=minimum_residence_s,
        lease_timeout_s=timeout_s,
        poll_s=0.001,
    )
    zoo = Zoo(zoo_models(catalog), triton, triton, policy, observer=observer)
    observer.status = zoo.status
    server = FakeServer(triton)
    enricher = Enricher(catalog, zoo, server, threads=4)
    store = ClipStore(frame_cache_bytes, Quota(frame_cache_bytes, clips_per_key), ttl_s=600)
    queue = Jobs(at_once=1, most_waiting=1)
    scorer = FrameScorer(server, QUALITY_MODEL, allow_random_weights=False, timeout_s=timeout_s)
    spool = Spool()
    app = Flask("enrichment-under-test", static_folder=None)
    app.request_class = ClipRequest
    app.json.sort_keys = False  # type: ignore[attr-defined]
    app.config["MAX_CONTENT_LENGTH"] = 2**20
    request_ids.register(app)
    metrics.register(app, observer)
    problems.register(app)
    app.register_blueprint(
        pictures.blueprint(
            enricher,
            max_pixels=10**6,
            most_at_once=most_at_once,
            timeout_s=timeout_s,
            body_timeout_s=5,
        )
    )
    app.register_blueprint(
        models.blueprint(
            catalog,
            zoo,
            has_files=lambda name: name != "clip-vit-l",
            memory_kind="host",
            timeout_s=timeout_s,
        )
    )
    work = ClipWork(
        queue,
        Intake(store, LIMITS),
        scorer,
        catalog,
        enricher,
        ttl_s=600,
        timeout_s=timeout_s,
        new_log=StageLog,
    )
    app.register_blueprint(
        clips.blueprint(store, work, spool, max_bytes=2 * MB, max_frames=64, body_timeout_s=5)
    )
    app.register_blueprint(jobs.blueprint(queue))
    try:
        yield Service(app, zoo, triton, server, store, queue)
    finally:
        queue.close()
        spool.close()
        enricher.close()
