"""One Chromium with two cameras and one stand-in for the gateway, for all tests of the page."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium.webdriver import Chrome

from tests import camera_files
from tests.browser import TWO_CAMERAS, Page, open_browser, permit_camera
from tests.browser_gateway import BrowserGateway
from tests.e2e.camera_page.opening import INSECURE_NAME, open_page
from tests.processes import wait_until


@pytest.fixture(scope="package")
def downloads(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("downloads")


@pytest.fixture(scope="package")
def driver(tmp_path_factory: pytest.TempPathFactory, downloads: Path) -> Iterator[Chrome]:
    resolver = f"--host-resolver-rules=MAP {INSECURE_NAME} 127.0.0.1"
    with open_browser(tmp_path_factory.mktemp("browser"), TWO_CAMERAS, resolver) as chrome:
        allowed = {"behavior": "allow", "downloadPath": str(downloads)}
        chrome.execute_cdp_cmd("Browser.setDownloadBehavior", allowed)
        permit_camera(chrome)
        yield chrome


@pytest.fixture(scope="package")
def site() -> Iterator[BrowserGateway]:
    with BrowserGateway() as server:
        yield server


@pytest.fixture
def page(driver: Chrome, site: BrowserGateway) -> Iterator[Page]:
    """A tab without a page, before and after, and a stand-in that has received nothing."""
    driver.get("about:blank")
    blank = Page(driver)
    blank.complaints()
    site.reset()
    yield blank
    # The browser may outlive these tests: nothing is to be sent meanwhile.
    driver.get("about:blank")


@pytest.fixture
def running(page: Page, site: BrowserGateway) -> Page:
    """The page in a hurry, its first frame scored."""
    open_page(page, site)
    wait_until(lambda: page.state == "running" and page.score != "–", what="a score is shown")
    return page


@pytest.fixture(scope="package")
def picture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("picture") / "me.png"
    camera_files.good().save(path)
    return path
