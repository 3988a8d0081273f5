"""What a newcomer relies on: targets, links, files that the containers copy, configurations."""

import re
from pathlib import Path

import pytest

from tests.processes import PROJECT

DOCUMENTS = sorted([*PROJECT.glob("*.md"), *PROJECT.glob("docs/**/*.md")])


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_to_files_lead_somewhere(document: Path) -> None:
    text = document.read_text()
    links = re.findall(r"\]\(([^)#\s]+)[^)]*\)", text) + re.findall(r'src="([^"]+)"', text)
    for link in links:
        if not link.startswith(("http://", "https://", "mailto:")):
            assert (document.parent / link).exists(), f"{document.name}: {link}"


def test_the_readme_opens_with_the_two_commands() -> None:
    readme = (PROJECT / "README.md").read_text()
    assert 0 < readme.index("make demo") < readme.index("make test") < 1500


def test_make_targets_that_documents_name_exist() -> None:
    makefile = (PROJECT / "Makefile").read_text()
    targets = set(re.findall(r"^([a-z-]+):", makefile, flags=re.MULTILINE))
    for document in DOCUMENTS:
        for target in re.findall(r"`make ([a-z-]+)", document.read_text()):
            assert target in targets, f"{document.name}: make {target}"


def test_hardware_configurations_differ_in_batching_alone() -> None:
    model = PROJECT / "triton_models/capture_quality"
    default = (model / "config.pbtxt").read_text()
    varying = r"^\s*(#|max_batch_size|instance_group|preferred_batch_size|max_queue_delay)"

    def fixed(text: str) -> list[str]:
        return [line for line in text.splitlines() if not re.match(varying, line)]

    for config in model.glob("configs/*.pbtxt"):
        assert fixed(config.read_text()) == fixed(default), config.name
    assert (model / "configs/cpu.pbtxt").read_text() == default
