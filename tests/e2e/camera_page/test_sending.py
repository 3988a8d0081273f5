"""What the page sends, and when: one frame at a time, and none that nobody wants."""

import re
import threading
from pathlib import Path

import pytest

from tests.browser import Page
from tests.browser_gateway import BrowserGateway, Reply, answer
from tests.e2e.camera_page.opening import open_page
from tests.processes import wait_until

pytestmark = pytest.mark.browser


def test_a_frame_goes_out_every_two_seconds_as_a_jpeg_and_nothing_goes_elsewhere(
    page: Page, site: BrowserGateway
) -> None:
    page.driver.get(site.url)
    wait_until(lambda: site.count == 3, what="three frames were sent")
    first, second, third = site.received
    for earlier, later in ((first, second), (second, third)):
        assert 1.8 < later.moment_s - earlier.moment_s < 10
    assert first.query == "face=auto"
    assert first.content_type == "image/jpeg"
    assert first.body.startswith(b"\xff\xd8\xff")
    assert first.authorization is None
    traces = [picture.traceparent or "" for picture in (first, second, third)]
    # W3C Trace Context, level 1: version, trace, span, sampled.
    assert all(re.fullmatch("00-[0-9a-f]{32}-[0-9a-f]{16}-01", trace) for trace in traces)
    assert len({trace.split("-")[1] for trace in traces}) == 3
    assert site.most_at_once == 1
    origins = page.run(
        "return performance.getEntriesByType('resource').map((entry) => new URL(entry.name).origin)"
    )
    assert set(origins) == {site.url}
    assert page.complaints() == []


def test_while_an_answer_is_awaited_no_other_frame_is_sent(
    page: Page, site: BrowserGateway
) -> None:
    release = threading.Event()
    site.reply = lambda _picture, number: Reply(after=release if number == 0 else None)
    open_page(page, site)
    wait_until(lambda: site.count == 1, what="a frame was sent")
    page.waits(1)
    assert site.count == 1
    release.set()
    wait_until(lambda: site.count >= 2, what="the next frame was sent")
    assert site.most_at_once == 1


def test_the_reply_to_an_older_frame_is_dropped(
    page: Page, site: BrowserGateway, picture: Path
) -> None:
    release = threading.Event()
    replies = [Reply(answer(0.11), after=release), Reply(answer(0.9))]
    site.reply = lambda _picture, number: replies[min(number, 1)]
    open_page(page, site)
    wait_until(lambda: site.count == 1, what="a frame was sent")
    scores = page.listen("#score")
    page.find("file").send_keys(str(picture))
    wait_until(lambda: page.score == "0.90", what="the picture's score is shown")
    release.set()
    page.click("toggle")
    site.wait_for_more()
    assert "0.11" not in scores()


def test_a_hidden_page_sends_nothing_and_goes_on_when_it_is_seen(
    running: Page, site: BrowserGateway
) -> None:
    window = running.driver.current_window_handle
    running.driver.switch_to.new_window("tab")
    other = running.driver.current_window_handle
    try:
        before = site.count + 1  # one may be under way
        running.waits(1)
        assert site.count <= before
    finally:
        running.driver.switch_to.window(other)
        running.driver.close()
        running.driver.switch_to.window(window)
    site.wait_for_more()
    assert running.state == "running"


def test_pause_stops_the_frames_and_resume_goes_on(running: Page, site: BrowserGateway) -> None:
    running.click("toggle")
    assert running.state == "paused"
    assert running.text("toggle") == "Resume"
    before = site.count
    running.waits(1)
    assert site.count == before
    running.click("toggle")
    site.wait_for_more()
    assert running.state == "running"


def test_an_answer_that_comes_after_pause_is_not_shown(page: Page, site: BrowserGateway) -> None:
    release = threading.Event()
    site.reply = lambda _picture, _number: Reply(answer(0.11), after=release)
    open_page(page, site)
    wait_until(lambda: site.count == 1, what="a frame was sent")
    page.click("toggle")
    release.set()
    page.waits(0.5)
    assert page.score == "–"


def test_leaving_the_page_ends_the_camera_and_coming_back_opens_it(
    running: Page, site: BrowserGateway
) -> None:
    running.run(
        """window.track = document.getElementById('preview').srcObject.getVideoTracks()[0];
        window.dispatchEvent(new PageTransitionEvent('pagehide', {persisted: true}))"""
    )
    assert running.run("return window.track.readyState") == "ended"
    before = site.count
    running.waits(1)
    assert site.count == before
    running.run("window.dispatchEvent(new PageTransitionEvent('pageshow', {persisted: true}))")
    site.wait_for_more()
    assert running.state == "running"
    running.driver.get("about:blank")
    running.driver.back()
    site.wait_for_more()
