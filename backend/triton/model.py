"""One model of one or several equal servers: its configuration, and inference."""

import itertools
from collections.abc import Sequence
from typing import Any

import gevent
from numpy.typing import NDArray

from backend.errors import TritonError, TritonTimeout
from backend.triton import metadata, translation
from backend.triton.batching import Frame, FrameQueue
from backend.triton.connection import UNUSABLE, Connection
from backend.triton.lane import Lane, Server, Tensors
from backend.triton.shared_memory import SharedPixels
from backend.triton.wire import Inference


class ModelClient:
    """One per process and model, made after the fork and used by the greenlets of one thread.

    Args:
        addresses: of the servers, each as host and port.
        input_name: of the model's only input.
        outputs: names of the outputs wanted back.
        optional_outputs: names of those wanted back of a model that has them.
        connections: batches on their way to each server at once.
        shared_memory_token: what the servers ask for before they read pixels out of shared
            memory; None to have pixels sent.
    """

    def __init__(
        self,
        addresses: Sequence[tuple[str, int]],
        model: str,
        *,
        input_name: str,
        outputs: Sequence[str],
        optional_outputs: Sequence[str] = (),
        connections: int,
        shared_memory_token: str | None = None,
    ) -> None:
        self.name = model
        self._servers = [Server(host, port) for host, port in addresses]
        self._turn = itertools.count()
        self._queue = FrameQueue()
        tensors = Tensors(input_name, tuple(outputs), tuple(optional_outputs))
        self._lanes = [
            Lane(
                server,
                model,
                tensors,
                self._queue,
                SharedPixels(shared_memory_token),
                server_lost=self._fail_if_all_are_down,
            )
            for _ in range(connections)
            for server in self._servers
        ]
        self._greenlets: list[gevent.Greenlet[..., None]] = []

    def infer(self, pixels: NDArray[Any], *, deadline_s: float) -> Inference:
        """`submit` and `collect` in one."""
        return self.collect(self.submit(pixels, deadline_s=deadline_s))

    def submit(
        self, pixels: NDArray[Any], *, deadline_s: float, traceparent: str | None = None
    ) -> Frame:
        """Send one frame on its way, in a batch with others where several wait.

        Args:
            pixels: contiguous, without a batch axis.
            deadline_s: on the clock of time.monotonic().
            traceparent: told to the server where this frame is the first traced one of its batch.

        Raises:
            TritonError: no server takes work.
        """
        self._start()
        if down := self._why_all_are_down():
            raise type(down)(*down.args)
        frame = Frame(pixels, deadline_s, traceparent)
        self._queue.put(frame)
        return frame

    def collect(self, frame: Frame) -> Inference:
        """Wait for what becomes of a frame.

        Returns:
            Its own outputs, without a batch axis.

        Raises:
            TritonTimeout: not done before its deadline.
            TritonError: see `translation`.
        """
        if not frame.wait():
            self._queue.withdraw(frame)
            raise TritonTimeout("Triton did not answer in time.")
        return frame.inference()

    def config(self, *, deadline_s: float) -> dict[str, Any]:
        """What the model says about itself, from the first server that answers.

        Raises:
            TritonError: none does; of the last one asked.
        """
        first = next(self._turn)
        failure: TritonError = TritonTimeout("There was no time left to ask Triton.")
        for offset in range(len(self._servers)):
            server = self._servers[(first + offset) % len(self._servers)]
            try:
                with Connection(server.host, server.port, deadline_s=deadline_s) as connection:
                    return metadata.read_config(connection, self.name, deadline_s=deadline_s)
            except UNUSABLE as error:
                failure = translation.from_exception(error)
        raise failure

    def close(self) -> None:
        gevent.killall(self._greenlets)
        self._greenlets.clear()

    def _start(self) -> None:
        # On the first frame: a process that forks afterwards would not take greenlets along.
        if not self._greenlets:
            self._greenlets = [gevent.spawn(lane.run) for lane in self._lanes]

    def _why_all_are_down(self) -> TritonError | None:
        reasons = [server.down_because for server in self._servers]
        return None if None in reasons else reasons[-1]

    def _fail_if_all_are_down(self) -> None:
        if down := self._why_all_are_down():
            self._queue.fail_all(down)
