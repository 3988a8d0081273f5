"""Which models are loaded at start."""

from pathlib import Path

import pytest

from triton_runtime.errors import LaunchError
from triton_runtime.models import wanted_at_start
from triton_runtime.settings import PROJECT, Settings

MEASURES = 'parameters { key: "measures", value: { string_value: "light" } }\n'


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    for name, config in {"both": MEASURES, "capture_quality": MEASURES, "scores": ""}.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "config.pbtxt").write_text(config)
    return tmp_path


def wanted(model: str, *repositories: Path, config: str = "cpu") -> tuple[str, ...]:
    return wanted_at_start(
        Settings(quality_model=model, triton_repositories=repositories, triton_config=config)
    )


def test_a_model_that_measures_is_loaded_alone(repository: Path) -> None:
    assert wanted("both", repository) == ("both",)
    assert wanted("capture_quality", repository) == ("capture_quality",)


def test_one_that_only_scores_has_the_one_that_measures_beside_it(repository: Path) -> None:
    assert wanted("scores", repository) == ("scores", "capture_quality")


def test_the_configuration_of_the_hardware_counts(repository: Path) -> None:
    (repository / "scores/configs").mkdir()
    (repository / "scores/configs/rtx3060.pbtxt").write_text(MEASURES)
    assert wanted("scores", repository, config="rtx3060") == ("scores",)


def test_the_second_repository_may_have_it(repository: Path, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    assert wanted("scores", empty, repository) == ("scores", "capture_quality")


def test_a_model_that_is_nowhere_is_named(repository: Path) -> None:
    with pytest.raises(LaunchError, match=r"^There is no model elsewhere in /"):
        wanted("elsewhere", repository)


def test_one_that_only_scores_can_be_served_alone(repository: Path) -> None:
    (repository / "capture_quality/config.pbtxt").unlink()
    assert wanted("scores", repository) == ("scores",)


def test_the_default_model_is_there() -> None:
    assert wanted_at_start(Settings())[0] == Settings().quality_model
    assert (PROJECT / "triton_models" / Settings().quality_model / "config.pbtxt").is_file()
