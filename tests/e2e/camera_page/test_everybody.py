"""The page for those who listen to it, use no mouse, see little colour, or hold a phone."""

import pytest
from selenium.webdriver import ActionChains
from selenium.webdriver.common.keys import Keys

from tests.browser import Page
from tests.browser_gateway import BrowserGateway, answer
from tests.e2e.camera_page.opening import open_page
from tests.processes import wait_until

pytestmark = pytest.mark.browser


def test_answers_that_say_the_same_are_not_announced_again(
    running: Page, site: BrowserGateway
) -> None:
    announced = running.listen("[role=status], [role=alert]")
    site.wait_for_more(3)
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


def assert_contrast(page: Page) -> None:
    contrasts = page.contrasts()
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
        assert running.place_of("#answer")["y"] > running.place_of("#live")["y"]
        assert running.place_of("#best")["y"] > running.place_of("#answer")["y"]
    finally:
        running.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
