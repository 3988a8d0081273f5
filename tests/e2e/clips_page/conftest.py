"""One Chromium and one stand-in for the gateway, for all tests of the page for clips."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium.webdriver import Chrome

from tests.browser import Page, open_browser
from tests.clips_gateway import ClipsGateway


@pytest.fixture(scope="package")
def downloads(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("downloads")


@pytest.fixture(scope="package")
def driver(tmp_path_factory: pytest.TempPathFactory, downloads: Path) -> Iterator[Chrome]:
    with open_browser(tmp_path_factory.mktemp("browser")) as chrome:
        allowed = {"behavior": "allow", "downloadPath": str(downloads)}
        chrome.execute_cdp_cmd("Browser.setDownloadBehavior", allowed)
        yield chrome


@pytest.fixture(scope="package")
def site() -> Iterator[ClipsGateway]:
    with ClipsGateway() as server:
        yield server


@pytest.fixture
def page(driver: Chrome, site: ClipsGateway) -> Iterator[Page]:
    """The page, that knows of no clip, and a stand-in that has received nothing."""
    driver.get("about:blank")
    opened = Page(driver)
    opened.complaints()
    site.reset()
    driver.get(f"{site.url}/clips")
    yield opened
    opened.run("sessionStorage.clear()")
    driver.get("about:blank")


@pytest.fixture(scope="package")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("video") / "clip.mp4"
    path.write_bytes(b"a film " * 100_000)
    return path
