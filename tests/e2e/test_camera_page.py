"""The camera page in a real Chromium whose camera is a file made from a real face."""

import itertools
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from backend.web.api_keys import ApiKey, Scope, new_key, sha256
from tests.pictures import astronaut, encode
from tests.processes import Gateway, Triton, wait_until

pytestmark = [pytest.mark.triton, pytest.mark.browser]
KEY, METRICS_KEY = new_key(), new_key()
MISSING = [name for name in ("chromium", "chromedriver") if shutil.which(name) is None]


@pytest.fixture
def browser(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Chrome]:
    if MISSING:
        pytest.skip(f"missing: {', '.join(MISSING)} (Debian: chromium, chromium-driver)")
    # Chromium repeats a Motion-JPEG file for ever: one JPEG after the other.
    frame = encode(astronaut((640, 480)), "JPEG", quality=92)
    (tmp_path / "camera.mjpeg").write_bytes(frame * 5)
    options = ChromeOptions()
    options.binary_location = str(shutil.which("chromium"))
    for flag in (
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
        "--window-size=1100,760",
        f"--user-data-dir={tmp_path / 'profile'}",
        "--use-fake-device-for-media-stream",
        "--use-fake-ui-for-media-stream",
        f"--use-file-for-fake-video-capture={tmp_path / 'camera.mjpeg'}",
    ):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    # The driver is on loopback, where no proxy belongs.
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    driver = Chrome(options=options, service=Service(shutil.which("chromedriver")))
    try:
        yield driver
    finally:
        driver.quit()


def text(browser: Chrome, element: str) -> str:
    return browser.find_element(By.ID, element).text


def test_the_page_scores_the_camera_every_two_seconds(browser: Chrome, gateway: Gateway) -> None:
    requests_before = counted(gateway)
    browser.get(gateway.url)
    wait_until(lambda: text(browser, "score") not in ("", "–"), what="a score is shown")
    # A sharp, well-lit face out of a JPEG camera: not perfect, and far from bad.
    assert 0.5 < float(text(browser, "score")) < 1
    assert text(browser, "state") == "Running"
    assert text(browser, "model") == "capture_quality measures-v1"
    assert len(browser.find_elements(By.CSS_SELECTOR, "#measures tr")) == 9
    wait_until(lambda: counted(gateway) >= requests_before + 3, what="three frames were sent")
    moments = browser.execute_script(
        "return performance.getEntriesByName(location.origin + '/v1/quality')"
        ".map(entry => [entry.startTime, entry.responseEnd])"
    )
    for (start, end), (following, _) in itertools.pairwise(moments):
        assert following >= end
        assert 1900 < following - start < 4000
    loaded = browser.execute_script(
        "return performance.getEntriesByType('resource').map(entry => new URL(entry.name).origin)"
    )
    assert set(loaded) == {gateway.url}
    log = browser.get_log("browser")  # type: ignore[no-untyped-call]
    assert [entry for entry in log if entry["level"] == "SEVERE"] == []


def test_pause_stops_the_frames_and_resume_goes_on(browser: Chrome, gateway: Gateway) -> None:
    browser.get(gateway.url)
    wait_until(lambda: text(browser, "score") not in ("", "–"), what="a score is shown")
    browser.find_element(By.ID, "toggle").click()
    assert text(browser, "state") == "Paused"
    browser.find_element(By.ID, "toggle").click()
    before = counted(gateway)
    wait_until(lambda: counted(gateway) > before, what="frames are sent again")
    assert text(browser, "state") == "Running"


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


def give_key(browser: Chrome, key: str) -> None:
    wait_until(lambda: shown(browser, "key-form"), what="a key is asked for")
    browser.find_element(By.ID, "key").send_keys(key, Keys.ENTER)


def shown(browser: Chrome, element: str) -> bool:
    return browser.find_element(By.ID, element).is_displayed()


def stored(browser: Chrome) -> list[str]:
    values: list[str] = browser.execute_script(
        "return [...Object.values(sessionStorage), ...Object.values(localStorage), document.cookie]"
    )
    return [value for value in values if value]


def test_the_page_asks_for_a_key_once_and_says_which_was_wrong(
    browser: Chrome, guarded: Gateway
) -> None:
    browser.get(guarded.url)
    wait_until(lambda: shown(browser, "key-form"), what="a key is asked for")
    assert text(browser, "state") == "An API key is needed."
    assert text(browser, "key-problem") == ""
    assert not shown(browser, "forget-key")
    assert browser.switch_to.active_element.get_attribute("id") == "key"
    give_key(browser, "fg_wrong")
    wait_until(lambda: "not known" in text(browser, "key-problem"), what="the key was wrong")
    assert stored(browser) == []
    give_key(browser, METRICS_KEY)
    wait_until(lambda: "scope 'infer'" in text(browser, "key-problem"), what="so was this")
    give_key(browser, f" {KEY} ")
    wait_until(lambda: text(browser, "score") not in ("", "–"), what="a score is shown")
    assert text(browser, "state") == "Running"
    assert not shown(browser, "key-form")
    assert stored(browser) == [KEY]
    assert KEY not in browser.page_source
    assert KEY not in browser.current_url

    browser.refresh()
    wait_until(lambda: text(browser, "score") not in ("", "–"), what="the tab still has the key")
    assert shown(browser, "forget-key")
    assert "Content Security Policy" not in str(browser.get_log("browser"))  # type: ignore[no-untyped-call]
    browser.find_element(By.ID, "forget-key").click()
    wait_until(lambda: shown(browser, "key-form"), what="a key is asked for again")
    assert stored(browser) == []
    assert text(browser, "key-problem") == ""


def test_a_page_without_keys_asks_for_none(browser: Chrome, gateway: Gateway) -> None:
    browser.get(gateway.url)
    wait_until(lambda: text(browser, "score") not in ("", "–"), what="a score is shown")
    assert not shown(browser, "key-form")
    assert not shown(browser, "forget-key")


def counted(gateway: Gateway) -> float:
    prefix = 'framegate_requests_total{method="POST",route="/v1/quality",status="200"} '
    lines = gateway.get("/metrics").text.splitlines()
    return sum(float(line.removeprefix(prefix)) for line in lines if line.startswith(prefix))
