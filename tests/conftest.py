"""Fixtures over the real processes, started once per run on free ports."""

import os
import shutil
from collections.abc import Generator, Iterator
from pathlib import Path

import hypothesis
import pytest

from tests.processes import Gateway, Redis, Triton

# These machines are shared and noisy: a slow example is no failing one.
hypothesis.settings.register_profile("framegate", deadline=None)
hypothesis.settings.load_profile("framegate")

REQUIRE_ALL = os.environ.get("FRAMEGATE_REQUIRE_ALL") == "1"
# A GPU no machine can be asked to have, and Debian's kubectl is too old to build the overlays.
MAY_BE_MISSING = ("no GPU", "missing: kubectl")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Where everything must be there, a skip is a failure, but for what may be missing."""
    report = yield
    allowed = any(missing in str(report.longrepr) for missing in MAY_BE_MISSING)
    if REQUIRE_ALL and report.skipped and not allowed:
        report.outcome = "failed"
    return report


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the person at the terminal has set must not decide a test."""
    for name in [n for n in os.environ if n.startswith("FRAMEGATE_") and "REQUIRE" not in n]:
        monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def triton(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Triton]:
    """The real server with the quality model on its default configuration."""
    with Triton(tmp_path_factory.mktemp("triton")) as server:
        yield server


@pytest.fixture(scope="session")
def gateway(triton: Triton, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """The gateway under gunicorn, two workers, before `triton`."""
    with Gateway(tmp_path_factory.mktemp("gateway"), triton_port=triton.http_port) as server:
        yield server


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[Redis]:
    """An empty Redis of the test's own."""
    if shutil.which("redis-server") is None:
        pytest.skip("missing: redis-server (Debian: redis-server)")
    with Redis(tmp_path / "redis") as server:
        yield server


@pytest.fixture(scope="session")
def pictures() -> Path:
    """Real photographs: astronaut.jpg (a face), chelsea.jpg, coffee.jpg."""
    return Path(__file__).parent.parent / "loadtest/pictures"
