"""A clip from its file to its best frames, and everything that can come between."""

from pathlib import Path

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from tests.browser import Page
from tests.browser_gateway import Reply
from tests.clips_gateway import FRAME, MODEL, ClipsGateway
from tests.processes import wait_until

pytestmark = pytest.mark.browser


def phase_of(page: Page) -> str | None:
    return page.data("state", "phase")


def wait_for(page: Page, wanted: str) -> None:
    wait_until(lambda: phase_of(page) == wanted, what=f"{wanted}, and not {phase_of(page)}")


def choose(page: Page, *files: Path) -> None:
    page.find("file").send_keys("\n".join(map(str, files)))


def fragment(page: Page) -> str:
    return str(page.run("return location.hash"))


def shots(page: Page) -> list[str]:
    return [item.text for item in page.driver.find_elements(By.CSS_SELECTOR, "#shots li")]


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


def test_what_is_no_clip_is_not_sent_and_what_is_shown_stays(
    page: Page, site: ClipsGateway, video: Path, tmp_path: Path
) -> None:
    choose(page, video)
    wait_for(page, "done")
    before = len(site.asked)
    letter = tmp_path / "letter.txt"
    letter.write_text("Dear")
    choose(page, video, letter)
    assert phase_of(page) == "problem"
    assert "neither one video nor a burst" in page.text("state")
    assert len(site.asked) == before
    assert len(shots(page)) == 3


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


def test_an_upload_that_is_cancelled_breaks_off(page: Page, site: ClipsGateway) -> None:
    outcome = page.run_async(
        """const {upload} = await import('/static/clip-gateway.js');
        const abort = new AbortController();
        const what = {path: '/v1/clips', body: new Blob([new Uint8Array(5e7)]), contentType: null};
        const sent = upload(what, () => abort.abort(), abort.signal);
        return await sent.then(() => 'sent', (error) => error.constructor.name)"""
    )
    assert outcome == "Cancelled"
    assert site.jobs == {}


@pytest.mark.parametrize(("kind", "phase"), [("decode", "decoding"), ("best_shot", "scoring")])
def test_what_is_cancelled_keeps_neither_job_nor_clip(
    page: Page, site: ClipsGateway, video: Path, kind: str, phase: str
) -> None:
    site.held = {kind}
    choose(page, video)
    wait_for(page, phase)
    page.click("cancel")
    wait_for(page, "cancelled")
    assert page.text("state") == "Cancelled. Nothing is kept."
    assert not page.shown("cancel")
    assert site.clips == {}
    assert [job.state for job in site.jobs.values()][-1] == "cancelled"
    assert fragment(page) == ""


def test_a_job_that_somebody_else_cancelled_is_told_so(
    page: Page, site: ClipsGateway, video: Path
) -> None:
    site.held = {"decode"}
    choose(page, video)
    wait_for(page, "decoding")
    page.run_async("await fetch('/v1/jobs/job-2', {method: 'DELETE'})")
    wait_for(page, "cancelled-elsewhere")


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


def test_what_the_gateway_says_is_shown_with_what_to_do(
    page: Page, site: ClipsGateway, video: Path
) -> None:
    refusal = {"status": 415, "code": "unsupported_clip", "detail": "Send MP4, WebM or MJPEG."}
    site.refusals["POST /v1/clips"] = Reply(refusal, 415)
    choose(page, video)
    wait_for(page, "problem")
    assert page.text("state") == "Send MP4, WebM or MJPEG."
    assert page.text("advice") == "Choose another file."
    assert not page.shown("again")


def test_a_refusal_that_passes_can_be_tried_again(
    page: Page, site: ClipsGateway, video: Path
) -> None:
    full = {"code": "no_room_for_clip", "detail": "No room.", "retry_after_ms": 5000}
    site.refusals["POST /v1/clips"] = Reply(full, 503)
    choose(page, video)
    wait_for(page, "problem")
    assert page.text("advice") == "Try again in 5 s."
    page.click("again")
    wait_for(page, "done")


def test_a_job_that_failed_says_why(page: Page, site: ClipsGateway, video: Path) -> None:
    site.failure = {"status": 422, "code": "undecodable_clip", "detail": "The file is cut off."}
    choose(page, video)
    wait_for(page, "problem")
    assert page.text("state") == "The file is cut off."
    assert page.text("advice") == "Choose another file."


def test_a_gateway_that_is_away_for_a_while_is_waited_for(
    page: Page, site: ClipsGateway, video: Path
) -> None:
    site.held = {"decode"}
    choose(page, video)
    wait_for(page, "decoding")
    site.stop()
    try:
        wait_for(page, "away")
        assert page.text("state") == "The gateway is away. Trying again …"
    finally:
        site.start()
    site.held.clear()
    wait_for(page, "done")


def test_a_job_that_is_gone_is_told_on_a_page_that_is_loaded_again(
    page: Page, site: ClipsGateway
) -> None:
    page.driver.get("about:blank")
    page.driver.get(f"{site.url}/clips#job=long-gone")
    wait_for(page, "problem")
    assert page.text("advice") == "Choose the clip again."
    assert fragment(page) == ""


def test_a_key_is_asked_for_before_the_file_goes_out(
    page: Page, site: ClipsGateway, video: Path
) -> None:
    site.key = "fg_right"
    choose(page, video)
    wait_until(lambda: page.shown("key-form"), what="a key is asked for")
    assert site.requests("POST") == []
    page.find("key").send_keys("fg_right", Keys.ENTER)
    wait_for(page, "done")
    assert len(shots(page)) == 3
    assert {one.authorization for one in site.asked[1:]} == {"Bearer fg_right"}


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
