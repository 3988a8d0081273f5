import argparse

import pytest

from loadtest.__main__ import locust_arguments
from loadtest._options import FLAGS, add_flags, options_from, parse_stages


def own(arguments: list[str], environment: dict[str, str] | None = None) -> list[str]:
    """What is passed to Locust, without what always is."""
    return locust_arguments(arguments, environment or {})[6:]


def test_stages_are_read_in_order() -> None:
    assert parse_stages("10, 25,50") == (10, 25, 50)
    assert parse_stages("100000") == (100_000,)


@pytest.mark.parametrize("text", ["", "0", "-1", "10,", "1e3", "100001", "²", "10;20"])
def test_what_is_no_list_of_user_counts_is_refused_by_name(text: str) -> None:
    with pytest.raises(ValueError, match="whole numbers of users from 1 to 100000"):
        parse_stages(text)


def test_the_defaults_are_the_progressive_plan() -> None:
    options = options_from({flag.dest: flag.default for flag in FLAGS})
    assert options.stages == (10, 25, 50, 100, 200)
    assert options.think_time_s == 2.0
    assert options.min_samples == 0
    assert options.run_dir is None
    assert options.monitor


def test_the_full_plan_waits_for_a_sound_p95_unless_told_otherwise() -> None:
    assert own([]) == ["--min-samples=130"]
    assert own(["--min-samples", "5"]) == ["--min-samples=5"]
    assert own([], {"FRAMEGATE_LOADTEST_MIN_SAMPLES": "9"}) == []


def test_a_lone_number_is_one_stage() -> None:
    assert "--stages=50" in own(["50"])


def test_options_of_locust_are_passed_on() -> None:
    assert own(["--csv=out", "--min-samples=1"]) == ["--min-samples=1", "--csv=out"]


@pytest.mark.parametrize(
    "arguments",
    [
        ["fifty"],
        ["0"],
        ["50", "--stages", "10"],
        ["--stage-duration", "0"],
        ["--stage-duration", "nan"],
        ["--think-time", "0"],
        ["--warmup", "-1"],
        ["--min-samples", "many"],
        ["--seed", "-1"],
    ],
)
def test_a_mistake_is_a_usage_error(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as raised:
        locust_arguments(arguments, {})
    assert raised.value.code == 2
    assert "error: " in capsys.readouterr().err


@pytest.mark.parametrize("key", ["a b", "ü", "a\nb"])
def test_what_cannot_be_a_key_is_refused_without_being_shown(
    key: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        locust_arguments([f"--api-key={key}"], {})
    assert f"{key!r}" not in capsys.readouterr().err


def test_a_key_is_in_the_options_and_not_in_their_text() -> None:
    values = {flag.dest: flag.default for flag in FLAGS}
    assert options_from(values).api_key is None
    options = options_from(values | {"api_key": "fg_secret"})
    assert options.api_key == "fg_secret"
    assert "fg_secret" not in repr(options)


def test_every_flag_is_explained_and_has_a_variable_of_its_own() -> None:
    assert len({flag.env_var for flag in FLAGS}) == len(FLAGS)
    plain = argparse.ArgumentParser()
    add_flags(plain, given_only=True)
    assert all(flag.name in plain.format_help() for flag in FLAGS)
    assert all(flag.help for flag in FLAGS)
