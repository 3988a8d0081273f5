"""What the page shows of an answer."""

import re
from pathlib import Path

import pytest

from tests.browser import Page
from tests.browser_gateway import NO_FACE, BrowserGateway, Reply, answer
from tests.e2e.camera_page.opening import open_page
from tests.processes import wait_until

pytestmark = pytest.mark.browser


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
    assert "0.80; fair from 0.35" in str(running.find("meter").get_attribute("aria-valuetext"))
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
    assert running.face_boxes == 1
    site.always(NO_FACE)
    wait_until(lambda: running.hint == "no_face", what="the hint says so")
    assert running.score == "–"
    assert running.band == ""
    assert running.face_boxes == 0
    assert len(measures(running)) == 4


def test_the_box_is_drawn_where_the_mirrored_preview_has_the_face(
    page: Page, site: BrowserGateway
) -> None:
    site.always(answer(box=(128, 96, 320, 240)))
    open_page(page, site)
    wait_until(lambda: page.score != "–", what="a score is shown")
    video, box = page.place_of("#preview"), page.place_of("#face-box rect")
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
