"""How long a job is followed, and what is asked of a model."""

from pathlib import Path
from typing import Any

import pytest

from scripts.clips import errand as errands
from scripts.clips.client import Answer
from scripts.clips.errand import Errand, infer_query
from scripts.clips.errors import Refused, Unreachable
from scripts.clips.options import Options, read
from scripts.clips.progress import Lines

RUNNING = {
    "id": "j",
    "state": "running",
    "clip": None,
    "done": 1,
    "of": 2,
    "percent": 50.0,
    "eta_s": None,
    "result": None,
    "problem": None,
}
AWAY = Unreachable("The gateway is away.")
BUSY = Refused(503, "overloaded", "Busy.", 1.0)


class Client:
    """Says one thing after the other of a job."""

    def __init__(self, *says: Any) -> None:
        self._says = list(says)
        self.cancelled: list[str] = []
        self.deleted: list[str] = []

    def clips(self) -> None:
        pass

    def upload(self, *_: object) -> Answer:
        return Answer(RUNNING, is_job=True)

    def job(self, _job: str) -> Any:
        said = self._says.pop(0) if len(self._says) > 1 else self._says[0]
        if isinstance(said, BaseException):
            raise said
        return RUNNING | said

    def cancel(self, job: str) -> Any:
        self.cancelled.append(job)
        return RUNNING | {"state": "done", "clip": "c"}

    def delete_clip(self, clip: str) -> None:
        self.deleted.append(clip)


@pytest.fixture
def options(tmp_path: Path) -> Options:
    (tmp_path / "door.mp4").write_bytes(b"film")
    return read([str(tmp_path / "door.mp4")], {})


def errand(client: Client, options: Options) -> Errand:
    """Its clock goes on by what is slept."""
    now_s = 0.0

    def sleep(duration_s: float) -> None:
        nonlocal now_s
        now_s += duration_s

    return Errand(client, options, Lines(), sleep=sleep, clock=lambda: now_s)  # type: ignore[arg-type]


def test_a_gateway_that_is_away_for_less_than_a_minute_is_waited_for(options: Options) -> None:
    patience = int(errands.PATIENCE_S / errands.POLL_S)
    client = Client(*[AWAY, BUSY] * (patience // 2), {"state": "done", "result": {"id": "c"}})
    with errand(client, options) as one:
        assert one.upload() == {"id": "c"}
    assert client.cancelled == []
    assert client.deleted == ["c"]


def test_a_gateway_that_stays_away_is_given_up(options: Options) -> None:
    with pytest.raises(Unreachable), errand(Client(AWAY), options) as one:
        one.upload()


def test_a_job_that_nobody_knows_any_longer_is_given_up_at_once(options: Options) -> None:
    gone = Refused(404, "job_not_found", "There is no such job.")
    client = Client(gone, {"state": "done", "result": {"id": "c"}})
    with pytest.raises(Refused, match="no such job"), errand(client, options) as one:
        one.upload()


def test_a_clip_whose_job_was_done_before_it_could_be_cancelled_is_deleted(
    options: Options,
) -> None:
    client = Client(KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt), errand(client, options) as one:
        one.upload()
    assert client.cancelled == ["j"]
    assert client.deleted == ["c"]


def test_a_model_is_asked_about_the_frames_that_were_named(tmp_path: Path) -> None:
    video = tmp_path / "door.mp4"
    video.write_bytes(b"film")
    found = {"shots": [{"frame": 7}, {"frame": 2}]}

    def query(*flags: str) -> dict[str, str]:
        options = read([str(video), "--infer", "m", *flags], {})
        return dict(infer_query(options, "m", found))

    assert query() == {"model": "m"}
    assert query("--infer-frames", "best") == {"model": "m", "frames": "7,2"}
    assert query("--infer-frames", "0,4-6", "--detector", "d", "--option", "max_classes=2") == {
        "model": "m",
        "max_classes": "2",
        "frames": "0,4-6",
        "detector": "d",
    }
