"""`python -m tests.camera_page_pictures [URL]`: docs/images/camera-page-*.png, anew.

Of the page at URL, or of a stand-in for a gateway, whose scores are made up; the page names it.
"""

import base64
import contextlib
import sys
import tempfile
from pathlib import Path

from PIL import ImageEnhance

from tests import camera_files
from tests.browser import Page, film_camera, open_browser, permit_camera
from tests.browser_gateway import BrowserGateway, Reply, answer
from tests.processes import PROJECT, wait_until

FRAMES_A_SECOND = 30
SCORES = (0.31, 0.38, 0.44, 0.52, 0.6, 0.66, 0.71, 0.74, 0.79, 0.81)


def film(path: Path) -> Path:
    """Somebody turns a light up for five seconds, and has it for a minute."""
    shades = [
        ImageEnhance.Brightness(camera_files.good()).enhance(part / 6) for part in range(1, 6)
    ]
    camera_files.film(path, *shades, frames_each=FRAMES_A_SECOND)
    with path.open("ab") as more:
        more.write(camera_files.frame(camera_files.good()) * FRAMES_A_SECOND * 60)
    return path


def emulate(page: Page, width: int, height: int, theme: str, *, phone: bool = False) -> None:
    screen = {"width": width, "height": height, "deviceScaleFactor": 1 + phone, "mobile": phone}
    media = {"features": [{"name": "prefers-color-scheme", "value": theme}]}
    page.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", screen)
    page.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", media)


def take(page: Page, name: str) -> None:
    shot = page.driver.execute_cdp_cmd("Page.captureScreenshot", {"format": "png"})
    path = PROJECT / f"docs/images/camera-page-{name}.png"
    path.write_bytes(base64.b64decode(shot["data"]))


def main(url: str | None) -> None:
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        if url is None:
            site = stack.enter_context(BrowserGateway())
            site.reply = lambda _picture, number: Reply(
                answer(SCORES[min(number, 9)], *(["too_dark"] if number < 5 else []))
                | {"picture": {"width": 640, "height": 480}}
                | {"face": {"count": 1, "box": {"x": 217, "y": 115, "width": 204, "height": 204}}}
            )
            url = site.url
        camera = film_camera(film(folder / "camera.mjpeg"))
        driver = stack.enter_context(open_browser(folder, *camera))
        permit_camera(driver)
        page = Page(driver)
        emulate(page, 1280, 1040, "light")
        driver.get(url)
        page.every(1000)
        wait_until(
            lambda: int(page.text("history-words").split()[0].replace("No", "0")) >= 15,
            timeout_s=60,
            what="fifteen frames are scored",
        )
        page.run("document.activeElement.blur()")
        take(page, "light")
        emulate(page, 1280, 1040, "dark")
        take(page, "dark")
        emulate(page, 390, 844, "light", phone=True)
        take(page, "phone")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else None)
