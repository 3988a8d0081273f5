"""What Locust finds in the folder; asked of a process, for importing Locust changes this one."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]


def python(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_locust_sees_one_file_in_the_folder() -> None:
    visible = [
        path.relative_to(ROOT / "loadtest")
        for path in (ROOT / "loadtest").rglob("*.py")
        if not path.name.startswith("_")
    ]
    assert visible == [Path("locustfile.py")]


def test_locust_finds_the_users_and_the_shape() -> None:
    listed = subprocess.run(
        [sys.executable, "-m", "locust", "-f", "loadtest/", "--list"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    found = set(listed.stdout.split()) - {"Available", "Users:"}
    assert found == {"Base64User", "CameraUser", "MixedSizesUser", "PageUser"}


@pytest.mark.parametrize(
    "module", ["loadtest._course._run", "loadtest.__main__", "loadtest._report._html"]
)
def test_what_needs_no_locust_does_not_import_it(module: str) -> None:
    code = f"import {module}, sys; print('locust' in sys.modules or 'gevent' in sys.modules)"
    done = python(code)
    assert done.stdout == "False\n", done.stderr


def test_the_default_host_follows_the_port_of_the_gateway() -> None:
    code = "import locust; from loadtest._load._user import CameraUser; print(CameraUser.host)"
    assert python(code, FRAMEGATE_PORT="8123").stdout == "http://127.0.0.1:8123\n"


def test_a_port_that_is_none_is_one_sentence_and_exit_code_2() -> None:
    done = python("import locust; import loadtest._load._user", FRAMEGATE_PORT="eighty")
    assert done.returncode == 2
    assert done.stderr.startswith("FRAMEGATE_PORT is wrong: ")
    assert len(done.stderr.splitlines()) == 1
