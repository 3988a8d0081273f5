"""The pure parts of the camera page, run where they live: in a browser, imported as served."""

import json
from typing import Any

import pytest
from selenium.webdriver import Chrome

from tests.browser import Page
from tests.browser_gateway import NO_FACE, BrowserGateway, answer

pytestmark = pytest.mark.browser


@pytest.fixture
def page(driver: Chrome, site: BrowserGateway) -> Page:
    """A document of the page's origin that runs nothing."""
    driver.get(f"{site.url}/static/loop.js")
    return Page(driver)


def call(page: Page, module: str, body: str) -> Any:
    return page.run_async(f"const module = await import('/static/{module}'); {body}")


def test_the_interval_counts_from_one_sending_to_the_next(page: Page) -> None:
    assert call(page, "loop.js", "return module.afterAnswer(500, 2000)") == {
        "failures": 0,
        "dueMs": 2500,
    }


def waits_ms(page: Page, *, failures: int, random: float, retry_after_ms: float | None) -> int:
    """How long it waits after so many failures in a row, one second being the interval."""
    retry = "null" if retry_after_ms is None else retry_after_ms
    waits: list[int] = call(
        page,
        "loop.js",
        f"""let pace = module.AT_ONCE;
        const waits = [];
        for (let nowMs = 1; waits.length < {failures}; nowMs = pace.dueMs) {{
          pace = module.afterProblem(pace,
            {{nowMs, intervalMs: 1000, retryAfterMs: {retry}, random: {random}}});
          waits.push(pace.dueMs - nowMs);
        }}
        return waits""",
    )
    return waits[-1]


@pytest.mark.parametrize(
    ("failures", "shortest_ms", "longest_ms"),
    [(1, 1000, 2000), (2, 2000, 4000), (4, 8000, 16000), (5, 15000, 30000), (60, 15000, 30000)],
)
def test_each_failure_doubles_the_wait_up_to_half_a_minute_and_half_of_it_is_chance(
    page: Page, failures: int, shortest_ms: int, longest_ms: int
) -> None:
    assert waits_ms(page, failures=failures, random=0, retry_after_ms=None) == shortest_ms
    assert waits_ms(page, failures=failures, random=1, retry_after_ms=None) == longest_ms


def test_the_gateways_own_wait_is_kept_and_never_shortened(page: Page) -> None:
    assert waits_ms(page, failures=3, random=0, retry_after_ms=7000) == 7000
    assert waits_ms(page, failures=3, random=1, retry_after_ms=7000) == pytest.approx(7700)
    assert waits_ms(page, failures=1, random=0, retry_after_ms=50) == 1000, "not below the interval"


@pytest.mark.parametrize(
    ("header", "body_ms", "expected_ms"),
    [
        ("'3'", "undefined", 3000),
        ("'3'", "250", 250),
        ("null", "250", 250),
        ("null", "undefined", None),
        ("''", "undefined", None),
        ("'0'", "undefined", None),
        ("'soon'", "undefined", None),
        ("'Thu, 01 Jan 1970 00:01:00 GMT'", "'x'", 60000),
    ],
)
def test_retry_after_is_read_from_the_problem_or_the_header(
    page: Page, header: str, body_ms: str, expected_ms: int | None
) -> None:
    found = call(page, "loop.js", f"return module.retryAfterMs({header}, {body_ms}, 0)")
    assert found == expected_ms


def follow(page: Page, *answers: dict[str, Any]) -> list[dict[str, Any]]:
    """The band and the hint after each of `answers`."""
    shown: list[dict[str, Any]] = page.run_async(
        "const {follow, NO_GUIDANCE} = await import('/static/guidance.js');"
        "let guidance = NO_GUIDANCE;"
        f"return {json.dumps(answers)}.map((answer) => (guidance = follow(guidance, answer)))"
    )
    return shown


def bands(page: Page, *scores: float | None) -> list[str | None]:
    """Limits: fair from 0.35, good from 0.6; 0.05 beyond one is clearly across."""
    answers = [NO_FACE if score is None else answer(score) for score in scores]
    return [guidance["band"] for guidance in follow(page, *answers)]


def test_a_score_around_a_limit_does_not_make_the_band_flicker(page: Page) -> None:
    assert bands(page, 0.61, 0.59, 0.61, 0.59, 0.62) == ["good"] * 5


def test_a_band_changes_when_the_score_says_so_twice_in_a_row(page: Page) -> None:
    assert bands(page, 0.61, 0.59, 0.58, 0.61, 0.62) == ["good", "good", "fair", "fair", "good"]


def test_a_band_changes_at_once_when_the_score_is_clearly_across(page: Page) -> None:
    assert bands(page, 0.8, 0.5, 0.7, 0.1, 0.41) == ["good", "fair", "good", "poor", "fair"]


def test_a_frame_without_a_score_has_no_band_at_once(page: Page) -> None:
    assert bands(page, 0.8, None, 0.8) == ["good", None, "good"]


def hints(page: Page, *reasons: list[str]) -> list[str | None]:
    return [shown["hint"] for shown in follow(page, *(answer(0.5, *each) for each in reasons))]


def test_of_several_reasons_the_first_is_the_hint(page: Page) -> None:
    assert hints(page, ["centre", "too_dark"]) == ["centre"]


def test_a_hint_stays_for_two_answers(page: Page) -> None:
    assert hints(page, ["blurry"], [], []) == ["blurry", "blurry", None]
    assert hints(page, ["blurry"], ["blurry"], []) == ["blurry", "blurry", None]
    assert hints(page, ["too_dark"], ["noisy"], ["noisy"]) == ["too_dark", "too_dark", "noisy"]


def test_a_more_important_hint_takes_the_place_at_once(page: Page) -> None:
    assert hints(page, ["blurry"], ["no_face"], []) == ["blurry", "no_face", "no_face"]


def test_a_reason_that_the_page_does_not_know_is_the_least_important(page: Page) -> None:
    assert hints(page, ["new_reason"], ["compressed"]) == ["new_reason", "compressed"]
    said = call(page, "guidance.js", "return module.hintText('new_reason', 'fair')")
    assert said == "new reason."


def test_nothing_to_improve_is_said_of_a_good_picture_alone(page: Page) -> None:
    def text(band: str) -> str:
        return str(call(page, "guidance.js", f"return module.hintText(null, '{band}')"))

    assert text("good") == "Nothing to improve."
    assert text("fair") == text("poor") == "No single fault stands out."


def test_a_blurry_frame_of_a_face_that_moved_asks_to_hold_still(page: Page) -> None:
    there = answer(0.5, "blurry", box=(200, 100, 200, 200))
    near = answer(0.5, "blurry", box=(220, 100, 200, 200))
    far = answer(0.5, "blurry", box=(260, 100, 200, 200))
    sharp = answer(0.8, box=(100, 100, 200, 200))
    assert [shown["hint"] for shown in follow(page, there, near)] == ["blurry", "blurry"]
    assert [shown["hint"] for shown in follow(page, there, far)] == ["blurry", "hold_still"]
    assert [shown["hint"] for shown in follow(page, there, sharp, sharp)][-1] is None
    assert [shown["hint"] for shown in follow(page, NO_FACE, there)][-1] == "no_face"


def test_every_reason_of_the_gateway_has_a_sentence(page: Page) -> None:
    known = call(page, "guidance.js", "return Object.keys(module.HINTS)")
    assert known == [
        *("no_face", "several_faces", "move_closer", "move_back", "centre", "too_dark"),
        *("too_bright", "hold_still", "blurry", "noisy", "compressed"),
    ]


def test_the_history_in_words_counts_scores_alone_and_forgets_old_ones(page: Page) -> None:
    assert (
        page.run_async(
            """const {inWords, pieces, within} = await import('/static/history.js');
            let points = [];
            for (const [atMs, score] of [[0, .9], [1000, .5], [2000, null], [120500, .75]])
              points = within(points, {atMs, score});
            return [inWords(points), inWords([]), pieces(points).length]"""
        )
        == ["2 scores in the last two minutes, from 0.50 to 0.75.",
            "No score in the last two minutes.", 2]
    )  # fmt: skip
