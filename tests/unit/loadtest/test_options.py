import argparse

import pytest

from loadtest.__main__ import locust_arguments
from loadtest._options import (
    FLAGS,
    ONE_STAGE,
    add_flags,
    contradiction,
    options_from,
    parse_stages,
)


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


@pytest.mark.parametrize("flag", [["-u", "50"], ["--users", "50"], ["--users=50"]])
def test_locust_s_own_flag_is_one_stage_too(flag: list[str]) -> None:
    assert "--stages=50" in own(flag)


@pytest.mark.parametrize(
    "arguments", [["50", "-u", "50"], ["-u", "5", "--stages", "6"], ["5", "--stages=6"]]
)
def test_one_stage_and_several_exclude_each_other(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        own(arguments)
    assert ended.value.code == 2


DEFAULTS = {flag.dest: flag.default for flag in FLAGS}


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({}, None),
        ({ONE_STAGE: 5}, None),
        ({ONE_STAGE: 5, "stages": "10,25"}, "--users is one stage"),
        # The default's own text, but given.
        ({ONE_STAGE: 5, "stages": "10,25,50,100,200"}, "--users is one stage"),
        ({"burst": True, "find_breaking_point": True}, "--burst and --find-breaking-point"),
    ],
)
def test_what_cannot_be_had_together_is_named(
    values: dict[str, object], expected: str | None
) -> None:
    found = contradiction(DEFAULTS | values)
    assert found is None if expected is None else str(found).startswith(expected)


def test_users_of_locust_s_command_line_are_one_stage() -> None:
    assert options_from(DEFAULTS | {ONE_STAGE: 70}).stages == (70,)


def test_objectives_are_read_from_one_text() -> None:
    options = options_from(DEFAULTS | {"slo": "p(95)<500, success>=99"})
    assert [objective.limit for objective in options.objectives] == [500.0, 99.0]


def test_what_a_camera_sends_and_whom_it_trusts_go_on_to_locust() -> None:
    values = {flag.dest: flag.default for flag in FLAGS}
    plain = options_from(values)
    assert (plain.camera, plain.open_loop, plain.ca, plain.insecure) == ("raw", False, None, False)
    arguments = ["--camera=mixed", "--open-loop", f"--ca={__file__}", "--min-samples=0"]
    assert sorted(own(arguments)) == sorted(arguments)


def test_a_camera_that_the_page_made_up_is_refused() -> None:
    values = {flag.dest: flag.default for flag in FLAGS}
    with pytest.raises(ValueError, match="one of raw, base64, mixed, page, not 'video'"):
        options_from(values | {"camera": "video"})


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
        ["--camera", "video"],
        ["--ca", "absent.pem"],
        ["--ca", __file__, "--insecure"],
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
