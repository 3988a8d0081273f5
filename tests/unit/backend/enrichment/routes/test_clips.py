"""/v1/clips and /v1/jobs before a fake server, in this process."""

import errno
import io
import os
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from backend.enrichment.clips import questions
from backend.errors import TritonTimeout
from tests.pictures import encode
from tests.unit.backend.enrichment.catalogue import MODELS
from tests.unit.backend.enrichment.clips.videos import video
from tests.unit.backend.enrichment.service import MB, Service, service

SOON_S = 20.0
OTHER = {"X-Framegate-Owner": "key:other"}
ASYNC = {"Prefer": "respond-async"}


@pytest.fixture
def zoo() -> Iterator[Service]:
    with service() as made:
        yield made


def grey(value: int) -> bytes:
    return encode(Image.new("RGB", (64, 48), (value, value, value)), "PNG")


def send_burst(service: Service, values: Sequence[int], query: str = "", **options: Any) -> Any:
    files = [(io.BytesIO(grey(value)), f"{number}.png") for number, value in enumerate(values)]
    return service.client.post(f"/v1/clips{query}", data={"image": files}, **options)


def burst(service: Service, *values: int) -> str:
    answer = send_burst(service, values)
    assert answer.status_code == 201, answer.json
    clip_id: str = answer.json["id"]
    return clip_id


def spooled() -> list[Path]:
    """Files that uploads of this process have left."""
    folders = Path(tempfile.gettempdir()).glob(f"framegate-clips-{os.getpid()}-*")
    return [path for folder in folders for path in folder.rglob("*") if path.is_file()]


def head(*faces: tuple[float, ...]) -> dict[str, NDArray[Any]]:
    """What a detector of one class answers."""
    values = np.zeros((1, 5, 8400), np.float32)
    values[0, :, : len(faces)] = np.array(faces).T
    return {MODELS["yolo11-face"].outputs[0].name: values}


class Gate:
    """Holds inferences up until it is opened."""

    def __init__(self, service: Service) -> None:
        self.reached, self.open = threading.Event(), threading.Event()
        self._infer = service.server.infer
        service.server.infer = self  # type: ignore[method-assign]

    def __call__(
        self,
        name: str,
        tensors: Mapping[str, NDArray[Any]],
        outputs: Sequence[str],
        *,
        timeout_s: float,
    ) -> dict[str, NDArray[Any]]:
        self.reached.set()
        assert self.open.wait(SOON_S)
        return self._infer(name, dict(tensors), outputs, timeout_s=timeout_s)


def test_a_video_becomes_a_clip_of_the_frames_that_were_asked_for(zoo: Service) -> None:
    data = video("mp4", frames=24)
    answer = zoo.client.post("/v1/clips?frames=4", data=data, content_type="video/mp4")
    assert answer.status_code == 201
    document = answer.json
    assert document.pop("request_id") == answer.headers["X-Request-Id"]
    clip_id = document.pop("id")
    assert answer.headers["Location"] == f"/v1/clips/{clip_id}"
    assert document == {
        "source": "mp4",
        "frames": 4,
        "times_s": [0.125, 0.375, 0.583333, 0.833333],
        "width": 64,
        "height": 48,
        "size_bytes": 4 * 64 * 48 * 3,
        "idle_s": 0.0,
        "expires_in_s": 600.0,
    }
    again = zoo.client.get(f"/v1/clips/{clip_id}").json
    assert {**document, "id": clip_id} == {
        key: value for key, value in again.items() if key != "request_id"
    }
    assert spooled() == []


@pytest.mark.parametrize(("query", "frames"), [("", 24), ("?fps=4", 4), ("?fps=1", 1)])
def test_frames_are_as_many_as_the_query_says(zoo: Service, query: str, frames: int) -> None:
    data = {"video": (io.BytesIO(video("webm", frames=24)), "clip.webm")}
    assert zoo.client.post(f"/v1/clips{query}", data=data).json["frames"] == frames


def test_all_pictures_of_a_burst_are_kept_at_the_rate_they_were_taken(zoo: Service) -> None:
    document = send_burst(zoo, [10, 20, 30], "?fps=4").json
    assert (document["source"], document["times_s"]) == ("pictures", [0.0, 0.25, 0.5])


def test_a_frame_comes_back_as_a_jpeg_of_the_width_that_is_wanted(zoo: Service) -> None:
    clip_id = burst(zoo, 10, 200)
    whole = zoo.client.get(f"/v1/clips/{clip_id}/frames/1.jpg")
    assert (whole.status_code, whole.content_type) == (200, "image/jpeg")
    picture = Image.open(io.BytesIO(whole.data))
    assert picture.size == (64, 48)
    assert abs(float(np.asarray(picture).mean()) - 200) < 2
    small = zoo.client.get(f"/v1/clips/{clip_id}/frames/1.jpg?width=32")
    assert Image.open(io.BytesIO(small.data)).size == (32, 24)
    missing = zoo.client.get(f"/v1/clips/{clip_id}/frames/2.jpg")
    assert (missing.status_code, missing.json["code"]) == (404, "frame_not_found")


@pytest.mark.parametrize(
    ("query", "data", "content_type", "status", "code"),
    [
        ("?fps=0", b"x", "video/mp4", 400, "malformed_request"),
        ("?fps=nan", b"x", "video/mp4", 400, "malformed_request"),
        ("?frames=65", b"x", "video/mp4", 400, "malformed_request"),
        ("?frames=4&fps=4", b"x", "video/mp4", 400, "malformed_request"),
        ("?rate=4", b"x", "video/mp4", 400, "malformed_request"),
        ("", b"", "video/mp4", 400, "malformed_request"),
        ("", b"not a video at all", "video/mp4", 415, "unsupported_clip"),
        ("", video("mp4")[:2000], "video/mp4", 422, "undecodable_clip"),
        ("", bytes(2 * MB + 1), "video/mp4", 413, "clip_too_large"),
        ("", {"file": (io.BytesIO(b"x"), "a")}, None, 400, "malformed_request"),
        ("", {"video": "text"}, "multipart/form-data", 400, "malformed_request"),
        ("?frames=2", {"image": (io.BytesIO(grey(1)), "a")}, None, 400, "malformed_request"),
        ("", {"image": (io.BytesIO(b"none"), "a")}, None, 415, "unsupported_picture"),
    ],
    ids=str,
)
def test_what_is_no_clip_is_refused_and_nothing_of_it_stays(
    zoo: Service, query: str, data: Any, content_type: str | None, status: int, code: str
) -> None:
    answer = zoo.client.post(f"/v1/clips{query}", data=data, content_type=content_type)
    assert (answer.status_code, answer.json["code"]) == (status, code), answer.json
    assert zoo.store.status().used_bytes == zoo.store.status().reserved_bytes == 0
    assert spooled() == []


def test_a_body_of_unknown_length_is_refused_unread(zoo: Service) -> None:
    body = io.BytesIO(b"x" * 10)
    answer = zoo.client.post(
        "/v1/clips",
        input_stream=body,
        headers={"Transfer-Encoding": "chunked"},
        environ_overrides={"wsgi.input_terminated": True},
    )
    assert (answer.status_code, answer.json["code"]) == (400, "malformed_request")
    assert "Content-Length" in answer.json["detail"]
    assert body.tell() == 0


def test_a_full_disk_is_told_and_waiting_may_help(
    zoo: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "open", full)
    answer = zoo.client.post("/v1/clips", data=b"a video", content_type="video/mp4")
    assert (answer.status_code, answer.json["code"]) == (503, "no_room_for_clip")
    assert "disk is full" in answer.json["detail"]


def test_the_best_frames_are_told_with_the_scores_of_all(zoo: Service) -> None:
    clip_id = burst(zoo, 51, 204, 153, 102, 255, 0)
    answer = zoo.client.post(f"/v1/clips/{clip_id}/best-shot?top=2&distance_s=1")
    assert answer.status_code == 200
    document = answer.json
    assert document["scores"] == pytest.approx([0.2, 0.8, 0.6, 0.4, 1.0, 0.0], abs=0.01)
    assert [(shot["frame"], shot["time_s"], shot["band"]) for shot in document["shots"]] == [
        (4, 2.0, "good"),
        (1, 0.5, "good"),
    ]
    assert document["model"] == {
        "name": "brightness", "version": "1", "variant": "test", "random_weights": False,
    }  # fmt: skip
    assert document["clip"] == clip_id


def test_the_same_question_is_answered_from_what_was_kept(zoo: Service) -> None:
    clip_id = burst(zoo, 51, 204)
    first = zoo.client.post(f"/v1/clips/{clip_id}/best-shot").json
    asked = len(zoo.server.asked)
    again = zoo.client.post(f"/v1/clips/{clip_id}/best-shot").json
    assert len(zoo.server.asked) == asked
    assert again.pop("request_id") != first.pop("request_id")
    assert again == first
    zoo.client.post(f"/v1/clips/{clip_id}/best-shot?top=1")
    assert len(zoo.server.asked) > asked


def test_frames_without_a_face_are_not_chosen(zoo: Service) -> None:
    clip_id = burst(zoo, 51, 204)
    document = zoo.client.post(f"/v1/clips/{clip_id}/best-shot?face=auto").json
    assert (document["scores"], document["shots"]) == ([None, None], [])


def test_a_model_of_the_zoo_says_something_of_each_frame_named(zoo: Service) -> None:
    clip_id = burst(zoo, *range(0, 60, 10))
    document = zoo.client.post(f"/v1/clips/{clip_id}/infer?model=pet-classifier&frames=1,3-5").json
    assert document["model"] == {"name": "pet-classifier", "version": "1", "weights": "stand-in"}
    assert document["detector"] is None
    assert [answer["frames"] for answer in document["answers"]] == [[1], [3], [4], [5]]
    assert document["answers"][1]["times_s"] == [1.5]
    assert all(
        answer["result"]["task"] == "classification" and "detections" not in answer
        for answer in document["answers"]
    )
    # Four frames are one inference of a model that takes so many.
    assert [len(tensors["pixel_values"]) for _, tensors in zoo.server.asked] == [4]


def test_no_more_than_a_micro_batch_is_handed_over_at_a_time(zoo: Service) -> None:
    zoo.server.max_batch_size = 64
    clip_id = burst(zoo, *range(20))
    zoo.client.post(f"/v1/clips/{clip_id}/infer?model=pet-classifier")
    assert [len(tensors["pixel_values"]) for _, tensors in zoo.server.asked] == [8, 8, 4]


def test_what_a_detector_finds_is_cut_out_and_asked_about_too(zoo: Service) -> None:
    clip_id = burst(zoo, 10, 20)
    # Three faces in the middle, side by side; (x, y, width, height, score) in 640 × 640.
    faces = [(200, 320, 60, 80, 0.9), (300, 320, 60, 80, 0.5), (400, 320, 60, 80, 0.8)]
    zoo.server.replies["yolo11-face"] = [head(*faces), head(*faces[:1])]
    zoo.server.max_batch_size = 1
    document = zoo.client.post(
        f"/v1/clips/{clip_id}/infer?model=pet-classifier&detector=yolo11-face&max_detections=2"
    ).json
    assert document["detector"]["name"] == "yolo11-face"
    # All frames go before the detector first, so that it and the model need not fit together.
    names = [name for name, _ in zoo.server.asked]
    assert names == sorted(names, reverse=True)
    assert [len(answer["detections"]) for answer in document["answers"]] == [2, 1]
    assert names.count("pet-classifier") == 2 + 2 + 1
    detection = document["answers"][0]["detections"][1]
    assert (detection["label"], detection["score"]) == ("face", 0.8)
    assert detection["box"] == {"x": 37.0, "y": 20.0, "width": 6.0, "height": 8.0}
    assert detection["result"]["task"] == "classification"


def test_answers_that_are_too_long_together_are_refused_before_all_are_asked_for(
    zoo: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    clip_id = burst(zoo, *range(20))
    monkeypatch.setattr(questions, "MOST_ANSWER_BYTES", 1000)
    answer = zoo.client.post(f"/v1/clips/{clip_id}/infer?model=osnet-x0-25")
    assert (answer.status_code, answer.json["code"]) == (413, "clip_too_large")
    assert "after 8 pictures" in answer.json["detail"]
    assert sum(len(next(iter(tensors.values()))) for _, tensors in zoo.server.asked) == 8


def test_a_model_of_actions_gets_the_frames_as_one_window(zoo: Service) -> None:
    clip_id = burst(zoo, *range(6))
    document = zoo.client.post(f"/v1/clips/{clip_id}/infer?model=xclip-base&frames=0-3").json
    (answer,) = document["answers"]
    assert answer["frames"] == [0, 1, 2, 3]
    assert answer["result"]["frames"]["sent"] == 4
    ((name, _),) = zoo.server.asked
    assert name == "xclip-base"


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("", 400, "malformed_request"),
        ("?model=none", 404, "unknown_model"),
        ("?model=pet-classifier&frames=9", 404, "frame_not_found"),
        ("?model=pet-classifier&frames=x", 400, "malformed_request"),
        ("?model=pet-classifier&detector=none", 404, "unknown_model"),
        ("?model=pet-classifier&detector=osnet-x0-25", 400, "malformed_request"),
        ("?model=xclip-base&detector=yolo11-face", 400, "malformed_request"),
        ("?model=pet-classifier&prompt=a+dog", 400, "malformed_request"),
        ("?model=pet-classifier&max_detections=51", 400, "malformed_request"),
        ("?model=pet-classifier&colour=red", 400, "malformed_request"),
    ],
)
def test_questions_that_have_no_answer_are_refused_before_any_work(
    zoo: Service, query: str, status: int, code: str
) -> None:
    clip_id = burst(zoo, 10, 20)
    answer = zoo.client.post(f"/v1/clips/{clip_id}/infer{query}")
    assert (answer.status_code, answer.json["code"]) == (status, code), answer.json
    assert zoo.server.asked == []
    assert zoo.store.status().in_use == 0


def test_an_error_in_the_middle_is_told_and_the_clip_stays(zoo: Service) -> None:
    clip_id = burst(zoo, 10, 20)
    zoo.server.errors["pet-classifier"] = [TritonTimeout("The model did not answer in time.")]
    answer = zoo.client.post(f"/v1/clips/{clip_id}/infer?model=pet-classifier")
    assert (answer.status_code, answer.json["code"]) == (504, "triton_timeout")
    assert zoo.store.status().in_use == 0
    assert zoo.client.post(f"/v1/clips/{clip_id}/infer?model=pet-classifier").status_code == 200


def test_who_will_not_wait_is_told_where_to_ask_and_finds_the_answer_there(zoo: Service) -> None:
    clip_id, gate = burst(zoo, 51, 204), Gate(zoo)
    answer = zoo.client.post(f"/v1/clips/{clip_id}/best-shot", headers=ASYNC)
    assert answer.status_code == 202
    assert answer.headers["Preference-Applied"] == "respond-async"
    place = answer.headers["Location"]
    assert place == f"/v1/jobs/{answer.json['id']}"
    assert gate.reached.wait(SOON_S)
    now = zoo.client.get(place).json
    assert (now["kind"], now["state"], now["clip"]) == ("best_shot", "running", clip_id)
    assert (now["done"], now["of"], now["percent"], now["result"]) == (0, 2, 0.0, None)
    gate.open.set()
    zoo.jobs.find("anonymous", now["id"]).wait(SOON_S)
    now = zoo.client.get(place).json
    assert (now["state"], now["percent"], now["problem"]) == ("done", 100.0, None)
    assert now["result"]["scores"] == pytest.approx([0.2, 0.8], abs=0.01)


def test_who_waits_too_long_is_told_where_to_ask(zoo: Service) -> None:
    clip_id, gate = burst(zoo, 51), Gate(zoo)
    answer = zoo.client.post(
        f"/v1/clips/{clip_id}/best-shot", headers={"X-Request-Timeout-Ms": "300"}
    )
    gate.open.set()
    assert (answer.status_code, answer.json["state"] in ("queued", "running")) == (202, True)


def test_decoding_as_a_job_names_the_clip_when_it_is_done(zoo: Service) -> None:
    answer = zoo.client.post(
        "/v1/clips?frames=2", data=video("mp4"), content_type="video/mp4", headers=ASYNC
    )
    assert (answer.status_code, answer.json["kind"]) == (202, "decode")
    zoo.jobs.find("anonymous", answer.json["id"]).wait(SOON_S)
    now = zoo.client.get(answer.headers["Location"]).json
    assert now["clip"] == now["result"]["id"]
    assert zoo.client.get(f"/v1/clips/{now['clip']}").json["frames"] == 2


def test_a_job_that_failed_says_why_to_whoever_asks(zoo: Service) -> None:
    answer = zoo.client.post("/v1/clips", data=b"not a video at all", headers=ASYNC)
    zoo.jobs.find("anonymous", answer.json["id"]).wait(SOON_S)
    now = zoo.client.get(answer.headers["Location"]).json
    assert (now["state"], now["problem"]["code"]) == ("failed", "unsupported_clip")
    assert now["problem"]["status"] == 415


def test_cancelling_ends_the_work_and_tells_whoever_waits(zoo: Service) -> None:
    clip_id, gate = burst(zoo, 51), Gate(zoo)
    answers: list[Any] = []
    waiting = threading.Thread(
        target=lambda: answers.append(zoo.app.test_client().post(f"/v1/clips/{clip_id}/best-shot"))
    )
    waiting.start()
    assert gate.reached.wait(SOON_S)
    (job,) = zoo.jobs._unfinished.values()
    assert zoo.client.delete(f"/v1/jobs/{job.id}", headers=OTHER).status_code == 404
    assert zoo.client.delete(f"/v1/jobs/{job.id}").status_code == 200
    gate.open.set()
    waiting.join(SOON_S)
    assert (answers[0].status_code, answers[0].json["code"]) == (409, "job_cancelled")
    assert zoo.client.get(f"/v1/jobs/{job.id}").json["state"] == "cancelled"
    assert zoo.store.status().in_use == 0


def test_work_beyond_what_may_wait_is_refused_and_holds_nothing(zoo: Service) -> None:
    clip_id, gate = burst(zoo, 51), Gate(zoo)
    for _ in range(2):
        zoo.client.post(f"/v1/clips/{clip_id}/best-shot", headers=ASYNC)
    assert gate.reached.wait(SOON_S)
    for refused in (
        zoo.client.post(f"/v1/clips/{clip_id}/best-shot"),
        zoo.client.post("/v1/clips", data=video("mp4"), content_type="video/mp4"),
    ):
        assert (refused.status_code, refused.json["code"]) == (503, "overloaded")
        assert "Retry-After" in refused.headers
    assert spooled() == []
    gate.open.set()


def test_a_clip_that_is_deleted_takes_its_jobs_and_results_with_it(zoo: Service) -> None:
    clip_id, gate = burst(zoo, 51, 204), Gate(zoo)
    job = zoo.client.post(f"/v1/clips/{clip_id}/best-shot", headers=ASYNC).json
    assert gate.reached.wait(SOON_S)
    assert zoo.client.delete(f"/v1/clips/{clip_id}").status_code == 204
    gate.open.set()
    zoo.jobs.find("anonymous", job["id"]).wait(SOON_S)
    assert zoo.client.get(f"/v1/jobs/{job['id']}").json["state"] == "cancelled"
    assert zoo.client.get(f"/v1/clips/{clip_id}").json["code"] == "clip_not_found"
    assert zoo.store.status().used_bytes == 0


def test_everybody_has_clips_of_their_own(zoo: Service) -> None:
    mine = burst(zoo, 10)
    send_burst(zoo, [10, 20], headers={"X-Framegate-Owner": quote("key:caméra")})
    assert zoo.client.get(f"/v1/clips/{mine}", headers=OTHER).status_code == 404
    assert zoo.client.delete(f"/v1/clips/{mine}", headers=OTHER).status_code == 404
    own = zoo.client.get("/v1/clips").json
    assert [clip["id"] for clip in own["clips"]] == [mine]
    assert (own["used_bytes"], own["clips_allowed"]) == (64 * 48 * 3, 4)
    assert "times_s" not in own["clips"][0]
    (theirs,) = zoo.client.get(
        "/v1/clips", headers={"X-Framegate-Owner": quote("key:caméra")}
    ).json["clips"]
    assert theirs["frames"] == 2


def test_who_keeps_as_much_as_allowed_is_told_to_delete_something() -> None:
    with service(clips_per_key=1) as zoo:
        burst(zoo, 10)
        answer = send_burst(zoo, [10])
        assert (answer.status_code, answer.json["code"]) == (429, "clip_quota_exceeded")
        assert "Retry-After" in answer.headers
