"""Light load of every kind on a running system, with the token of the tests."""

import itertools
import os
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from tests.pictures import ASTRONAUT, astronaut, encode
from tests.processes import TOKEN, Enrichment, Gateway

JPEG = ASTRONAUT.read_bytes()
KEY = {"Authorization": f"Bearer {TOKEN}"}
PICTURE = {"Content-Type": "image/jpeg"}
CALLERS = 4
# A key may keep sixteen.
CLIPS = 5


class SteadyLoad:
    """A few callers who go on until the block ends: pictures, models in turn, some clips.

    Args:
        models: of the zoo.
    """

    def __init__(self, gateway: Gateway, zoo: Enrichment, models: Sequence[str]) -> None:
        self._gateway, self._zoo, self._models = gateway, zoo, models
        self._over = threading.Event()
        self._pool = ThreadPoolExecutor(CALLERS)

    def __enter__(self) -> None:
        jobs = (self._pictures, self._pictures, self._ask_models, self._clips)
        self._running = [self._pool.submit(job) for job in jobs]

    def __exit__(self, *error: object) -> None:
        self._over.set()
        self._pool.shutdown()
        for one in self._running:
            one.result()

    def _pictures(self) -> None:
        """In turn one that is new, one that came before, and one that is given no time."""
        caller = os.urandom(4).hex()
        for number in itertools.count():
            new = JPEG + f"{caller}{number}".encode()
            assert self._gateway.post(new, **KEY).status_code == 200
            assert self._gateway.post(JPEG, **KEY).status_code == 200
            self._gateway.post(new + b"!", **KEY, **{"X-Request-Timeout-Ms": "1"})
            self._gateway.get("/health/ready")
            if self._over.wait(0.1):
                return

    def _ask_models(self) -> None:
        for name in itertools.cycle(self._models):
            for _ in range(2):
                answer = self._zoo.post(f"/v1/models/{name}/infer", JPEG, **PICTURE, **KEY)
                assert answer.status_code == 200, answer.text
            if self._over.wait(0.1):
                return

    def _clips(self) -> None:
        clip = encode(astronaut((160, 120)), "JPEG") * 4
        for _ in range(CLIPS):
            if self._over.wait(1):
                return
            assert self._zoo.post("/v1/clips?frames=4", clip, **KEY).status_code == 201
