"""What a release consists of: one version, a changelog that knows it, locks, documents in order."""

import re
import tomllib
from typing import Any

import pytest
import yaml

from backend import __version__
from tests.processes import PROJECT

LOCKS = ("requirements/app", "requirements/dev", "requirements/docs", "requirements/supply")


def pages(nav: list[Any]) -> list[str]:
    """The documents of a navigation, in its order."""
    found: list[str] = []
    for entry in nav:
        what = next(iter(entry.values())) if isinstance(entry, dict) else entry
        found += [what] if isinstance(what, str) else pages(what)
    return found


def test_there_is_one_version() -> None:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
    assert project["version"] == __version__
    assert re.fullmatch(r"\d+\.\d+\.\d+", __version__)


def test_the_changelog_knows_the_version_or_has_something_unreleased() -> None:
    headings = re.findall(r"^## \[(.+?)\]", (PROJECT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert headings[0] == "Unreleased"
    assert __version__ in headings or headings == ["Unreleased"]


def test_changes_are_under_the_headings_of_a_changelog() -> None:
    kinds = re.findall(r"^### (.+)$", (PROJECT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert set(kinds) <= {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
    assert kinds


@pytest.mark.parametrize("lock", LOCKS)
def test_every_locked_package_has_a_hash(lock: str) -> None:
    text = (PROJECT / f"{lock}.txt").read_text()
    entries = re.split(r"\n(?=[A-Za-z0-9])", text)[1:]
    assert entries
    for entry in entries:
        assert "--hash=sha256:" in entry, entry.splitlines()[0]


@pytest.mark.parametrize("lock", LOCKS)
def test_every_package_that_is_asked_for_is_locked(lock: str) -> None:
    def names(path: str) -> set[str]:
        found = re.findall(r"^([A-Za-z0-9._-]+)", (PROJECT / path).read_text(), re.MULTILINE)
        return {name.lower().replace("_", "-") for name in found if not name.startswith("-")}

    assert names(f"{lock}.in") <= names(f"{lock}.txt")


def test_every_document_is_in_the_site_s_navigation_once() -> None:
    site = yaml.safe_load((PROJECT / "mkdocs.yml").read_text())
    docs = PROJECT / "docs"
    left_out = [line.strip() for line in site["not_in_nav"].splitlines()]
    written = {path.relative_to(docs).as_posix() for path in docs.rglob("*.md")}
    known = pages(site["nav"])
    assert len(known) == len(set(known))
    assert left_out == ["results/**"]
    assert {page for page in written if not page.startswith("results/")} == set(known)
