"""What the users of one process share: requests, samples, frames under way."""

import itertools
import resource
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import gevent
from gevent.event import Event

from loadtest._load._address import parse_address, tls_context
from loadtest._load._client import request_bytes
from loadtest._load._collector import Collector, CpuReading
from loadtest._load._payloads import bodies
from loadtest._options import Camera, Options

PATH = "/v1/quality"
MEASURE_EVERY_S = 1.0
CONTENT_TYPES: dict[Camera, str] = {
    "raw": "image/jpeg",
    "base64": "application/json",
    "mixed": "image/jpeg",
    "page": "image/jpeg",
}
QUERIES: dict[Camera, str] = {"page": "?face=auto"}
HEADERS = {
    "User-Agent": "framegate-loadtest",
    "Accept": "application/json",
    "Accept-Encoding": "identity",
}


class LoadSource:
    """What the users of one process share. It lives in workers and in a run of one process."""

    def __init__(self) -> None:
        self.collector = Collector()
        self.payloads: list[bytes] = []
        self._seed: int | None = None
        self._bodies: dict[Camera, gevent.Greenlet[..., list[bytes]]] = {}
        self._requests: dict[Any, list[bytes]] = {}
        self._indices: Iterator[int] = itertools.count()
        # In the order in which they began.
        self._under_way: dict[gevent.Greenlet[..., Any], float] = {}
        self._meter: gevent.Greenlet[..., Any] | None = None
        self._burst = Event()

    def prepare(self, seed: int, cameras: Iterable[Camera] = ("raw",)) -> None:
        """Make what these cameras send before the users need it; again only for another seed."""
        if seed != self._seed:
            self._bodies.clear()
            self._requests.clear()
            self._seed = seed
        self.payloads = [body for camera in sorted(set(cameras)) for body in self._made(camera)]

    def start(self, process: str, options: Options) -> None:
        """Begin a run.

        Raises:
            LoadtestError: the certificates to trust cannot be read.
        """
        self._indices = itertools.count()
        self.collector.clear()
        self.stop()
        self.tls = tls_context(options.ca, insecure=options.insecure)
        self._meter = gevent.spawn(self._measure, process)

    def stop(self) -> None:
        gevent.killall(list(self._under_way), block=False)
        self._under_way.clear()
        if self._meter is not None:
            self._meter.kill(block=False)
            self._meter = None

    def spawn(self, send: Callable[..., None], *arguments: object) -> "gevent.Greenlet[..., Any]":
        """Begin a frame on its own: it is measured to its end even if its user is stopped."""
        frame = gevent.spawn(send, *arguments)
        self._under_way[frame] = time.time()
        frame.rawlink(self._ended)
        return frame

    def _ended(self, frame: "gevent.Greenlet[..., Any]") -> None:
        self._under_way.pop(frame, None)

    def order_burst(self) -> None:
        """Release everybody who waits for a burst; whoever comes later waits for the next one."""
        ordered, self._burst = self._burst, Event()
        ordered.set()

    def wait_for_burst(self) -> None:
        self._burst.wait()

    def next_index(self) -> int:
        return next(self._indices)

    def requests(self, camera: Camera, url: str, api_key: str | None) -> list[bytes]:
        """Whole requests, made once for all users of the same kind."""
        wanted = camera, url, api_key
        if wanted not in self._requests:
            path = PATH + QUERIES.get(camera, "")
            headers = HEADERS | {"Content-Type": CONTENT_TYPES[camera]}
            if api_key:
                headers["Authorization"] = f"Bearer {api_key}"
            self._requests[wanted] = [
                request_bytes(parse_address(url), path, headers, body)
                for body in self._made(camera)
            ]
        return self._requests[wanted]

    def _made(self, camera: Camera) -> list[bytes]:
        if camera not in self._bodies:
            assert self._seed is not None
            # On its own: whoever waits for it may be stopped, as Locust does while users are added.
            self._bodies[camera] = gevent.spawn(_make, camera, self._seed)
        made: list[bytes] = self._bodies[camera].get()
        return made

    def _measure(self, process: str) -> None:
        while True:
            self.collector.under_way_since_s[process] = next(iter(self._under_way.values()), None)
            usage = resource.getrusage(resource.RUSAGE_SELF)
            self.collector.cpu.append(
                CpuReading(process, time.time(), usage.ru_utime + usage.ru_stime)
            )
            gevent.sleep(MEASURE_EVERY_S)


def _make(camera: Camera, seed: int) -> list[bytes]:
    # In a thread: a worker that says nothing for three seconds is given up.
    pool = gevent.get_hub().threadpool
    one_by_one = bodies(camera, seed)
    made: list[bytes] = []
    while (body := pool.apply(next, (one_by_one, None))) is not None:
        made.append(body)
    return made
