"""The page for clips and the command, before the real gateway, the zoo's process and Triton."""

import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import ImageFilter
from selenium.webdriver.common.by import By

from scripts import clip
from tests import camera_files
from tests.browser import Page, open_browser
from tests.pictures import decoded
from tests.processes import Enrichment, Gateway, Triton, wait_until

pytestmark = pytest.mark.triton
FRAMES, SHARPEST = 12, 7


@pytest.fixture(scope="module")
def zoo(triton: Triton, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Enrichment]:
    folder = tmp_path_factory.mktemp("zoo")
    with Enrichment(folder, triton_grpc_port=triton.grpc_port) as server:
        yield server


@pytest.fixture(scope="module")
def gateway(
    triton: Triton, zoo: Enrichment, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Gateway]:
    settings = {"FRAMEGATE_ENRICHMENT_PORT": str(zoo.port)}
    folder = tmp_path_factory.mktemp("gateway")
    with Gateway(folder, triton_port=triton.http_port, **settings) as server:
        yield server


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A face that gets sharp until SHARPEST, and blurred again."""
    blurs = [ImageFilter.GaussianBlur(abs(number - SHARPEST)) for number in range(FRAMES)]
    path = tmp_path_factory.mktemp("video") / "face.mjpeg"
    return camera_files.film(
        path, *(camera_files.good().filter(blur) for blur in blurs), frames_each=1
    )


def kept(gateway: Gateway) -> int:
    return len(gateway.get("/v1/clips").json()["clips"])


@pytest.mark.browser
def test_the_page_shows_the_sharpest_frame_first_and_deletes_the_clip(
    gateway: Gateway, video: Path, tmp_path: Path
) -> None:
    with open_browser(tmp_path) as driver:
        page = Page(driver)
        driver.get(f"{gateway.url}/clips")
        page.click("faces")
        page.find("file").send_keys(str(video))
        ended = ("done", "problem")
        wait_until(lambda: page.data("state", "phase") in ended, timeout_s=60)
        assert page.text("state") == "Done."
        best = driver.find_element(By.CSS_SELECTOR, "#shots li")
        assert f"frame {SHARPEST}" in best.text
        image = best.find_element(By.TAG_NAME, "img")
        wait_until(lambda: image.get_property("naturalWidth") == 640, what="it is shown")
        assert page.text("clip-frames") == f"{FRAMES} of 640 × 480 px"
        assert kept(gateway) == 1
        page.click("delete")
        wait_until(lambda: page.data("state", "phase") == "deleted")
        assert kept(gateway) == 0
        assert page.complaints() == []


def test_the_command_saves_the_sharpest_frame_first_and_deletes_the_clip(
    gateway: Gateway, video: Path, tmp_path: Path
) -> None:
    assert clip.main([str(video), "--out", str(tmp_path), "--url", gateway.url, "--face"]) == 0
    best = min(tmp_path.iterdir())
    assert best.name.startswith(f"01-frame-{SHARPEST:04}-at-")
    assert decoded(best.read_bytes()).size == camera_files.SIZE
    assert kept(gateway) == 0


def test_ctrl_c_leaves_neither_clip_nor_work(
    gateway: Gateway, video: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    long = tmp_path / "long.mjpeg"
    long.write_bytes(video.read_bytes() * 40)

    def interrupt() -> None:
        wait_until(lambda: "Decoding: " in capsys.readouterr().err, what="it is decoded")
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    code = clip.main([str(long), "--frames", "150", "--url", gateway.url])
    thread.join()
    assert code == 130
    assert kept(gateway) == 0
