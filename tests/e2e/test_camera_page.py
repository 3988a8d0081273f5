"""The camera page as a client: a real Chromium against a gateway whose answers the test chooses."""

import re
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from selenium.webdriver import ActionChains, Chrome
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.select import Select

from tests import camera_files
from tests.browser import TWO_CAMERAS, Page, open_browser, permit_camera
from tests.browser_gateway import NO_FACE, BrowserGateway, Received, Reply, answer
from tests.pictures import encode
from tests.processes import wait_until

pytestmark = pytest.mark.browser
INSECURE_NAME = "camera.test"
QUICK_MS = 300


@pytest.fixture(scope="module")
def downloads(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("downloads")


@pytest.fixture(scope="module")
def driver(tmp_path_factory: pytest.TempPathFactory, downloads: Path) -> Iterator[Chrome]:
    folder = tmp_path_factory.mktemp("browser")
    resolver = f"--host-resolver-rules=MAP {INSECURE_NAME} 127.0.0.1"
    with open_browser(folder, TWO_CAMERAS, resolver) as chrome:
        allowed = {"behavior": "allow", "downloadPath": str(downloads)}
        chrome.execute_cdp_cmd("Browser.setDownloadBehavior", allowed)
        permit_camera(chrome)
        yield chrome


@pytest.fixture(scope="module")
def site() -> Iterator[BrowserGateway]:
    with BrowserGateway() as server:
        yield server


@pytest.fixture
def page(driver: Chrome, site: BrowserGateway) -> Page:
    driver.get("about:blank")
    driver.get_log("browser")  # type: ignore[no-untyped-call]
    site.reset()
    return Page(driver)


@pytest.fixture
def running(page: Page, site: BrowserGateway) -> Page:
    """The page in a hurry, its first frame scored."""
    open_page(page, site)
    wait_until(lambda: page.state == "running" and page.score != "–", what="a score is shown")
    return page


def open_page(page: Page, site: BrowserGateway, host: str = "localhost") -> None:
    """Open it with the shortest interval made shorter still."""
    page.driver.get(f"http://{host}:{site.port}/")
    page.run("document.querySelector('#interval option').value = arguments[0]", QUICK_MS)
    Select(page.find("interval")).select_by_value(str(QUICK_MS))


def answers_more(site: BrowserGateway, count: int = 2) -> None:
    """Return when `count` more pictures have come in."""
    goal = site.count + count
    wait_until(lambda: site.count >= goal, what=f"{count} more pictures were sent")


def page_waits(page: Page, seconds: float) -> None:
    """Return when so long has passed for the page."""
    until = page.run("return performance.now()") + seconds * 1000
    wait_until(lambda: page.run("return performance.now()") > until)


def listen(page: Page, selector: str) -> Callable[[], list[str]]:
    """From now on, keep each text that is written under `selector`."""
    page.run(
        """window.heard = [];
        const observer = new MutationObserver((changes) => changes.forEach(
          (change) => window.heard.push(change.target.textContent)));
        document.querySelectorAll(arguments[0]).forEach((each) => observer.observe(
          each, {childList: true, subtree: true, characterData: true}))""",
        selector,
    )
    return lambda: list(page.run("return window.heard"))


def box_of(page: Page, selector: str) -> dict[str, float]:
    box: dict[str, float] = page.run(
        "return document.querySelector(arguments[0]).getBoundingClientRect().toJSON()", selector
    )
    return box


# What is sent


def test_a_frame_goes_out_every_two_seconds_as_a_jpeg_and_nothing_goes_elsewhere(
    page: Page, site: BrowserGateway
) -> None:
    page.driver.get(site.url)
    wait_until(lambda: site.count == 3, what="three frames were sent")
    first, second, third = site.received
    for earlier, later in ((first, second), (second, third)):
        assert 1.8 < later.moment_s - earlier.moment_s < 4
    assert first.query == "face=auto"
    assert first.content_type == "image/jpeg"
    assert first.body.startswith(b"\xff\xd8\xff")
    assert first.authorization is None
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
    page_waits(page, 1)
    assert site.count == 1
    release.set()
    wait_until(lambda: site.count >= 2, what="the next frame was sent")
    assert site.most_at_once == 1


def test_the_reply_to_an_older_frame_is_dropped(
    page: Page, site: BrowserGateway, tmp_path: Path
) -> None:
    release = threading.Event()
    replies = [Reply(answer(0.11), after=release), Reply(answer(0.9))]
    site.reply = lambda _picture, number: replies[min(number, 1)]
    open_page(page, site)
    wait_until(lambda: site.count == 1, what="a frame was sent")
    scores = listen(page, "#score")
    upload(page, tmp_path)
    wait_until(lambda: page.score == "0.90", what="the picture's score is shown")
    release.set()
    page.click("toggle")
    answers_more(site)
    assert "0.11" not in scores()


# What is shown


def measures(page: Page) -> list[str]:
    rows: list[str] = page.run(
        "return [...document.querySelectorAll('#measures tr')].map((row) => row.innerText)"
    )
    return [" ".join(row.split()) for row in rows]


def test_an_answer_is_shown_with_its_model_and_times(running: Page) -> None:
    assert running.score == "0.80"
    assert running.band == "good"
    assert running.text("band-word") == "good"
    assert running.find("band").find_element("css selector", "g.good").is_displayed()
    assert not running.find("band").find_element("css selector", "g.poor").is_displayed()
    assert running.hint == ""
    assert running.find("meter").get_attribute("aria-valuetext").startswith("0.80; fair from 0.35")
    assert measures(running)[:2] == ["luminance mean 80", "sharpness 92"]
    assert len(measures(running)) == 7
    assert running.text("model") == "stand-in"
    assert running.text("model-variant") == "chosen-by-the-test"
    assert running.text("model-version") == "3"
    assert running.text("weights") == "ab12ab12ab12"
    assert running.text("inference") == "3.9 ms"
    assert running.text("round-trip").endswith(" ms")
    assert not running.shown("random-weights")


def test_random_weights_are_said_to_say_nothing(page: Page, site: BrowserGateway) -> None:
    site.always(answer(0.7, random_weights=True))
    open_page(page, site)
    wait_until(lambda: page.shown("random-weights"), what="the label is shown")
    assert "the score says nothing" in page.text("random-weights")


def test_without_a_face_there_is_no_score_no_band_and_no_box(
    running: Page, site: BrowserGateway
) -> None:
    assert running.driver.find_elements("css selector", "#face-box rect")
    site.always(NO_FACE)
    wait_until(lambda: running.hint == "no_face", what="the hint says so")
    assert running.score == "–"
    assert running.band == ""
    assert running.driver.find_elements("css selector", "#face-box rect") == []
    assert len(measures(running)) == 4


def test_the_box_is_drawn_where_the_mirrored_preview_has_the_face(
    page: Page, site: BrowserGateway
) -> None:
    site.always(answer(box=(128, 96, 320, 240)))
    open_page(page, site)
    wait_until(lambda: page.score != "–", what="a score is shown")
    video, box = box_of(page, "#preview"), box_of(page, "#face-box rect")
    per_px = video["width"] / 1280
    middle = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    assert middle[0] == pytest.approx(video["x"] + (1280 - 128 - 160) * per_px, abs=1)
    assert middle[1] == pytest.approx(video["y"] + (96 + 120) * per_px, abs=1)
    # The drawn line is counted too.
    assert box["width"] == pytest.approx(320 * per_px, abs=8)
    assert box["height"] == pytest.approx(240 * per_px, abs=8)


def test_the_history_is_drawn_and_said_in_words(page: Page, site: BrowserGateway) -> None:
    site.reply = lambda _picture, number: Reply(answer(0.5 if number == 0 else 0.75))
    open_page(page, site)
    wait_until(lambda: site.count >= 3, what="frames are scored")
    page.click("toggle")
    words = page.text("history-words")
    assert re.fullmatch(r"[2-9] scores in the last two minutes, from 0.50 to 0.75.", words)
    assert page.find("history").get_attribute("aria-label") == words
    line = page.find("history").find_element("css selector", "polyline").get_attribute("points")
    assert line is not None
    assert len(line.split()) == int(words[0])


def test_the_best_frame_is_kept_and_saved_as_it_was_sent(
    page: Page, site: BrowserGateway, downloads: Path
) -> None:
    scores = [0.4, 0.91, 0.6]
    site.reply = lambda _picture, number: Reply(answer(scores[min(number, 2)]))
    open_page(page, site)
    wait_until(lambda: page.score == "0.60", what="three frames are scored")
    page.click("toggle")
    assert page.text("best-score") == "0.91"
    wait_until(
        lambda: page.run("return document.getElementById('best-image').naturalWidth") == 1280
    )
    page.click("best-save")
    saved = downloads / "framegate-0.91.jpg"
    wait_until(saved.exists, what="the frame is saved")
    assert saved.read_bytes() == site.received[1].body
    assert saved.read_bytes() != site.received[0].body
    assert page.complaints() == []


# When the gateway is away, or busy


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
    wait_until(lambda: page.text("countdown") == "in 1 s.", what="the seconds count down")
    wait_until(lambda: page.state == "running", what="it runs again")
    assert 1.9 < site.received[1].moment_s - site.received[0].moment_s < 6


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
        assert running.driver.find_elements("css selector", "#face-box rect") == []
    finally:
        site.start()
    wait_until(lambda: running.state == "running", what="it runs again")
    assert running.text("score-note") == "of 1"
    assert site.most_at_once == 1


def test_a_refusal_that_is_not_the_gateways_own_is_told_too(
    page: Page, site: BrowserGateway
) -> None:
    site.reply = lambda _picture, _number: Reply({}, 502)
    open_page(page, site)
    wait_until(lambda: page.state == "away", what="the page says so")
    assert page.text("state") == "The gateway answered 502 BAD GATEWAY. Trying again"


# When nobody looks


def test_a_hidden_page_sends_nothing_and_goes_on_when_it_is_seen(
    running: Page, site: BrowserGateway
) -> None:
    window = running.driver.current_window_handle
    running.driver.switch_to.new_window("tab")
    other = running.driver.current_window_handle
    try:
        before = site.count + 1  # one may be under way
        page_waits(running, 1)
        assert site.count <= before
    finally:
        running.driver.switch_to.window(other)
        running.driver.close()
        running.driver.switch_to.window(window)
    answers_more(site)
    assert running.state == "running"


def test_pause_stops_the_frames_and_resume_goes_on(running: Page, site: BrowserGateway) -> None:
    running.click("toggle")
    assert running.state == "paused"
    assert running.text("toggle") == "Resume"
    before = site.count
    page_waits(running, 1)
    assert site.count == before
    running.click("toggle")
    answers_more(site)
    assert running.state == "running"


def test_an_answer_that_comes_after_pause_is_not_shown(page: Page, site: BrowserGateway) -> None:
    release = threading.Event()
    site.reply = lambda _picture, _number: Reply(answer(0.11), after=release)
    open_page(page, site)
    wait_until(lambda: site.count == 1, what="a frame was sent")
    page.click("toggle")
    release.set()
    page_waits(page, 0.5)
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
    page_waits(running, 1)
    assert site.count == before
    running.run("window.dispatchEvent(new PageTransitionEvent('pageshow', {persisted: true}))")
    answers_more(site)
    assert running.state == "running"
    running.driver.get("about:blank")
    running.driver.back()
    answers_more(site)


# Without a camera


def upload(page: Page, folder: Path) -> bytes:
    picture = encode(camera_files.good(), "PNG")
    (folder / "me.png").write_bytes(picture)
    page.find("file").send_keys(str(folder / "me.png"))
    return picture


def assert_a_picture_can_be_scored(page: Page, site: BrowserGateway, folder: Path) -> None:
    picture = upload(page, folder)
    wait_until(lambda: page.state == "still", what="the picture is scored")
    assert page.score == "0.80"
    assert site.received[-1].body == picture


def test_an_insecure_page_says_so_and_scores_a_picture(
    page: Page, site: BrowserGateway, tmp_path: Path
) -> None:
    open_page(page, site, INSECURE_NAME)
    wait_until(lambda: page.data("no-camera", "problem") == "insecure", what="it says so")
    assert "HTTPS" in page.text("no-camera")
    assert not page.find("toggle").is_enabled()
    assert_a_picture_can_be_scored(page, site, tmp_path)


def test_a_camera_that_is_unplugged_is_told_and_can_be_tried_again(
    running: Page, site: BrowserGateway, tmp_path: Path
) -> None:
    running.run(
        "document.getElementById('preview').srcObject.getVideoTracks()[0]"
        ".dispatchEvent(new Event('ended'))"
    )
    assert running.data("no-camera", "problem") == "ended"
    assert "unplugged" in running.text("no-camera")
    assert running.state == "no-camera"
    assert_a_picture_can_be_scored(running, site, tmp_path)
    running.click("toggle")
    wait_until(lambda: running.state == "running", what="the camera is back")
    answers_more(site)


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """A browser that has no camera."""
    with open_browser(tmp_path_factory.mktemp("browser")) as chrome:
        permit_camera(chrome)
        yield Page(chrome)


def test_without_a_camera_the_page_says_so_and_scores_a_picture(
    bare: Page, site: BrowserGateway, tmp_path: Path
) -> None:
    site.reset()
    open_page(bare, site)
    wait_until(lambda: bare.data("no-camera", "problem") == "no-camera", what="it says so")
    assert bare.state == "no-camera"
    assert bare.text("toggle") == "Try the camera again"
    assert_a_picture_can_be_scored(bare, site, tmp_path)


def test_without_permission_the_page_says_so_until_it_is_given(
    page: Page, site: BrowserGateway, tmp_path: Path
) -> None:
    permit_camera(page.driver, "denied")
    try:
        open_page(page, site)
        wait_until(lambda: page.data("no-camera", "problem") == "denied", what="it says so")
        assert "permit it" in page.text("no-camera")
        assert_a_picture_can_be_scored(page, site, tmp_path)
    finally:
        permit_camera(page.driver)
    page.click("toggle")
    wait_until(lambda: page.state == "running", what="the camera runs")


# A still picture, another camera


def test_a_picture_takes_the_cameras_place_until_the_camera_is_wanted(
    running: Page, site: BrowserGateway, tmp_path: Path
) -> None:
    site.always(answer(0.3, "too_dark"))
    upload(running, tmp_path)
    wait_until(lambda: running.state == "still", what="the picture is scored")
    assert (running.score, running.band, running.hint) == ("0.30", "poor", "too_dark")
    assert site.received[-1].content_type == "image/png"
    assert running.shown("still")
    assert not running.shown("preview")
    before = site.count
    page_waits(running, 1)
    assert site.count == before
    running.click("toggle")
    answers_more(site)
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
    running: Page, site: BrowserGateway, tmp_path: Path
) -> None:
    refused = Reply({"detail": "Send a picture that is not animated."}, 422)
    site.reply = lambda picture, _number: (
        refused if picture.content_type == "image/png" else Reply()
    )
    upload(running, tmp_path)
    wait_until(lambda: running.state == "refused", what="the page says so")
    assert running.text("state") == "Send a picture that is not animated."
    before = site.count
    page_waits(running, 1)
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
    answers_more(site)
    assert running.state == "running"


def test_a_key_is_asked_for_and_sent(page: Page, site: BrowserGateway) -> None:
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


# For everybody


def test_answers_that_say_the_same_are_not_announced_again(
    running: Page, site: BrowserGateway
) -> None:
    announced = listen(running, "[role=status], [role=alert]")
    answers_more(site, 3)
    assert announced() == []
    site.always(answer(0.8, "centre"))
    wait_until(lambda: running.hint == "centre", what="the hint changes")
    assert announced() == ["Move to the centre."]


def test_everything_can_be_reached_with_the_keyboard_and_is_seen_to_be(running: Page) -> None:
    reached = []
    for _ in range(9):
        ActionChains(running.driver).send_keys(Keys.TAB).perform()
        focused = running.driver.switch_to.active_element
        reached.append(focused.get_attribute("id"))
        outlined = "return getComputedStyle(arguments[0].closest('.button') ?? arguments[0])"
        if reached[-1]:
            assert running.run(f"{outlined}.outlineStyle", focused) == "solid", reached[-1]
    assert {"toggle", "file", "camera", "interval", "best-save"} <= set(reached)


# The texts' contrast with the nearest ground that is painted (WCAG 2.2, 1.4.3).
CONTRAST = """
const parts = (colour) => colour.match(/[\\d.]+/g).map(Number);
const light = (colour) => parts(colour).slice(0, 3)
  .map((part) => part / 255)
  .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4))
  .reduce((sum, part, place) => sum + part * [0.2126, 0.7152, 0.0722][place], 0);
const ground = (each) => {
  const colour = getComputedStyle(each).backgroundColor;
  return parts(colour)[3] === 0 && each.parentElement ? ground(each.parentElement) : colour;
};
return [...document.querySelectorAll('body *')]
  .filter((each) => each.checkVisibility() && !each.matches(':disabled'))
  .filter((each) => [...each.childNodes].some((node) => node.nodeType === 3 && node.data.trim()))
  .map((each) => {
    const style = getComputedStyle(each);
    const colour = each instanceof SVGElement ? style.fill : style.color;
    const [low, high] = [light(colour), light(ground(each))].sort((a, b) => a - b);
    return [each.textContent.trim().slice(0, 30), (high + 0.05) / (low + 0.05)];
  })
"""


def assert_contrast(page: Page) -> None:
    contrasts = page.run(CONTRAST)
    assert len(contrasts) > 40
    assert [each for each in contrasts if each[1] < 4.5] == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_has_enough_contrast(page: Page, site: BrowserGateway, theme: str) -> None:
    media = [
        {"name": "prefers-color-scheme", "value": theme},
        {"name": "prefers-reduced-motion", "value": "reduce"},
    ]
    page.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": media})
    open_page(page, site)
    for score, band in ((0.8, "good"), (0.5, "fair"), (0.1, "poor")):
        site.always(answer(score, "too_dark", random_weights=True))
        wait_until(lambda band=band: page.band == band, what=f"the band is {band}")  # type: ignore[misc]
        assert_contrast(page)
    page.click("toggle")
    assert_contrast(page)
    page.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


def test_a_small_phone_needs_no_scrolling_to_the_side(running: Page) -> None:
    phone = {"width": 360, "height": 740, "deviceScaleFactor": 2, "mobile": True}
    running.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", phone)
    try:
        assert running.run("return document.documentElement.scrollWidth") == 360
        assert box_of(running, "#answer")["y"] > box_of(running, "#live")["y"]
        assert box_of(running, "#best")["y"] > box_of(running, "#answer")["y"]
    finally:
        running.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
