"""What these tests do with the page, and see of it."""

from pathlib import Path

from selenium.webdriver.common.by import By

from tests.browser import Page
from tests.processes import wait_until


def phase_of(page: Page) -> str | None:
    return page.data("state", "phase")


def wait_for(page: Page, wanted: str) -> None:
    wait_until(lambda: phase_of(page) == wanted, what=f"{wanted}, and not {phase_of(page)}")


def choose(page: Page, *files: Path) -> None:
    page.find("file").send_keys("\n".join(map(str, files)))


def fragment(page: Page) -> str:
    return str(page.run("return location.hash"))


def shots(page: Page) -> list[str]:
    return [item.text for item in page.driver.find_elements(By.CSS_SELECTOR, "#shots li")]
