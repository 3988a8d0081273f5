"""The camera page before the real gateway and Triton; its camera is a film of a real face."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PIL import Image
from selenium.webdriver.common.keys import Keys

from backend.web.api_keys import ApiKey, Scope, new_key, sha256
from tests import camera_files
from tests.browser import Page, film_camera, open_browser, permit_camera
from tests.pictures import encode
from tests.processes import Gateway, Triton, wait_until

pytestmark = [pytest.mark.triton, pytest.mark.browser]
KEY, METRICS_KEY = new_key(), new_key()


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("camera") / "camera.mjpeg"


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory, film: Path) -> Iterator[Page]:
    camera_files.film(film, camera_files.good())
    with open_browser(tmp_path_factory.mktemp("browser"), *film_camera(film)) as driver:
        permit_camera(driver)
        yield Page(driver)


@pytest.fixture
def page(browser: Page, film: Path) -> Page:
    """A tab without a page, a key or complaints, and a camera that sees a good picture."""
    camera_files.film(film, camera_files.good())
    browser.driver.get("about:blank")
    browser.complaints()
    return browser


def scored(page: Page) -> None:
    wait_until(lambda: page.text("answered") != "–", what="a frame was answered")


@pytest.mark.parametrize(
    ("picture", "hint", "bands"),
    [
        (camera_files.good, "", {"good"}),
        (camera_files.dark, "too_dark", {"fair", "poor"}),
        (camera_files.blurred, "blurry", {"fair", "poor"}),
        (camera_files.far, "move_closer", {"good", "fair", "poor"}),
        (camera_files.empty, "no_face", {""}),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_a_camera_that_sees_this_gets_this_band_and_this_hint(
    page: Page,
    gateway: Gateway,
    film: Path,
    picture: Callable[[], Image.Image],
    hint: str,
    bands: set[str],
) -> None:
    camera_files.film(film, picture())
    page.driver.get(gateway.url)
    scored(page)
    assert page.hint == hint
    assert page.band in bands
    assert (page.score == "–") == (hint == "no_face")
    boxes = page.driver.find_elements("css selector", "#face-box rect")
    assert len(boxes) == (0 if hint == "no_face" else 1)
    assert page.state == "running"
    assert page.complaints() == []


def test_the_page_says_which_model_scored(page: Page, gateway: Gateway) -> None:
    page.driver.get(gateway.url)
    scored(page)
    says = gateway.post(encode(camera_files.good(), "JPEG")).json()["model"]
    assert page.text("model") == says["name"]
    assert page.text("model-variant") == says["variant"]
    assert page.text("model-version") == says["version"]
    assert page.shown("random-weights") == says["random_weights"]


@pytest.fixture
def guarded(triton: Triton, tmp_path: Path) -> Iterator[Gateway]:
    """A gateway that knows KEY for pictures and METRICS_KEY for /metrics."""
    keys = tmp_path / "keys"
    keys.touch(mode=0o600)
    keys.write_text(
        f"{ApiKey('camera', frozenset({Scope.INFER}), sha256(KEY)).line}\n"
        f"{ApiKey('prometheus', frozenset({Scope.METRICS}), sha256(METRICS_KEY)).line}\n"
    )
    settings = {"FRAMEGATE_API_KEYS_FILE": str(keys)}
    with Gateway(tmp_path / "gateway", triton_port=triton.http_port, **settings) as server:
        yield server


def give_key(page: Page, key: str) -> None:
    wait_until(lambda: page.shown("key-form"), what="a key is asked for")
    page.find("key").send_keys(key, Keys.ENTER)


def stored(page: Page) -> list[str]:
    values: list[str] = page.run(
        "return [...Object.values(sessionStorage), ...Object.values(localStorage), document.cookie]"
    )
    return [value for value in values if value]


def test_the_page_asks_for_a_key_once_and_says_which_was_wrong(
    page: Page, guarded: Gateway
) -> None:
    page.driver.get(guarded.url)
    wait_until(lambda: page.shown("key-form"), what="a key is asked for")
    assert page.state == "key"
    assert page.text("key-problem") == ""
    assert not page.shown("forget-key")
    assert page.driver.switch_to.active_element.get_attribute("id") == "key"
    give_key(page, "fg_wrong")
    wait_until(lambda: "not known" in page.text("key-problem"), what="the key was wrong")
    assert stored(page) == []
    give_key(page, METRICS_KEY)
    wait_until(lambda: "scope 'infer'" in page.text("key-problem"), what="so was this")
    give_key(page, f" {KEY} ")
    scored(page)
    assert page.state == "running"
    assert not page.shown("key-form")
    assert stored(page) == [KEY]
    assert KEY not in page.driver.page_source
    assert KEY not in page.driver.current_url

    page.driver.refresh()
    scored(page)
    assert page.shown("forget-key")
    assert "Content Security Policy" not in str(page.complaints())
    page.click("forget-key")
    wait_until(lambda: page.shown("key-form"), what="a key is asked for again")
    assert stored(page) == []
    assert page.text("key-problem") == ""


def test_a_page_without_keys_asks_for_none(page: Page, gateway: Gateway) -> None:
    page.driver.get(gateway.url)
    scored(page)
    assert not page.shown("key-form")
    assert not page.shown("forget-key")
