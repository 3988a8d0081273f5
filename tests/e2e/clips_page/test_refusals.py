"""What is cancelled, refused or away, and what the page says of it."""

from pathlib import Path

import pytest
from selenium.webdriver.common.keys import Keys

from tests.browser import Page
from tests.browser_gateway import Reply
from tests.clips_gateway import ClipsGateway
from tests.e2e.clips_page.looking import choose, fragment, phase_of, shots, wait_for
from tests.processes import wait_until

pytestmark = pytest.mark.browser


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
    cut_off = {"status": 422, "code": "undecodable_clip", "detail": "The file is cut off."}
    site.failures["decode"] = cut_off
    choose(page, video)
    wait_for(page, "problem")
    assert page.text("state") == "The file is cut off."
    assert page.text("advice") == "Choose another file."


@pytest.mark.parametrize(("kind", "uploads"), [("decode", 2), ("best_shot", 1)])
def test_a_job_that_failed_for_a_while_is_tried_again_as_another(
    page: Page, site: ClipsGateway, video: Path, kind: str, uploads: int
) -> None:
    site.failures[kind] = {"status": 503, "code": "overloaded", "detail": "Too much to do."}
    choose(page, video)
    wait_for(page, "problem")
    assert page.text("advice") == "Try again."
    page.click("again")
    wait_for(page, "done")
    assert len([one for one in site.requests("POST") if one.path == "/v1/clips"]) == uploads
    assert len(site.clips) == 1


def test_a_page_that_was_loaded_again_has_no_file_to_try_again_with(
    page: Page, site: ClipsGateway, video: Path
) -> None:
    site.held = {"decode"}
    choose(page, video)
    wait_for(page, "decoding")
    site.failures["decode"] = {"status": 503, "code": "overloaded", "detail": "Too much to do."}
    page.driver.refresh()
    wait_for(page, "problem")
    assert page.text("advice") == "Choose the clip again."
    assert not page.shown("again")


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
