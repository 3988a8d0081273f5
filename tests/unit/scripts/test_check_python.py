"""Which Pythons may make the environments, and what the others are told."""

import importlib.util
import runpy
import sys

import pytest

from tests.processes import PROJECT

SCRIPT = str(PROJECT / "scripts/check_python.py")


def check(version: tuple[int, int, int], *, lacks: str = "") -> None:
    """Run the script on a Python that says it is `version`, without the module `lacks`."""
    with pytest.MonkeyPatch.context() as patch:
        find_spec = importlib.util.find_spec
        patch.setattr(sys, "version_info", (*version, "final", 0))
        patch.setattr(sys, "version", ".".join(map(str, version)) + " (main) [GCC]")
        patch.setattr(
            importlib.util, "find_spec", lambda name: None if name == lacks else find_spec(name)
        )
        runpy.run_path(SCRIPT)


@pytest.mark.parametrize("version", [(3, 11, 0), (3, 11, 14), (3, 12, 0), (3, 12, 99)])
def test_a_python_that_fits_is_told_nothing(
    version: tuple[int, int, int], capsys: pytest.CaptureFixture[str]
) -> None:
    check(version)
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("version", [(3, 10, 14), (3, 13, 0), (2, 7, 18), (4, 0, 0)])
def test_another_python_is_told_which_is_needed(version: tuple[int, int, int]) -> None:
    with pytest.raises(SystemExit) as ended:
        check(version)
    said = ".".join(map(str, version))
    assert ended.value.code == (
        f"Framegate needs Python 3.11 or 3.12 and this is {said}. "
        "Name another one: make PYTHON=python3.12 …"
    )


@pytest.mark.parametrize("module", ["venv", "ensurepip"])
def test_a_python_without_environments_is_told_the_package(module: str) -> None:
    with pytest.raises(SystemExit) as ended:
        check((3, 12, 1), lacks=module)
    assert ended.value.code == (
        "This Python cannot make virtual environments. On Debian: apt-get install python3-venv"
    )
