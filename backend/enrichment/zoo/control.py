"""What the zoo asks of the world: a server to command, memory to measure, a clock to wait by."""

import threading
import time
from typing import Protocol

from backend.enrichment.zoo.states import ZooModel


class Control(Protocol):
    """The model control of one server. Each call returns or raises within its own time limit."""

    def load(self, name: str) -> None:
        """Load a model and return when it can be asked.

        Raises:
            TritonFailed: the server refused; the text is its reason.
            TritonTimeout: no answer in time; what became of it is not known.
            TritonUnavailable: the server cannot be reached.
        """

    def unload(self, name: str) -> None:
        """Ask for an unload and return at once; the index tells when it is done.

        Raises:
            TritonError: as `load`.
        """

    def index(self) -> dict[str, str]:
        """Every model that the server knows, with its state in the server's words.

        The state is READY, LOADING, UNLOADING or UNAVAILABLE, and may be followed by a colon and
        a reason.

        Raises:
            TritonError: as `load`.
        """


class Memory(Protocol):
    def memory_of(self, name: str) -> int | None:
        """Bytes that the processes of a model hold now, 0 if there are none; None: unknown."""

    def free_bytes(self) -> int | None:
        """Bytes that the driver, or the host, calls free; None: unknown."""


class Clock(Protocol):
    def now_s(self) -> float: ...

    def sleep(self, duration_s: float) -> None: ...

    def wait(self, condition: threading.Condition, timeout_s: float) -> None:
        """Wait for `condition`, which is held, at most `timeout_s`; may return early."""


class SystemClock:
    def now_s(self) -> float:
        return time.monotonic()

    def sleep(self, duration_s: float) -> None:
        time.sleep(duration_s)

    def wait(self, condition: threading.Condition, timeout_s: float) -> None:
        condition.wait(timeout_s)


class Observer:
    """Told what happens, for metrics; the zoo's lock is held, so answer at once."""

    def leased(self, model: ZooModel, waited_s: float | None) -> None:
        """`waited_s` is None where the model was resident."""

    def loaded(self, model: ZooModel, load_s: float, expected_s: float | None) -> None: ...

    def evicted(self, model: ZooModel, age_s: float) -> None: ...

    def outgrew(self, model: ZooModel, memory_bytes: int) -> None: ...
