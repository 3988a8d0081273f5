"""python -m scripts.clip, before a gateway that makes up its frames."""

import json
import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts import clip
from scripts.clips import errand
from tests.browser_gateway import Reply
from tests.clips_gateway import FRAME, MODEL, ClipsGateway
from tests.processes import free_port, wait_until


@pytest.fixture(scope="module")
def server() -> Iterator[ClipsGateway]:
    with ClipsGateway() as running:
        yield running


@pytest.fixture
def site(server: ClipsGateway, monkeypatch: pytest.MonkeyPatch) -> ClipsGateway:
    """It has received nothing, and nobody hesitates to ask it."""
    server.reset()
    monkeypatch.setattr(errand, "POLL_S", 0.01)
    monkeypatch.delenv("FRAMEGATE_API_KEY", raising=False)
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")  # leads nowhere
    return server


@pytest.fixture
def video(tmp_path: Path) -> Path:
    path = tmp_path / "door.mp4"
    path.write_bytes(b"a film " * 100_000)
    return path


def call(site: ClipsGateway, *arguments: object) -> int:
    return clip.main([*map(str, arguments), "--url", f"http://127.0.0.1:{site.port}"])


def test_the_best_frames_are_saved_and_told_and_the_clip_is_deleted(
    site: ClipsGateway, video: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "best"
    assert call(site, video, "--frames", 8, "--face", "--out", out) == 0
    upload, best_shot = site.requests("POST")
    assert (upload.query, upload.content_type) == ("frames=8", "application/octet-stream")
    assert upload.body == video.read_bytes()
    assert best_shot.query == "top=3&distance_s=0.5&face=auto"
    names = [path.name for path in sorted(out.iterdir())]
    assert names[0] == "01-frame-0003-at-1.50s.jpg"
    assert len(names) == 3
    assert (out / names[0]).read_bytes() == FRAME
    said = capsys.readouterr()
    assert said.out.splitlines()[1].split()[:5] == ["3", "1.50", "s", "0.81", "good"]
    assert "Decoding: 4 of 8, 50 %, 2 s left" in said.err
    assert site.clips == {}


def test_pictures_go_out_as_a_burst_in_the_order_given(site: ClipsGateway, tmp_path: Path) -> None:
    files = [tmp_path / name for name in ("b.jpg", "a.PNG")]
    for file in files:
        file.write_bytes(f"<{file.name}>".encode())
    assert call(site, *files, "--fps", 4, "--out", tmp_path / "best") == 0
    upload = site.requests("POST")[0]
    assert upload.query == "fps=4"
    boundary = upload.content_type.split("boundary=")[1]
    parts = upload.body.split(f"--{boundary}".encode())
    assert parts[1].endswith(b"image/jpeg\r\n\r\n<b.jpg>\r\n")
    assert parts[2].endswith(b"image/png\r\n\r\n<a.PNG>\r\n")
    assert parts[3] == b"--\r\n"


def test_everything_found_is_one_json_document_and_nothing_else(
    site: ClipsGateway, video: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "best"
    flags = ("--json", "--keep", "--infer", "m", "--detector", "d", "--infer-frames", "best")
    assert call(site, video, "--out", out, *flags) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["clip"]["frames"] == 8
    assert found["best_shot"]["shots"][0]["frame"] == 3
    assert found["files"][0] == str(out / "01-frame-0003-at-1.50s.jpg")
    assert found["infer"]["answers"][0]["detections"][0]["label"] == "animal"
    assert site.requests("POST", "/infer")[0].query == "model=m&frames=3%2C4%2C5&detector=d"
    assert list(site.clips) == [found["clip"]["id"]]


def test_answers_and_doubts_are_told_too(
    site: ClipsGateway, video: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    site.model = MODEL | {"random_weights": True}
    site.at_once = True
    assert call(site, video, "--out", tmp_path, "--infer", "m", "--detector", "d", "--keep") == 0
    said = capsys.readouterr().out
    assert said.startswith("Random weights: the scores say nothing.\n")
    assert "m:\nd is a stand-in: what it says means nothing.\n" in said
    assert "0.00 s" in said
    assert "cat 0.90" in said
    assert f"http://127.0.0.1:{site.port}/clips#clip=clip-1" in said


@pytest.mark.parametrize("kind", ["decode", "best_shot"])
def test_ctrl_c_cancels_the_job_and_deletes_the_clip(
    site: ClipsGateway,
    video: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    kind: str,
) -> None:
    site.held = {kind}

    def interrupt() -> None:
        wait_until(lambda: any(job.kind == kind and job.done for job in [*site.jobs.values()]))
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    code = call(site, video, "--out", tmp_path / "best", "--keep")
    thread.join()
    assert code == 130
    assert capsys.readouterr().err.splitlines()[-1].startswith("Stopped by SIGINT")
    assert list(site.jobs.values())[-1].state == "cancelled"
    assert site.clips == {}


def test_a_key_that_is_missing_is_found_out_before_the_file_goes_out(
    site: ClipsGateway,
    video: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    site.key = "fg_right"
    assert call(site, video, "--out", tmp_path) == 1
    assert capsys.readouterr().err == "An API key is needed.\n"
    assert site.requests("POST") == []
    monkeypatch.setenv("FRAMEGATE_API_KEY", "fg_right")
    assert call(site, video, "--out", tmp_path) == 0


def test_a_model_that_is_not_there_is_found_out_before_the_file_goes_out(
    site: ClipsGateway, video: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(site, video, "--out", tmp_path, "--infer", "m", "--detector", "gone") == 1
    assert capsys.readouterr().err == "There is no model 'gone' in the zoo.\n"
    assert site.requests("POST") == []


def test_a_refusal_is_one_line_with_how_long_to_wait(
    site: ClipsGateway, video: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    full = {"code": "no_room_for_clip", "detail": "No room.", "retry_after_ms": 5000}
    site.refusals["POST /v1/clips"] = Reply(full, 503)
    assert call(site, video, "--out", tmp_path) == 1
    assert capsys.readouterr().err.splitlines()[-1] == "No room. Try again in 5 s."
    site.refusals["POST /v1/clips"] = Reply({}, 502)
    assert call(site, video, "--out", tmp_path) == 1
    assert capsys.readouterr().err.splitlines()[-1] == "The gateway answered 502 BAD GATEWAY."


def test_a_job_that_failed_says_why(
    site: ClipsGateway, video: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cut_off = {"status": 422, "code": "undecodable_clip", "detail": "The file is cut off."}
    site.failures["decode"] = cut_off
    assert call(site, video, "--out", tmp_path) == 1
    assert capsys.readouterr().err.splitlines()[-1] == "The file is cut off."


def test_a_gateway_that_is_away_is_one_line(
    video: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    assert clip.main([str(video), "--url", url]) == 1
    assert capsys.readouterr().err == f"{url} cannot be reached: there is no connection.\n"


def test_wrong_flags_end_with_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert clip.main([str(tmp_path / "gone.mp4")]) == 2
    assert "cannot be read" in capsys.readouterr().err
