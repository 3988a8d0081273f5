"""The pure parts of the page for clips, run where they live: in a browser, imported as served."""

import json
from typing import Any

import pytest

from tests.browser import Page

pytestmark = pytest.mark.browser


def call(page: Page, module: str, body: str) -> Any:
    return page.run_async(f"const module = await import('/static/{module}'); {body}")


JOB = {"kind": "decode", "state": "running", "done": 12, "of": 32, "percent": 37.5, "eta_s": 2.0}


@pytest.mark.parametrize(
    ("changes", "ratio", "words"),
    [
        ({}, 0.375, "12 of 32 frames, 37 %, about 2 s left"),
        ({"eta_s": None}, 0.375, "12 of 32 frames, 37 %"),
        ({"eta_s": 0.2}, 0.375, "12 of 32 frames, 37 %, about 1 s left"),
        ({"eta_s": 300.0}, 0.375, "12 of 32 frames, 37 %, about 5 min left"),
        ({"of": None, "percent": None}, None, "12 frames"),
        ({"of": None, "percent": None, "done": 0}, None, ""),
        ({"state": "queued"}, None, "waiting for its turn"),
    ],
)
def test_a_job_s_progress_in_words_says_nothing_that_nobody_knows(
    page: Page, changes: dict[str, Any], ratio: float | None, words: str
) -> None:
    shown = call(page, "clip-words.js", f"return module.jobProgress({json.dumps(JOB | changes)})")
    assert shown == {"ratio": ratio, "words": words}


def test_an_upload_s_progress_guesses_the_time_after_a_second(page: Page) -> None:
    def shown(sent_bytes: float, elapsed_s: float) -> Any:
        body = f"return module.uploadProgress({sent_bytes}, 4e6, {elapsed_s}).words"
        return call(page, "clip-words.js", body)

    assert shown(1e6, 0.5) == "1.0 of 4.0 MB, 25 %"
    assert shown(1e6, 2) == "1.0 of 4.0 MB, 25 %, about 6 s left"
    assert shown(4.1e6, 3) == "4.0 of 4.0 MB, 100 %", "a form is a little more than its files"


def test_quarters_alone_are_told_to_those_who_listen(page: Page) -> None:
    body = "return [null, 0, .24, .25, .6, .99, 1].map(module.quarter)"
    told = call(page, "clip-words.js", body)
    assert told == ["", "", "", "25 % done", "50 % done", "75 % done", ""]


def test_where_the_page_is_survives_the_address(page: Page) -> None:
    body = """return [{job: 'a&b', clip: 'c', faces: true}, {job: null, clip: 'c', faces: false},
        {job: null, clip: null, faces: true}].map((place) =>
        [module.fragmentOf(place), module.placeOf(module.fragmentOf(place))])"""
    assert call(page, "clip-place.js", body) == [
        ["#job=a%26b&clip=c&face=auto", {"job": "a&b", "clip": "c", "faces": True}],
        ["#clip=c", {"job": None, "clip": "c", "faces": False}],
        ["", {"job": None, "clip": None, "faces": False}],
    ]


def test_a_clip_without_any_score_is_drawn_and_told(page: Page) -> None:
    body = """const found = {scores: [null, null], shots: []};
        const drawn = module.chart(found, [0, 1], 300);
        return [module.inWords(found, [0, 1]), drawn.querySelectorAll('path').length,
                drawn.querySelectorAll('polyline').length]"""
    assert call(page, "clip-chart.js", body) == [
        "2 frames from 0.0 s to 1.0 s: none has a score.",
        2,
        0,
    ]


def test_a_single_frame_is_drawn_where_time_begins(page: Page) -> None:
    body = """const shot = {frame: 0, time_s: 0, score: 0.5, band: 'fair'};
        const drawn = module.chart({scores: [0.5], shots: [shot]}, [0], 300);
        return drawn.querySelector('.chosen').getAttribute('cx')"""
    assert call(page, "clip-chart.js", body) == "36"
