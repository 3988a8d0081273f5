"""A headless Chromium whose camera is a file."""

import contextlib
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal

import pytest
from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.select import Select

from tests.processes import wait_until

MISSING = [name for name in ("chromium", "chromedriver") if shutil.which(name) is None]
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--no-proxy-server",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@contextlib.contextmanager
def open_browser(
    folder: Path, *flags: str, window: tuple[int, int] = (1280, 800)
) -> Iterator[Chrome]:
    """Start Chromium with a profile and downloads of its own in `folder`."""
    if MISSING:
        pytest.skip(f"missing: {', '.join(MISSING)} (Debian: chromium, chromium-driver)")
    options = ChromeOptions()
    options.binary_location = str(shutil.which("chromium"))
    options.page_load_strategy = "eager"
    size = f"--window-size={window[0]},{window[1]}"
    for flag in (*FLAGS, size, f"--user-data-dir={folder / 'profile'}", *flags):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    with _without_proxies():
        driver = Chrome(options=options, service=Service(shutil.which("chromedriver")))
        try:
            yield driver
        finally:
            driver.quit()


@contextlib.contextmanager
def _without_proxies() -> Iterator[None]:
    """The driver is on loopback, where no proxy belongs."""
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name.lower() in ("http_proxy", "all_proxy"):
                patch.delenv(name)
        yield


# Drawings that move, 1280 × 720 pixels.
TWO_CAMERAS = "--use-fake-device-for-media-stream=device-count=2"


def film_camera(film: Path) -> tuple[str, str]:
    """One camera that shows `film`, which is read anew each time the camera is opened."""
    return "--use-fake-device-for-media-stream", f"--use-file-for-fake-video-capture={film}"


def permit_camera(driver: Chrome, setting: Literal["granted", "denied"] = "granted") -> None:
    permission: dict[str, Any] = {"permission": {"name": "camera"}, "setting": setting}
    driver.execute_cdp_cmd("Browser.setPermission", permission)


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


class Page:
    """A page, as somebody sees it; the properties are the camera page's."""

    def __init__(self, driver: Chrome) -> None:
        self.driver = driver

    def find(self, element_id: str) -> WebElement:
        return self.driver.find_element(By.ID, element_id)

    def text(self, element_id: str) -> str:
        return self.find(element_id).text

    def shown(self, element_id: str) -> bool:
        return self.find(element_id).is_displayed()

    def click(self, element_id: str) -> None:
        self.find(element_id).click()

    def data(self, element_id: str, name: str) -> str | None:
        return self.find(element_id).get_attribute(f"data-{name}")

    def every(self, interval_ms: int) -> None:
        """Choose this interval; the shortest that is offered becomes one that is not."""
        choice = Select(self.find("interval"))
        if not any(option.get_attribute("value") == str(interval_ms) for option in choice.options):
            self.run("document.querySelector('#interval option').value = arguments[0]", interval_ms)
        choice.select_by_value(str(interval_ms))

    @property
    def score(self) -> str:
        return self.text("score")

    @property
    def state(self) -> str | None:
        return self.data("state", "state")

    @property
    def band(self) -> str | None:
        return self.data("band", "band")

    @property
    def hint(self) -> str | None:
        return self.data("hint", "hint")

    def run(self, script: str, *arguments: object) -> Any:
        return self.driver.execute_script(script, *arguments)

    def run_async(self, body: str) -> Any:
        """The value of an async function with this body; a failure of it fails the test."""
        answer = self.driver.execute_async_script(
            "const done = arguments[arguments.length - 1];"
            f"(async () => {{ {body} }})()"
            ".then((value) => done({value}), (error) => done({error: String(error)}));"
        )
        assert "error" not in answer, answer["error"]
        return answer.get("value")

    def waits(self, seconds: float) -> None:
        """Return when so long has passed for the page."""
        until = self.run("return performance.now()") + seconds * 1000
        wait_until(lambda: self.run("return performance.now()") > until)

    def listen(self, selector: str) -> Callable[[], list[str]]:
        """From now on, keep each text that is written under `selector`."""
        self.run(
            """window.heard = [];
            const observer = new MutationObserver((changes) => changes.forEach(
              (change) => window.heard.push(change.target.textContent)));
            document.querySelectorAll(arguments[0]).forEach((each) => observer.observe(
              each, {childList: true, subtree: true, characterData: true}))""",
            selector,
        )
        return lambda: list(self.run("return window.heard"))

    def place_of(self, selector: str) -> dict[str, float]:
        """Where it is seen: x, y, width and height in CSS pixels."""
        script = "return document.querySelector(arguments[0]).getBoundingClientRect().toJSON()"
        place: dict[str, float] = self.run(script, selector)
        return place

    @property
    def face_boxes(self) -> int:
        return len(self.driver.find_elements(By.CSS_SELECTOR, "#face-box rect"))

    def contrasts(self) -> list[tuple[str, float]]:
        """Each text with its contrast to the nearest ground that is painted (WCAG 2.2, 1.4.3)."""
        return [(text, ratio) for text, ratio in self.run(CONTRAST)]

    def complaints(self) -> list[str]:
        """What the browser's console has as an error since the last call."""
        log = self.driver.get_log("browser")  # type: ignore[no-untyped-call]
        return [entry["message"] for entry in log if entry["level"] == "SEVERE"]
