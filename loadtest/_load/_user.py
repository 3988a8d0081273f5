"""A camera: one frame per interval, every answer checked."""

import time
from typing import ClassVar

import gevent
from locust import User, task
from locust.env import Environment
from locust.exception import CatchResponseError

from loadtest._load._address import parse_address
from loadtest._load._client import Client
from loadtest._load._pacing import Pacer, phase_ratio
from loadtest._load._responses import Checked, check, transport_failure
from loadtest._load._samples import Sample
from loadtest._load._source import PATH, LoadSource
from loadtest._options import Camera, options_from
from loadtest._settings import read_settings

# Of one camera in open loop. At one frame per 2 s none is refused that may still be answered.
MOST_UNDER_WAY = 10
UNSENT = f"not sent: {MOST_UNDER_WAY} frames of this camera still unanswered"

source = LoadSource()


class FrameUser(User):
    """Posts a picture per interval, at a moment of the interval that is its own."""

    abstract = True
    host = read_settings().gateway_url
    camera: ClassVar[Camera]

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        assert environment.parsed_options is not None
        assert self.host is not None
        self._options = options_from(vars(environment.parsed_options))
        # Here, so that no user is counted before there are pictures for it.
        self._requests = source.requests(self.camera, self.host, self._options.api_key)
        self._client = Client(parse_address(self.host), source.tls)

    def on_start(self) -> None:
        options = self._options
        index = source.next_index()
        worker = getattr(self.environment.runner, "worker_index", 0)
        ratio = phase_ratio(index, seed=options.seed, worker=worker)
        self._frames_under_way = 0
        # Neighbours in time send different pictures.
        self._turn = index
        # The same clock in every process of a machine, so that their users interleave.
        self._pacer = Pacer(
            now_s=time.monotonic(),
            interval_s=options.think_time_s,
            ratio=ratio,
            fixed=options.open_loop,
        )
        if not options.burst:
            gevent.sleep(self._pacer.wait_s(time.monotonic()))

    def on_stop(self) -> None:
        self._client.close()

    def wait_time(self) -> float:
        if self._options.burst:
            return 0.0
        return self._pacer.wait_s(time.monotonic())

    @task
    def score_frame(self) -> None:
        if self._options.burst:
            source.wait_for_burst()
            source.spawn(self._send, time.monotonic()).join()
            return
        due_s = self._pacer.intended_s
        self._pacer.advance(started_s=time.monotonic())
        if self._frames_under_way == MOST_UNDER_WAY:
            now_s = time.time()
            self._record(Checked(UNSENT), started_s=now_s, late_ms=0.0, response_ms=0.0)
            return
        frame = source.spawn(self._send, due_s)
        if not self._options.open_loop:
            frame.join()

    def _send(self, due_s: float) -> None:
        started_s, begun_s = time.time(), time.monotonic()
        request = self._requests[self._turn % len(self._requests)]
        self._turn += 1
        size_bytes = 0
        self._frames_under_way += 1
        try:
            answer = self._client.exchange(request)
        except Exception as error:  # noqa: BLE001 - each is a failure with a name
            checked = Checked(transport_failure(error))
            response_ms = (time.monotonic() - begun_s) * 1000
        else:
            response_ms = (time.monotonic() - begun_s) * 1000
            checked, size_bytes = check(answer), len(answer.body)
        finally:
            self._frames_under_way -= 1
        late_ms = max(0.0, (begun_s - due_s) * 1000)
        self._record(
            checked,
            started_s=started_s,
            late_ms=late_ms,
            response_ms=response_ms,
            size_bytes=size_bytes,
        )

    def _record(
        self,
        checked: Checked,
        *,
        started_s: float,
        late_ms: float,
        response_ms: float,
        size_bytes: int = 0,
    ) -> None:
        source.collector.samples.append(
            Sample(
                started_s=started_s,
                late_ms=late_ms,
                response_ms=response_ms,
                failure=checked.failure,
                score=checked.score,
                decode_ms=checked.stages_ms.get("decode"),
                preprocess_ms=checked.stages_ms.get("preprocess"),
                triton_ms=checked.stages_ms.get("triton"),
                gateway_ms=checked.stages_ms.get("total"),
            )
        )
        if checked.model is not None:
            source.collector.models.add(checked.model)
        self.environment.events.request.fire(
            request_type="POST",
            name=PATH,
            response_time=response_ms,
            response_length=size_bytes,
            exception=CatchResponseError(checked.failure) if checked.failure else None,
            start_time=started_s,
            context={},
        )


class CameraUser(FrameUser):
    """JPEG files of the size that the models take."""

    camera = "raw"


class Base64User(FrameUser):
    """The same pictures as data URLs in JSON."""

    camera = "base64"


class MixedSizesUser(FrameUser):
    """JPEG files of three sizes, two of which the gateway makes smaller."""

    camera = "mixed"


class PageUser(FrameUser):
    """JPEG files whose face is to be found, as the camera page sends them."""

    camera = "page"
