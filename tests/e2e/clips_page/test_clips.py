"""A clip from its file to its best frames, and to its end."""

from pathlib import Path

import pytest
from selenium.webdriver.common.by import By

from tests.browser import Page
from tests.clips_gateway import FRAME, MODEL, ClipsGateway
from tests.e2e.clips_page.looking import choose, fragment, shots, wait_for
from tests.processes import wait_until

pytestmark = pytest.mark.browser


def test_a_video_is_sent_decoded_and_its_best_frames_are_shown_best_first(
    page: Page, site: ClipsGateway, video: Path
) -> None:
    said = page.listen("#state, #progress-words, #said")
    choose(page, video)
    wait_for(page, "done")
    (upload,) = site.requests("POST", "/v1/clips")[:1]
    assert (upload.query, upload.content_type) == ("frames=32", "video/mp4")
    assert upload.body == video.read_bytes()
    assert {one.prefers for one in site.requests("POST")} == {"respond-async"}
    first, second, third = shots(page)
    assert first.split("\n") == ["1. 0.81 of 1", "good", "at 1.5 s, frame 3", "Save"]
    assert ["0.77" in second, "0.60" in third] == [True, True]
    assert page.text("chart-words").startswith("8 frames from 0.0 s to 3.5 s: 8 scores from 0.21")
    assert page.run("return document.querySelector('#chart desc').textContent") == page.text(
        "chart-words"
    )
    assert not page.shown("random-weights")
    assert not page.shown("progress")
    heard = said()
    assert "Decoding the clip …" in heard
    assert "Looking for the best frames …" in heard
    assert "4 of 8 frames, 50 %, about 2 s left" in heard
    assert "50 % done" in heard
    assert page.complaints() == []


def test_a_frame_can_be_saved(page: Page, site: ClipsGateway, video: Path, downloads: Path) -> None:
    choose(page, video)
    wait_for(page, "done")
    page.driver.find_element(By.CSS_SELECTOR, "#shots a").click()
    saved = downloads / "framegate-0.81-frame-3.jpg"
    wait_until(saved.is_file, what="the frame is saved")
    assert saved.read_bytes() == FRAME


def test_several_pictures_are_a_burst_in_their_order_and_faces_are_looked_for(
    page: Page, site: ClipsGateway, tmp_path: Path
) -> None:
    files = [tmp_path / f"frame{number}.jpg" for number in (2, 10, 1)]
    for file in files:
        file.write_bytes(file.stem.encode())
    page.click("faces")
    choose(page, *files)
    wait_for(page, "done")
    upload, best_shot = site.requests("POST")
    assert upload.query == ""
    assert upload.content_type.startswith("multipart/form-data; boundary=")
    places = [upload.body.index(name) for name in (b"frame1\r\n", b"frame2\r\n", b"frame10\r\n")]
    assert places == sorted(places)
    assert best_shot.query == "top=3&face=auto"
    assert "3 without a face" in page.text("chart-words")
    assert "face=auto" in fragment(page)


def test_a_page_that_is_loaded_again_goes_on_with_its_job(
    page: Page, site: ClipsGateway, video: Path
) -> None:
    site.held = {"decode"}
    choose(page, video)
    wait_until(lambda: "50 %" in page.text("progress-words"), what="half of it is decoded")
    assert fragment(page).startswith("#job=job-")
    page.driver.refresh()
    wait_until(lambda: "50 %" in page.text("progress-words"), what="the page says so again")
    site.held.clear()
    wait_for(page, "done")
    assert len(site.requests("POST", "/v1/clips")) == 2, "one upload, one question"
    assert fragment(page) == "#clip=clip-1"
    page.driver.refresh()
    wait_for(page, "done")
    assert len(shots(page)) == 3


def test_a_clip_can_be_deleted(page: Page, site: ClipsGateway, video: Path) -> None:
    choose(page, video)
    wait_for(page, "done")
    page.click("delete")
    wait_for(page, "deleted")
    assert page.text("state") == "The clip is deleted: its frames and answers are gone."
    assert site.clips == {}
    assert not page.shown("found")
    assert fragment(page) == ""


def test_a_new_clip_takes_the_place_of_the_one_before(
    page: Page, site: ClipsGateway, video: Path
) -> None:
    choose(page, video)
    wait_for(page, "done")
    site.held = {"decode"}
    choose(page, video)
    wait_for(page, "decoding")
    assert site.clips == {}
    site.held.clear()
    wait_for(page, "done")
    assert len(site.clips) == 1


def test_scores_of_random_weights_are_said_to_mean_nothing(
    page: Page, site: ClipsGateway, video: Path
) -> None:
    site.model = MODEL | {"random_weights": True}
    site.at_once = True
    choose(page, video)
    wait_for(page, "done")
    assert page.shown("random-weights")


def test_a_small_phone_needs_no_scrolling_to_the_side(
    page: Page, site: ClipsGateway, video: Path
) -> None:
    phone = {"width": 360, "height": 740, "deviceScaleFactor": 2, "mobile": True}
    page.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", phone)
    try:
        choose(page, video)
        wait_for(page, "done")
        assert page.run("return document.documentElement.scrollWidth") == 360
    finally:
        page.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_has_enough_contrast(page: Page, site: ClipsGateway, video: Path, theme: str) -> None:
    media = [{"name": "prefers-color-scheme", "value": theme}]
    page.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": media})
    try:
        site.model = MODEL | {"random_weights": True}
        choose(page, video)
        wait_for(page, "done")
        contrasts = page.contrasts()
        assert len(contrasts) > 30
        assert [each for each in contrasts if each[1] < 4.5] == []
    finally:
        page.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
