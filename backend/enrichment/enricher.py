"""Pictures before one model: lease it, ask it, understand its answers."""

import logging
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any, Protocol

from numpy.typing import NDArray

from backend.enrichment.catalog import Catalog
from backend.enrichment.model_spec import ModelSpec
from backend.enrichment.tasks import action
from backend.enrichment.tasks.batches import batches, split, stacked
from backend.enrichment.tasks.geometry import Geometry
from backend.enrichment.tasks.options import Options
from backend.enrichment.tasks.pictures import Pixels, Tensors
from backend.enrichment.tasks.registry import TASKS
from backend.enrichment.tasks.tensors import Outputs
from backend.enrichment.zoo.zoo import Zoo
from backend.errors import DeadlineExceeded, FramegateError, TritonFailed, TritonUnavailable
from backend.triton.grpc_server import ModelDescription

log = logging.getLogger("framegate")

NOT_SAID = "unknown"
_Prepared = tuple[Tensors, Geometry]
_Prepare = Callable[[ModelSpec], list[_Prepared]]


class Server(Protocol):
    """See backend.triton.grpc_server.TritonServer."""

    def describe(self, name: str) -> ModelDescription: ...

    def infer(
        self, name: str, tensors: Tensors, outputs: Sequence[str], *, timeout_s: float
    ) -> dict[str, NDArray[Any]]: ...


@dataclass(frozen=True)
class Enrichment:
    """What one model says of one picture.

    Attributes:
        weights: "stand-in", a digest of real ones, or "unknown".
        result: by the schema of the model's task.
        stages_ms: milliseconds by stage.
    """

    model: str
    version: str
    weights: str
    result: dict[str, Any]
    stages_ms: dict[str, float]

    @property
    def answered_by(self) -> dict[str, str]:
        """What answered, as JSON has it."""
        return {"name": self.model, "version": self.version, "weights": self.weights}


class Enricher:
    """Asks models of the zoo; from any thread.

    Args:
        threads: models that are asked at once for pictures that go to several.
    """

    def __init__(self, catalog: Catalog, zoo: Zoo, server: Server, *, threads: int) -> None:
        self._catalog = catalog
        self._zoo = zoo
        self._server = server
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="enrich")
        self._described: dict[tuple[str, float], ModelDescription] = {}

    def ask(self, name: str, pixels: Pixels, options: Options, *, deadline_s: float) -> Enrichment:
        """Ask one model.

        Args:
            pixels: uint8 (height, width, 3 or 4), upright RGB.
            deadline_s: on the clock of time.monotonic().

        Raises:
            UnknownModel, ModelDisabled, ZooError: it cannot be had.
            MalformedRequest: options that it cannot take.
            TritonError: it did not answer.
        """
        (answer,) = self.ask_each(name, [pixels], options, deadline_s=deadline_s)
        return answer

    def ask_each(
        self, name: str, pictures: Sequence[Pixels], options: Options, *, deadline_s: float
    ) -> tuple[Enrichment, ...]:
        """Ask one model about each of several pictures, as many at once as it takes.

        Args:
            pictures: uint8 (height, width, 3 or 4) each, upright RGB, of any sizes.

        Raises:
            As `ask`.
        """

        def prepare(spec: ModelSpec) -> list[_Prepared]:
            task = TASKS[spec.task]
            return [task.preprocess(pixels, spec, options) for pixels in pictures]

        return self._ask_where_it_is(name, prepare, options, deadline_s)

    def ask_window(
        self, name: str, frames: Sequence[Pixels], options: Options, *, deadline_s: float
    ) -> Enrichment:
        """Ask a model of actions about frames that follow one another, the oldest first.

        Raises:
            As `ask`.
        """

        def prepare(spec: ModelSpec) -> list[_Prepared]:
            return [action.preprocess_frames(frames, spec, options)]

        (answer,) = self._ask_where_it_is(name, prepare, options, deadline_s)
        return answer

    def ask_all(
        self, names: Sequence[str], pixels: Pixels, options: Options, *, deadline_s: float
    ) -> dict[str, Enrichment | FramegateError]:
        """Ask several models at once; each has its own answer, or its own error."""
        asked = {
            name: self._pool.submit(
                self.ask, name, pixels, self.options_of(name, options), deadline_s=deadline_s
            )
            for name in names
        }
        return {name: _outcome(future) for name, future in asked.items()}

    def takes_prompts(self, names: Sequence[str]) -> bool:
        """Whether any of these models does."""
        return any(name in self._catalog and self._catalog[name].prompts for name in names)

    def options_of(self, name: str, options: Options) -> Options:
        """The options for this model: prompts are for those that take some."""
        if self.takes_prompts([name]):
            return options
        return replace(options, prompts=())

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _ask_where_it_is(
        self, name: str, prepare: _Prepare, options: Options, deadline_s: float
    ) -> tuple[Enrichment, ...]:
        try:
            return self._ask(name, prepare, options, deadline_s)
        except TritonUnavailable:
            # Triton may have been started again since the zoo looked last: it then has nothing,
            # and the model is loaded like any other that is not there.
            self._zoo.reconcile()
            return self._ask(name, prepare, options, deadline_s)

    def _ask(
        self, name: str, prepare: _Prepare, options: Options, deadline_s: float
    ) -> tuple[Enrichment, ...]:
        if time.monotonic() >= deadline_s:
            raise DeadlineExceeded(f"There was no time left to ask {name}.")
        clock = _Stages()
        with self._zoo.lease(name, deadline_s=deadline_s) as lease:
            clock.stage("wait")
            spec = self._catalog[name]
            prepared = prepare(spec)
            clock.stage("preprocess")
            described = self._describe(spec, lease.loaded_at_s)
            found = self._infer(spec, [tensors for tensors, _ in prepared], described, deadline_s)
            clock.stage("infer")
        results = [
            TASKS[spec.task].postprocess(outputs, geometry, spec, options)
            for outputs, (_, geometry) in zip(found, prepared, strict=True)
        ]
        clock.stage("postprocess")
        weights = described.parameters.get("weights", NOT_SAID)
        return tuple(
            Enrichment(name, described.version, weights, result, clock.ms) for result in results
        )

    def _infer(
        self,
        spec: ModelSpec,
        inputs: Sequence[Tensors],
        described: ModelDescription,
        deadline_s: float,
    ) -> list[Outputs]:
        """Outputs of each input by itself, with the batch axis."""
        names = [output.name for output in spec.outputs]
        found: list[Outputs] = []
        for batch in batches(inputs, most=max(1, described.max_batch_size)):
            outputs = self._server.infer(
                spec.name, stacked(batch), names, timeout_s=deadline_s - time.monotonic()
            )
            found += split(outputs, len(batch))
        return found

    def _describe(self, spec: ModelSpec, loaded_at_s: float) -> ModelDescription:
        """Asked once a load: another may be of other files."""
        key = (spec.name, loaded_at_s)
        found = self._described.get(key)
        if found is None:
            found = self._server.describe(spec.name)
            self._described = {
                other: what for other, what in self._described.items() if other[0] != spec.name
            } | {key: found}
        return found


class _Stages:
    """Milliseconds from one stage's end to the next."""

    def __init__(self) -> None:
        self.ms: dict[str, float] = {}
        self._since_s = time.perf_counter()

    def stage(self, name: str) -> None:
        now_s = time.perf_counter()
        self.ms[name] = (now_s - self._since_s) * 1000
        self._since_s = now_s


def _outcome(future: "Future[Enrichment]") -> Enrichment | FramegateError:
    try:
        return future.result()
    except FramegateError as error:
        return error
    except Exception:
        # A fault of one model's, which is none of the others' business.
        log.exception("internal_error", extra={"code": "internal_error"})
        return TritonFailed("The server failed on this model. Its log has the details.")
