"""Clips in the enrichment process, before the real Triton with stand-ins."""

import io
import re
import signal
import socket
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import numpy as np
import psutil
import pytest
from av import VideoFrame
from PIL import Image, ImageFilter

from scripts import make_standins
from tests.pictures import astronaut, encode
from tests.processes import PROJECT, Enrichment, Session, Triton, wait_until

DETECTOR, MODEL = "yolo11-face", "pet-classifier"
# 200 MB each: they do not fit together.
BUDGET_MB = 300
SHARPEST = 10
FRAMES = 24
ASYNC = {"Prefer": "respond-async"}
HURRY = {"X-Request-Timeout-Ms": "1"}


@pytest.fixture(scope="module")
def triton(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Triton]:
    repository = tmp_path_factory.mktemp("clip-models")
    assert make_standins.main(["--repository", str(repository), DETECTOR, MODEL]) == 0
    repositories = f"{PROJECT / 'triton_models'},{repository}"
    folder = tmp_path_factory.mktemp("clip-triton")
    with Triton(folder, FRAMEGATE_TRITON_REPOSITORIES=repositories) as started:
        yield started


@pytest.fixture(scope="module")
def spool(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("spool")


@pytest.fixture(scope="module")
def zoo(
    tmp_path_factory: pytest.TempPathFactory, triton: Triton, spool: Path
) -> Iterator[Enrichment]:
    with Enrichment(
        tmp_path_factory.mktemp("clips"),
        triton_grpc_port=triton.grpc_port,
        FRAMEGATE_VRAM_BUDGET_MB=str(BUDGET_MB),
        FRAMEGATE_MEMORY_LOG="true",
        FRAMEGATE_BODY_TIMEOUT_S="2",
        TMPDIR=str(spool),
    ) as started:
        wait_until(lambda: started.get("/v1/models").json()["triton"] is None)
        yield started


def blurred_video(size: tuple[int, int] = (320, 240)) -> bytes:
    """A picture that gets sharp until SHARPEST, and blurred again; 24 frames per second."""
    picture = (
        Image.fromarray(astronaut(size))
        if not isinstance(astronaut(size), Image.Image)
        else astronaut(size)
    )
    written = io.BytesIO()
    with av.open(written, "w", format="mp4") as out:
        track = out.add_stream("libx264", rate=24, options={"crf": "12"})
        track.width, track.height, track.pix_fmt = *size, "yuv420p"
        for number in range(FRAMES):
            blur = ImageFilter.GaussianBlur(abs(number - SHARPEST) / 2)
            out.mux(track.encode(VideoFrame.from_ndarray(np.asarray(picture.filter(blur)))))
        out.mux(track.encode())
    return written.getvalue()


def long_video() -> bytes:
    """What takes a while to decode: MJPEG, as large as JPEGs of this size are."""
    return encode(astronaut((1920, 1080)), "JPEG", quality=95) * 100


VIDEO = blurred_video()


def keep(zoo: Enrichment, query: str = "?fps=24") -> str:
    answer = zoo.post(f"/v1/clips{query}", VIDEO, **{"Content-Type": "video/mp4"})
    assert answer.status_code == 201, answer.text
    clip_id: str = answer.json()["id"]
    return clip_id


def delete(zoo: Enrichment, clip_id: str) -> None:
    with Session() as session:
        assert session.delete(f"{zoo.url}/v1/clips/{clip_id}", timeout=30).status_code == 204


def job(zoo: Enrichment, place: str) -> Any:
    """A job that is over."""
    wait_until(lambda: zoo.get(place).json()["state"] not in ("queued", "running"), timeout_s=60)
    return zoo.get(place).json()


def counted(zoo: Enrichment, series: str) -> float:
    """A counter of the process; 0 where it has not counted yet."""
    line = re.search(rf"^{re.escape(series)} (\S+)", zoo.get("/metrics").text, flags=re.MULTILINE)
    return float(line[1]) if line else 0.0


def jobs_done(zoo: Enrichment) -> float:
    return counted(zoo, 'enrichment_clip_jobs_total{kind="best_shot",state="done"}')


def loads(zoo: Enrichment) -> float:
    return sum(
        counted(zoo, f'enrichment_model_load_time_seconds_count{{model_name="{name}"}}')
        for name in (DETECTOR, MODEL)
    )


def left_in(spool: Path) -> list[Path]:
    return [path for path in spool.rglob("*") if path.is_file()]


def stub_mb(triton: Triton, model: str) -> float:
    (stub,) = [
        child
        for child in psutil.Process(triton.process.popen.pid).children(recursive=True)
        if f"{model}_0_0" in child.cmdline()
    ]
    return stub.memory_full_info().uss / 2**20


def test_the_sharpest_frames_are_chosen_and_they_are_not_neighbours(zoo: Enrichment) -> None:
    clip_id = keep(zoo)
    document = zoo.post(f"/v1/clips/{clip_id}/best-shot?top=3&distance_s=0.2").json()
    frames = [shot["frame"] for shot in document["shots"]]
    assert frames[0] == SHARPEST
    times_s = sorted(shot["time_s"] for shot in document["shots"])
    assert min(later - earlier for earlier, later in pairwise(times_s)) >= 0.2
    assert document["model"]["name"] == "capture_quality"
    assert len(document["scores"]) == FRAMES
    picture = zoo.get(f"/v1/clips/{clip_id}/frames/{SHARPEST}.jpg")
    assert Image.open(io.BytesIO(picture.content)).size == (320, 240)
    delete(zoo, clip_id)


def test_a_detector_and_a_model_that_do_not_fit_together_are_loaded_once_each(
    zoo: Enrichment,
) -> None:
    clip_id = keep(zoo, "?frames=10")
    loads_before = loads(zoo)
    document = zoo.post(
        f"/v1/clips/{clip_id}/infer?model={MODEL}&detector={DETECTOR}&score_threshold=0"
        "&max_detections=2"
    ).json()
    assert document["model"] == {"name": MODEL, "version": "1", "weights": "stand-in"}
    assert document["detector"]["name"] == DETECTOR
    assert [answer["frames"] for answer in document["answers"]] == [[n] for n in range(10)]
    assert any(answer["detections"] for answer in document["answers"])
    # All frames go before the one, then before the other.
    assert loads(zoo) - loads_before == 2
    log = zoo.process.output
    assert f"[host memory after {DETECTOR} loaded] allocated" in log
    assert f"[host memory after {MODEL} loaded] allocated" in log
    delete(zoo, clip_id)


def test_what_a_model_holds_does_not_grow_with_clips_that_are_kept_nor_with_errors(
    zoo: Enrichment, triton: Triton
) -> None:
    kept = [keep(zoo)]
    question = f"infer?model={MODEL}"
    zoo.post(f"/v1/clips/{kept[0]}/{question}")
    before_mb = stub_mb(triton, MODEL)
    for _ in range(7):
        kept.append(keep(zoo))
        assert zoo.post(f"/v1/clips/{kept[-1]}/{question}").status_code == 200
        # Given no time, it fails in the middle or before.
        zoo.post(f"/v1/clips/{kept[-1]}/{question}&max_classes=1", b"", **HURRY)
    frames_mb = 8 * FRAMES * 320 * 240 * 3 / 2**20
    assert frames_mb > 40
    assert stub_mb(triton, MODEL) - before_mb < 12
    for clip_id in kept:
        delete(zoo, clip_id)


def test_work_goes_on_when_its_caller_leaves_and_its_answer_is_kept(zoo: Enrichment) -> None:
    clip_id = keep(zoo)
    path = f"/v1/clips/{clip_id}/best-shot?top=5"
    done = jobs_done(zoo)
    with socket.create_connection(("127.0.0.1", zoo.port), timeout=10) as caller:
        caller.sendall(f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n".encode())
    wait_until(lambda: jobs_done(zoo) == done + 1)
    began_s = time.monotonic()
    assert len(zoo.post(path).json()["shots"]) > 1
    kept_s = time.monotonic() - began_s
    began_s = time.monotonic()
    assert zoo.post(f"{path}&distance_s=0.1").status_code == 200
    assert kept_s < time.monotonic() - began_s
    delete(zoo, clip_id)


def test_an_upload_that_breaks_off_or_stalls_leaves_nothing(zoo: Enrichment, spool: Path) -> None:
    head = b"POST /v1/clips HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n"
    with socket.create_connection(("127.0.0.1", zoo.port), timeout=20) as caller:
        caller.sendall(head + VIDEO[:5000])
        wait_until(lambda: bool(left_in(spool)))
    wait_until(lambda: not left_in(spool))
    with socket.create_connection(("127.0.0.1", zoo.port), timeout=20) as caller:
        caller.sendall(head + VIDEO[:5000])
        assert b" 408 " in caller.recv(200)
    wait_until(lambda: not left_in(spool))


def test_a_job_is_cancelled_while_the_decoder_works_and_its_process_ends(
    zoo: Enrichment, spool: Path
) -> None:
    began = zoo.post("/v1/clips?frames=40", long_video(), **ASYNC)
    place = began.headers["Location"]
    wait_until(lambda: bool(decoders(zoo)))
    with Session() as session:
        assert session.delete(f"{zoo.url}{place}", timeout=30).status_code == 200
    assert job(zoo, place)["state"] == "cancelled"
    wait_until(lambda: not decoders(zoo))
    assert left_in(spool) == []
    assert "enrichment_frame_cache_reserved_bytes 0.0" in zoo.get("/metrics").text


def decoders(zoo: Enrichment) -> list[psutil.Process]:
    return [
        child
        for child in psutil.Process(zoo.process.popen.pid).children(recursive=True)
        if child.status() != psutil.STATUS_ZOMBIE
        and "backend.enrichment.clips.decoder_process" in child.cmdline()
    ]


def test_a_stop_ends_what_is_being_decoded_and_leaves_no_file(
    tmp_path: Path, triton: Triton
) -> None:
    spool = tmp_path / "spool"
    spool.mkdir()
    with Enrichment(tmp_path / "zoo", triton_grpc_port=triton.grpc_port, TMPDIR=str(spool)) as zoo:
        zoo.post("/v1/clips?frames=40", long_video(), **ASYNC)
        wait_until(lambda: bool(decoders(zoo)))
        (decoder,) = decoders(zoo)
        assert zoo.stop(signal.SIGTERM) == 0
        wait_until(lambda: not decoder.is_running())
        assert left_in(spool) == []
