"""Commands to the server, each with an outcome in bounded time. All waiting, no accounting."""

from collections.abc import Callable
from dataclasses import dataclass

from backend.enrichment.zoo.control import Clock, Control, Memory
from backend.enrichment.zoo.states import Policy
from backend.errors import TritonError, TritonFailed, TritonTimeout, TritonUnavailable

# Parts of what backends say, in lower case.
OUT_OF_MEMORY = ("out of memory", "out_of_memory", "failed to allocate", "bad_alloc")


@dataclass(frozen=True)
class Loaded:
    load_s: float
    memory_bytes: int | None


@dataclass(frozen=True)
class LoadFailed:
    reason: str

    @property
    def out_of_memory(self) -> bool:
        return any(words in self.reason.lower() for words in OUT_OF_MEMORY)


@dataclass(frozen=True)
class Unknown:
    """Nobody can tell what became of it.

    Attributes:
        lost: the server cannot be reached.
    """

    reason: str
    lost: bool = False


class ModelServer:
    def __init__(self, control: Control, memory: Memory, clock: Clock, policy: Policy) -> None:
        self._control = control
        self._memory = memory
        self._clock = clock
        self._policy = policy

    def load(self, name: str) -> Loaded | LoadFailed | Unknown:
        began_s = self._clock.now_s()
        try:
            self._control.load(name)
        except TritonTimeout:
            # A load cannot be called back: it goes on, and the index tells how it ended.
            outcome = self._watch(name, lambda text: _word(text) != "LOADING", "loading")
            if isinstance(outcome, Unknown):
                return outcome
            if _word(outcome) != "READY":
                return LoadFailed(_reason(outcome))
        except TritonUnavailable as error:
            return Unknown(str(error), lost=True)
        except TritonError as error:
            return LoadFailed(str(error))
        return Loaded(self._clock.now_s() - began_s, self._memory.memory_of(name))

    def unload(self, name: str) -> float | Unknown:
        """Returns how long it took until the server was rid of the model, in seconds."""
        began_s = self._clock.now_s()
        try:
            self._control.unload(name)
        except TritonUnavailable as error:
            return Unknown(str(error), lost=True)
        except TritonTimeout:
            pass  # it may have been heard
        except TritonFailed as error:
            return Unknown(str(error))
        # The answer means that the request was accepted, not that the memory is free.
        outcome = self._watch(name, lambda text: not in_memory(text), "unloading")
        if isinstance(outcome, Unknown):
            return outcome
        return self._clock.now_s() - began_s

    def left_after(self, name: str) -> int | None:
        """Bytes of an unloaded model that did not come back in time; None where unknown."""
        until_s = self._clock.now_s() + self._policy.release_timeout_s
        while True:
            left_bytes = self._memory.memory_of(name)
            if left_bytes is None:
                return None
            if left_bytes <= self._policy.release_tolerance_bytes:
                return 0
            if self._clock.now_s() >= until_s:
                return left_bytes
            self._clock.sleep(self._policy.poll_s)

    def index(self) -> dict[str, str]:
        return self._control.index()

    def memory_of(self, name: str) -> int | None:
        return self._memory.memory_of(name)

    def free_bytes(self) -> int | None:
        return self._memory.free_bytes()

    def _watch(self, name: str, done: Callable[[str], bool], doing: str) -> str | Unknown:
        """Look at the index until `done` says so of the model's state."""
        timeout_s = (
            self._policy.load_timeout_s if doing == "loading" else self._policy.unload_timeout_s
        )
        until_s = self._clock.now_s() + timeout_s
        while True:
            try:
                text = self._control.index().get(name, "UNAVAILABLE")
            except TritonUnavailable as error:
                return Unknown(str(error), lost=True)
            except TritonError:
                pass  # the next look may see more
            else:
                if done(text):
                    return text
            if self._clock.now_s() >= until_s:
                return Unknown(f"Triton is still {doing} it after {timeout_s:g} s.")
            self._clock.sleep(self._policy.poll_s)


def in_memory(text: str) -> bool:
    """Whether a model of this state of the index holds memory."""
    return _word(text) in {"READY", "LOADING", "UNLOADING"}


def is_ready(text: str) -> bool:
    return _word(text) == "READY"


def _word(text: str) -> str:
    return text.partition(":")[0].strip()


def _reason(text: str) -> str:
    return text.partition(":")[2].strip() or "Triton says that it is not available."
