"""What the zoo does without being asked: one thread, once a second."""

import logging
import threading
from collections.abc import Callable

log = logging.getLogger("framegate")


class Timer:
    """Calls `work` again and again until it is stopped; what it raises goes to the log."""

    def __init__(self, work: Callable[[], None], *, every_s: float) -> None:
        self._work = work
        self._every_s = every_s
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="zoo-timer", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopped.wait(self._every_s):
            try:
                self._work()
            except Exception:
                log.exception("the zoo's upkeep failed")
