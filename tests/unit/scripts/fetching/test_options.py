"""The command line, and the table of sources behind it."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from backend.enrichment import catalog
from scripts import fetch_models
from scripts.fetching import options, pins, sources
from scripts.fetching.errors import UsageError
from scripts.fetching.sources import Builder

KNOWN = tuple(catalog.load())


def test_models_are_fetched_in_the_catalogue_s_order() -> None:
    assert options.read(["yolov8n-pose", "clip-vit-l"], KNOWN).names == (
        "clip-vit-l",
        "yolov8n-pose",
    )
    assert options.read(["--all"], KNOWN).names == KNOWN


def test_the_lock_is_the_project_s_unless_another_is_named(tmp_path: Path) -> None:
    assert options.read(["clip-vit-l"], KNOWN).lock == pins.LOCK
    other = tmp_path / "revisions.lock.toml"
    assert options.read(["clip-vit-l", "--lock", str(other)], KNOWN).lock == other


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["pet-clasifier"], "Is it pet-classifier"),
        ([], "--all"),
        (["--all", "clip-vit-l"], "not both"),
        (["--all", "--file", "x.onnx"], "one model's"),
        (["clip-vit-l", "--hub", "http://hub.example"], "no https"),
    ],
)
def test_what_does_not_go_together_is_one_sentence_and_exit_code_2(
    arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(UsageError, match=says):
        options.read(arguments, KNOWN)
    assert fetch_models.main(arguments) == 2
    assert says in capsys.readouterr().err


def test_the_token_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "secret")
    assert options.read(["--all"], KNOWN).hub.token == "secret"
    monkeypatch.setenv("HF_TOKEN", "")
    assert options.read(["--all"], KNOWN).hub.token is None


def test_every_model_of_the_catalogue_has_a_source_and_no_other_has() -> None:
    assert set(sources.load()) == set(KNOWN)


def test_a_source_is_a_repository_or_a_reason_why_not() -> None:
    for name, source in sources.load().items():
        assert bool(source.repository) != bool(source.refusal), name
        assert (source.builder in (Builder.ONNX, Builder.NONE)) == bool(source.refusal), name
        if source.builder is Builder.TEXT:
            assert catalog.load()[name].prompts


def test_a_source_s_repository_is_the_catalogue_s_where_that_names_one() -> None:
    elsewhere = {"osnet-x0-25", "yolov8n-pose"}  # the catalogue names where the code is
    for name, source in sources.load().items():
        if source.repository and name not in elsewhere:
            assert source.repository == catalog.load()[name].source


def test_half_a_commit_is_no_revision() -> None:
    with pytest.raises(ValidationError):
        sources.Source(repository="a/b", builder=Builder.OSNET, revision="0123456789ab")


def test_the_list_shows_state_licence_and_source(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "pet-classifier"
    folder.mkdir()
    weights = 'parameters { key: "weights", value: { string_value: "stand-in" } }'
    (folder / "config.pbtxt").write_text(weights)
    assert fetch_models.main(["--list", "--repository", str(tmp_path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    pet = next(line for line in lines if line.startswith("pet-classifier"))
    assert "stand-in" in pet
    assert "Apache-2.0" in pet
    assert sum(line.split(" ")[0] in KNOWN for line in lines) == len(KNOWN)


def test_without_pytorch_it_says_where_that_is(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetch_models, "find_spec", lambda name: None)
    assert fetch_models.main(["pet-classifier"]) == 2
    assert "make fetch NAME=" in capsys.readouterr().err


def test_ctrl_c_is_answered_with_a_sentence(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*arguments: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(fetch_models, "run", interrupt)
    assert fetch_models.main(["pet-classifier"]) == 130
    assert "goes on" in capsys.readouterr().err
