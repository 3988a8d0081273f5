"""The page, opened as these tests need it."""

from tests.browser import Page
from tests.browser_gateway import BrowserGateway

INSECURE_NAME = "camera.test"
QUICK_MS = 300


def open_page(page: Page, site: BrowserGateway, host: str = "localhost") -> None:
    """Open it, in a hurry."""
    page.driver.get(f"http://{host}:{site.port}/")
    page.every(QUICK_MS)
