"""What fails in a greenlet of its own is logged once, with its trace, and printed nowhere."""

import logging
from collections.abc import Iterator

import gevent
import pytest

from backend.gateway import stray_failures


@pytest.fixture(autouse=True)
def own_handling() -> Iterator[None]:
    hub = gevent.get_hub()
    stray_failures.log_them()
    yield
    del hub.handle_error, hub.exception_stream


def fail(error: BaseException) -> None:
    def raise_it() -> None:
        raise error

    gevent.spawn(raise_it).join()


def test_a_failure_is_logged_with_its_trace(
    caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    fail(RuntimeError("broken"))
    (record,) = caplog.records
    assert record.levelname == "ERROR"
    assert record.getMessage().startswith("failed outside of a request: <Greenlet")
    assert "RuntimeError: broken" in caplog.text
    assert capsys.readouterr().err == ""


def test_a_caller_that_left_is_no_failure(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger="framegate"):
        fail(ConnectionResetError("reset"))
    (record,) = caplog.records
    assert (record.levelname, record.exc_info) == ("INFO", None)


def test_a_greenlet_that_was_killed_is_nothing_to_tell(caplog: pytest.LogCaptureFixture) -> None:
    fail(gevent.GreenletExit())
    assert caplog.records == []
