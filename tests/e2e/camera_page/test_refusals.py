"""When the gateway is away, or busy, or wants a key."""

import threading

import pytest
from selenium.webdriver.common.keys import Keys

from tests.browser import Page
from tests.browser_gateway import BrowserGateway, Received, Reply
from tests.e2e.camera_page.opening import open_page
from tests.processes import wait_until

pytestmark = pytest.mark.browser


@pytest.mark.parametrize(
    ("headers", "body"), [({"Retry-After": "2"}, {}), ({}, {"retry_after_ms": 2000})]
)
def test_the_page_waits_as_long_as_the_gateway_asks(
    page: Page, site: BrowserGateway, headers: dict[str, str], body: dict[str, int]
) -> None:
    busy = Reply({"detail": "Too much to do."} | body, 503, headers)
    site.reply = lambda _picture, number: busy if number == 0 else Reply()
    open_page(page, site)
    wait_until(lambda: page.state == "away", what="the page says so")
    assert page.text("state") == "Too much to do. Trying again"
    wait_until(lambda: page.text("countdown") in ("in 1 s.", "in 2 s."), what="it counts down")
    wait_until(lambda: page.state == "running", what="it runs again")
    assert site.received[1].moment_s - site.received[0].moment_s >= 1.9


def test_try_now_waits_no_longer(page: Page, site: BrowserGateway) -> None:
    busy = Reply({"detail": "Too much to do."}, 503, {"Retry-After": "600"})
    site.reply = lambda _picture, number: busy if number == 0 else Reply()
    open_page(page, site)
    wait_until(lambda: page.shown("retry"), what="it can be tried")
    page.click("retry")
    wait_until(lambda: page.state == "running", what="it runs again")


def test_a_gateway_that_comes_back_is_found_again(running: Page, site: BrowserGateway) -> None:
    site.stop()
    try:
        wait_until(lambda: running.state == "away", what="the page says so")
        assert running.text("state") == "The gateway is away. Trying again"
        assert running.hint == ""
        assert running.text("score-note") == "of 1, not current"
        assert running.face_boxes == 0
    finally:
        site.start()
    wait_until(lambda: running.state == "running", what="it runs again")
    assert running.text("score-note") == "of 1"
    assert site.most_at_once == 1


def test_an_answer_that_does_not_come_in_time_is_not_waited_for(
    running: Page, site: BrowserGateway
) -> None:
    release = threading.Event()
    site.reply = lambda _picture, _number: Reply(after=release)
    outcome = running.run_async(
        """const {Gateway} = await import('/static/gateway.js');
        const picture = new Blob(['a picture'], {type: 'image/jpeg'});
        return await new Gateway(200).score(async () => picture)"""
    )
    release.set()
    assert outcome == {
        "kind": "problem",
        "text": "The gateway did not answer in time.",
        "retryAfterMs": None,
        "final": False,
    }


def test_a_refusal_that_is_not_the_gateways_own_is_told_too(
    page: Page, site: BrowserGateway
) -> None:
    site.reply = lambda _picture, _number: Reply({}, 502)
    open_page(page, site)
    wait_until(lambda: page.state == "away", what="the page says so")
    assert page.text("state") == "The gateway answered 502 BAD GATEWAY. Trying again"


def test_a_key_is_asked_for_and_sent_until_it_is_forgotten(
    page: Page, site: BrowserGateway
) -> None:
    def guarded(picture: Received, _number: int) -> Reply:
        known = picture.authorization == "Bearer fg_right"
        return Reply() if known else Reply({"detail": "A key is needed."}, 401)

    site.reply = guarded
    open_page(page, site)
    wait_until(lambda: page.shown("key-form"), what="a key is asked for")
    assert page.state == "key"
    page.find("key").send_keys("fg_right", Keys.ENTER)
    wait_until(lambda: page.state == "running", what="it runs")
    assert not page.shown("key-form")
    page.click("forget-key")
    wait_until(lambda: page.shown("key-form"), what="a key is asked for again")
    assert site.received[-1].authorization is None
