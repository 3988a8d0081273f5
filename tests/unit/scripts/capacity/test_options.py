"""The command line of scripts.plan_capacity."""

from pathlib import Path

import pytest

from scripts.capacity import options


def test_what_is_not_said_is_as_in_the_run() -> None:
    read = options.read(["runs/knee", "--cameras", "1000"])
    assert (read.runs, read.cameras, read.check) == ((Path("runs/knee"),), 1000, None)
    assert (read.interval_s, read.host_cores, read.host_gpus, read.frame_bytes) == (None,) * 4
    assert (read.headroom_ratio, read.assumed_ratio, read.spare_hosts) == (0.2, 0.7, 0)
    assert (read.layout, read.nic_gbit_per_s) == ("split", 10.0)


def test_percent_become_ratios() -> None:
    read = options.read(["r", "--cameras", "1", "--headroom", "35", "--utilisation", "60"])
    assert (read.headroom_ratio, read.assumed_ratio) == (0.35, 0.6)


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["r"],
        ["r", "--cameras", "0"],
        ["r", "--cameras", "1e3"],
        ["r", "--cameras", "1", "--check", "s"],
        ["r", "--cameras", "1", "--interval", "0"],
        ["r", "--cameras", "1", "--interval", "nan"],
        ["r", "--cameras", "1", "--interval", "inf"],
        ["r", "--cameras", "1", "--headroom", "100"],
        ["r", "--cameras", "1", "--utilisation", "0"],
        ["r", "--cameras", "1", "--nic-gbit", "0"],
        ["r", "--cameras", "1", "--host-cores", "0"],
        ["r", "--cameras", "1", "--spare", "-1"],
        ["r", "--cameras", "1", "--layout", "apart"],
        ["r", "--cam", "1"],
    ],
)
def test_wrong_usage_is_exit_code_2(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        options.read(arguments)
    assert ended.value.code == 2
    assert "usage:" in capsys.readouterr().err


def test_the_help_shows_how_and_every_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        options.read(["--help"])
    assert ended.value.code == 0
    told = capsys.readouterr().out
    assert "--find-breaking-point" in told
    assert "exit codes: 0 planned, 1 a run cannot be read, 2 usage, 4 the runs do not" in told
