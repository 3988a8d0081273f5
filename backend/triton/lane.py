"""One connection to one server: it joins, carries one batch at a time, leaves, and comes back."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import gevent

from backend.errors import (
    TritonError,
    TritonFailed,
    TritonOverloaded,
    TritonTimeout,
    TritonUnavailable,
)
from backend.triton import metadata, shared_memory, translation, wire
from backend.triton.batching import Frame, FrameQueue
from backend.triton.connection import UNUSABLE, Connection
from backend.triton.shared_memory import RegionLost, SharedPixels
from backend.triton.wire import Inference

log = logging.getLogger("framegate")

JOIN_TIMEOUT_S = 2.0
# Between attempts to reach a server that is down.
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.05, 0.5
# How long a lane waits for an answer that nobody else waits for any more. Meanwhile it sends
# nothing more to a server that has stalled, and it is free at once when the server goes on.
STALL_S = 5.0
# In one request, whatever the model would take: memory for so many frames lies ready in each lane.
MOST_FRAMES = 32


class Server:
    """One Triton, as all lanes to it know it.

    Attributes:
        down_because: why it takes no work; None while it does, and before the first attempt.
        under_way: batches that it is working on.
        swept: what killed processes left in its memory has been looked for.
    """

    def __init__(self, host: str, port: int) -> None:
        self.host = host
        self.port = port
        self.down_because: TritonError | None = None
        self.swept = False
        self.under_way = 0


@dataclass(frozen=True)
class Tensors:
    """What a request consists of.

    Attributes:
        input: its name.
        outputs: that are wanted back.
        optional: that are wanted back of a model that has them.
    """

    input: str
    outputs: tuple[str, ...]
    optional: tuple[str, ...] = ()

    def outputs_of(self, config: dict[str, Any]) -> tuple[str, ...]:
        has = {output.get("name") for output in config.get("output", ())}
        return (*self.outputs, *(name for name in self.optional if name in has))


class Lane:
    """Takes batches from a queue to a server, for ever.

    Args:
        server_lost: called when its server goes down.
    """

    def __init__(
        self,
        server: Server,
        model: str,
        tensors: Tensors,
        queue: FrameQueue,
        shared: SharedPixels,
        *,
        server_lost: Callable[[], None],
    ) -> None:
        self._server = server
        self._model = model
        self._tensors = tensors
        self._queue = queue
        self._shared = shared
        self._server_lost = server_lost
        self._outputs = tensors.outputs

    def run(self) -> None:
        pause_s = FIRST_PAUSE_S
        while True:
            try:
                connection, most = self._join()
            except UNUSABLE as error:
                self._lose_server(translation.from_exception(error))
                gevent.sleep(pause_s)
                pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
                continue
            self._find_server()
            pause_s = FIRST_PAUSE_S
            with connection:
                self._serve(connection, most)
            # Whoever is idle may have waited for this lane to be back.
            self._queue.wake()

    def _join(self) -> tuple[Connection, int]:
        """Connect, agree on shared memory, and read how many frames the model takes at once."""
        deadline_s = time.monotonic() + JOIN_TIMEOUT_S
        connection = Connection(self._server.host, self._server.port, deadline_s=deadline_s)
        try:
            config = metadata.read_config(connection, self._model, deadline_s=deadline_s)
            most, frame_bytes = metadata.batch_limits(config, self._tensors.input)
            most = min(most, MOST_FRAMES)
            self._outputs = self._tensors.outputs_of(config)
            if not self._server.swept:
                self._server.swept = True
                self._shared.sweep(connection, deadline_s=deadline_s)
            self._shared.join(connection, most * frame_bytes, deadline_s=deadline_s)
            return connection, most
        except BaseException:
            connection.close()
            raise

    def _serve(self, connection: Connection, most: int) -> None:
        """Carry batches until the connection or the server is of no more use."""
        while not self._shared.may_recover():
            # A lone batch takes all that waits; one beside it must be whole to be worth its while.
            batch = self._queue.take(most, lambda: most if self._server.under_way else 1)
            if self._server.down_because is not None or connection.is_stale():
                self._queue.put_back(batch)
                return
            self._server.under_way += 1
            try:
                self._carry(connection, batch)
            except (TritonOverloaded, TritonTimeout) as error:  # said by Triton: it is well
                _fail(batch, error)
            except RegionLost:
                self._queue.put_back(batch)
                return
            except TritonError as error:
                self._settle_refused(batch, error)
                return
            except UNUSABLE as error:
                _fail(batch, translation.from_exception(error))
                return
            finally:
                self._server.under_way -= 1

    def _carry(self, connection: Connection, batch: list[Frame]) -> None:
        """One exchange; each frame gets its own row of the answer."""
        latest_s = max(frame.deadline_s for frame in batch)
        images = [frame.pixels for frame in batch]
        region = self._shared.lay(images)
        document = wire.request(
            self._tensors.input,
            (len(batch), *images[0].shape),
            images[0].dtype,
            self._outputs,
            timeout_us=max(1, int((latest_s - time.monotonic()) * 1e6)),
            region=region,
        )
        answer = connection.post(
            f"/v2/models/{self._model}/infer",
            document,
            [image.data.cast("B") for image in images] if region is None else (),
            headers=f"{wire.HEADER_LENGTH}: {len(document)}\r\n{_trace_header(batch)}",
            deadline_s=latest_s + STALL_S,
        )
        if answer.status != 200:
            text = metadata.error_text(answer)
            shared_memory.check_known(region, text)
            raise translation.from_answer(answer.status, text)
        inference = wire.read(answer, self._outputs)
        if any(array.shape[:1] != (len(batch),) for array in inference.outputs.values()):
            raise TritonFailed("The model answered another number of rows than it was sent.")
        for row, frame in enumerate(batch):
            rows = {name: array[row] for name, array in inference.outputs.items()}
            frame.succeed(Inference(rows, inference.model_version))

    def _settle_refused(self, batch: list[Frame], error: TritonError) -> None:
        """What can still be served elsewhere, or without the others, is tried once more."""
        again: list[Frame] = []
        if isinstance(error, TritonUnavailable):
            again = [frame for frame in batch if not frame.moved]
            for frame in again:
                frame.moved = True
        elif len(batch) > 1:
            # One bad frame fails its whole batch: the others must not suffer for it.
            again = batch
            for frame in again:
                frame.alone = True
        _fail([frame for frame in batch if frame not in again], error)
        self._queue.put_back(again)
        if isinstance(error, TritonUnavailable):
            self._lose_server(error)

    def _find_server(self) -> None:
        if self._server.down_because is not None:
            log.info("Triton at %s:%d takes work again.", self._server.host, self._server.port)
        self._server.down_because = None

    def _lose_server(self, error: TritonError) -> None:
        if self._server.down_because is None:
            log.warning("Triton at %s:%d: %s", self._server.host, self._server.port, error)
        self._server.down_because = error
        self._server_lost()


def _trace_header(batch: list[Frame]) -> str:
    """A request can belong to one trace alone: that of the first frame that has one."""
    traces = (frame.traceparent for frame in batch if frame.traceparent is not None)
    trace = next(traces, None)
    return "" if trace is None else f"traceparent: {trace}\r\n"


def _fail(frames: list[Frame], error: TritonError) -> None:
    for frame in frames:
        frame.fail(error)
