"""What has to be installed: a sentence for each package that is not."""

import pytest

from scripts.lifecycle.dependencies import DEPENDENCIES, Dependency, check
from scripts.lifecycle.errors import Missing


def test_a_line_for_each_package() -> None:
    lines = check(lambda module: module)
    assert len(lines) == len(DEPENDENCIES)
    assert lines[0].strip() == "PyTorch: installed"


@pytest.mark.parametrize("dependency", [one for one in DEPENDENCIES if one.needed])
def test_each_package_that_is_needed_has_its_sentence(dependency: Dependency) -> None:
    with pytest.raises(Missing, match=f"^{dependency.name} is not installed") as caught:
        check(lambda module: None if module == dependency.module else module)
    assert "make benchmark-lifecycle" in str(caught.value)
    assert caught.value.exit_code == 2


def test_all_that_is_missing_is_told_at_once() -> None:
    with pytest.raises(Missing) as caught:
        check(lambda module: None)
    assert len(str(caught.value).splitlines()) == sum(one.needed for one in DEPENDENCIES)


def test_without_sentence_transformers_it_goes_on_and_says_how() -> None:
    (line,) = (
        line
        for line in check(lambda module: None if module == "sentence_transformers" else module)
        if "not installed" in line
    )
    assert "Sentence-Transformers: not installed" in line
    assert "pip install" in line
