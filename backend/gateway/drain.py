"""The time between being told to stop and taking no more requests, for others to notice it.

Whoever spreads requests over several gateways sees `/health/ready` answer 503 and sends no more;
who holds a connection open is asked to make another one, which leads elsewhere.
"""

import mmap
import signal
from types import FrameType

# One byte that the main process writes and its workers, who inherit the mapping, read.
_STOPPING = mmap.mmap(-1, 1)


def under_way() -> bool:
    return _STOPPING[0] == 1


def hold_back_stop(drain_s: float) -> None:
    """From now on SIGTERM begins the drain; what it did before happens when that is over.

    A second SIGTERM ends the waiting. For the main process, whose handlers its workers replace.
    """
    stop = signal.getsignal(signal.SIGTERM)
    if not callable(stop):
        raise TypeError("nobody handles SIGTERM")

    def over(signum: int, frame: FrameType | None) -> None:
        signal.setitimer(signal.ITIMER_REAL, 0)
        stop(signal.SIGTERM, frame)

    def begin(signum: int, frame: FrameType | None) -> None:
        if under_way():
            over(signum, frame)
            return
        _STOPPING[0] = 1
        signal.signal(signal.SIGALRM, over)
        signal.setitimer(signal.ITIMER_REAL, drain_s)

    signal.signal(signal.SIGTERM, begin)
