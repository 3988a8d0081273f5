from email.message import Message
from pathlib import Path
from typing import Any

import pytest

from scripts import check_licences
from scripts.check_licences import Package
from tests.processes import PROJECT


def metadata(**fields: str | list[str]) -> Any:
    made = Message()
    for name, values in fields.items():
        for value in values if isinstance(values, list) else [values]:
            made[name.replace("_", "-")] = value
    return made


@pytest.mark.parametrize("environment", [".venv", ".venv-triton"])
def test_what_is_installed_is_under_licences_that_are_allowed(environment: str) -> None:
    packages = check_licences.installed(PROJECT / environment)
    assert len(packages) > 2
    assert check_licences.refused(packages) == []


@pytest.mark.parametrize(
    ("fields", "licence"),
    [
        ({"License_Expression": "MIT OR Apache-2.0", "License": "GPL"}, "MIT OR Apache-2.0"),
        ({"Classifier": ["License :: OSI Approved :: Apache Software License"]}, "Apache-2.0"),
        (
            {"Classifier": ["License :: OSI Approved :: MIT License", "License :: DFSG approved"]},
            "MIT",
        ),
        ({"License": "BSD-3-Clause\n\nCopyright …"}, "BSD-3-Clause"),
        ({"License": "Proprietary"}, "Proprietary"),
        ({}, ""),
    ],
)
def test_a_licence_is_read_where_the_package_says_it(
    fields: dict[str, str | list[str]], licence: str
) -> None:
    assert check_licences.licence_of(metadata(**fields)) == licence


@pytest.mark.parametrize(
    ("expression", "allowed"),
    [
        ("MIT", True),
        ("MIT AND PSF-2.0", True),
        ("MIT AND GPL-3.0", False),
        ("GPL-3.0 OR MIT", True),
        ("AGPL-3.0", False),
        ("", False),
    ],
)
def test_one_alternative_must_be_allowed_in_all_its_parts(expression: str, allowed: bool) -> None:
    assert check_licences.is_allowed(expression) is allowed


def test_an_exception_is_named_and_holds_for_that_package_alone() -> None:
    copyleft = [Package(name, "1", "MPL-2.0") for name in ("certifi", "certifi-win32")]
    assert check_licences.refused(copyleft) == copyleft[1:]
    assert check_licences.reason_for("nvidia-cublas-cu12") is not None
    assert all(check_licences.EXCEPTIONS.values())


def test_a_package_without_a_licence_is_refused_by_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    info = tmp_path / "lib/python3.11/site-packages/mystery-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: mystery\nVersion: 1.0\n")
    assert check_licences.main([str(tmp_path)]) == 1
    assert "refused  mystery 1.0: unknown" in capsys.readouterr().out


def test_an_environment_that_is_not_there_is_no_success(tmp_path: Path) -> None:
    assert check_licences.main([str(tmp_path / "nowhere")]) == 1
