"""Without a camera, with another one, and with a still picture in its place."""

from pathlib import Path

import pytest
from selenium.webdriver.support.select import Select

from tests.browser import Page, open_browser, permit_camera
from tests.browser_gateway import BrowserGateway, Reply, answer
from tests.e2e.camera_page.opening import INSECURE_NAME, open_page
from tests.processes import wait_until

pytestmark = pytest.mark.browser


def assert_a_picture_can_be_scored(page: Page, site: BrowserGateway, picture: Path) -> None:
    page.find("file").send_keys(str(picture))
    wait_until(lambda: page.state == "still", what="the picture is scored")
    assert page.score == "0.80"
    assert site.received[-1].body == picture.read_bytes()


def test_an_insecure_page_says_so_and_scores_a_picture(
    page: Page, site: BrowserGateway, picture: Path
) -> None:
    open_page(page, site, INSECURE_NAME)
    wait_until(lambda: page.data("no-camera", "problem") == "insecure", what="it says so")
    assert "HTTPS" in page.text("no-camera")
    assert not page.find("toggle").is_enabled()
    assert_a_picture_can_be_scored(page, site, picture)


def test_a_camera_that_is_unplugged_is_told_and_can_be_tried_again(
    running: Page, site: BrowserGateway, picture: Path
) -> None:
    running.run(
        "document.getElementById('preview').srcObject.getVideoTracks()[0]"
        ".dispatchEvent(new Event('ended'))"
    )
    assert running.data("no-camera", "problem") == "ended"
    assert "unplugged" in running.text("no-camera")
    assert running.state == "no-camera"
    assert_a_picture_can_be_scored(running, site, picture)
    running.click("toggle")
    wait_until(lambda: running.state == "running", what="the camera is back")
    site.wait_for_more()


def test_without_a_camera_the_page_says_so_and_scores_a_picture(
    picture: Path, tmp_path: Path
) -> None:
    with BrowserGateway() as site, open_browser(tmp_path) as driver:
        permit_camera(driver)
        page = Page(driver)
        open_page(page, site)
        wait_until(lambda: page.data("no-camera", "problem") == "no-camera", what="it says so")
        assert page.state == "no-camera"
        assert page.text("toggle") == "Try the camera again"
        assert_a_picture_can_be_scored(page, site, picture)


def test_without_permission_the_page_says_so_until_it_is_given(
    page: Page, site: BrowserGateway, picture: Path
) -> None:
    permit_camera(page.driver, "denied")
    try:
        open_page(page, site)
        wait_until(lambda: page.data("no-camera", "problem") == "denied", what="it says so")
        assert "permit it" in page.text("no-camera")
        assert_a_picture_can_be_scored(page, site, picture)
    finally:
        permit_camera(page.driver)
    page.click("toggle")
    wait_until(lambda: page.state == "running", what="the camera runs")


def test_a_picture_takes_the_cameras_place_until_the_camera_is_wanted(
    running: Page, site: BrowserGateway, picture: Path
) -> None:
    site.always(answer(0.3, "too_dark"))
    running.find("file").send_keys(str(picture))
    wait_until(lambda: running.state == "still", what="the picture is scored")
    assert (running.score, running.band, running.hint) == ("0.30", "poor", "too_dark")
    assert site.received[-1].content_type == "image/png"
    assert running.shown("still")
    assert not running.shown("preview")
    before = site.count
    running.waits(1)
    assert site.count == before
    running.click("toggle")
    site.wait_for_more()
    assert site.received[-1].content_type == "image/jpeg"
    assert running.shown("preview")


def test_a_picture_that_is_dropped_on_the_page_is_scored(
    running: Page, site: BrowserGateway
) -> None:
    running.run(
        """const data = new DataTransfer();
        data.items.add(new File(['a picture'], 'me.webp', {type: 'image/webp'}));
        document.body.dispatchEvent(
          new DragEvent('drop', {dataTransfer: data, bubbles: true, cancelable: true}))"""
    )
    wait_until(lambda: running.state == "still", what="the picture is scored")
    assert site.received[-1].body == b"a picture"
    assert site.received[-1].content_type == "image/webp"


def test_a_picture_that_is_refused_is_not_sent_again(
    running: Page, site: BrowserGateway, picture: Path
) -> None:
    refused = Reply({"detail": "Send a picture that is not animated."}, 422)
    site.reply = lambda picture, _number: (
        refused if picture.content_type == "image/png" else Reply()
    )
    running.find("file").send_keys(str(picture))
    wait_until(lambda: running.state == "refused", what="the page says so")
    assert running.text("state") == "Send a picture that is not animated."
    before = site.count
    running.waits(1)
    assert site.count == before
    running.click("toggle")
    wait_until(lambda: running.state == "running", what="the camera goes on")


def test_another_camera_can_be_chosen(running: Page, site: BrowserGateway) -> None:
    choice = Select(running.find("camera"))
    assert len(choice.options) == 2
    used = "return document.getElementById('preview').srcObject?.getVideoTracks()[0].label"
    first = running.run(used)
    assert choice.first_selected_option.text == first
    other = next(option.text for option in choice.options if option.text != first)
    choice.select_by_visible_text(other)
    wait_until(lambda: running.run(used) == other, what="the other camera is open")
    site.wait_for_more()
    assert running.state == "running"
