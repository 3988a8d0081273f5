"""Wrong settings of every process are told together, before one of them starts."""

import pytest

from scripts._settings import read_settings


def test_every_problem_of_every_process_is_told_once_by_its_variable(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FRAMEGATE_TRITON_HTTP_PORT", "0")  # read by both
    monkeypatch.setenv("FRAMEGATE_TRITON_GRPC_PORT", "many")
    monkeypatch.setenv("FRAMEGATE_MAX_PIXELS", "1")
    with pytest.raises(SystemExit) as ended:
        read_settings()
    assert ended.value.code == 2
    said = capsys.readouterr().err.splitlines()
    assert said[0] == "Wrong settings:"
    assert sorted(line.split(":")[0].strip() for line in said[1:]) == [
        "FRAMEGATE_MAX_PIXELS",
        "FRAMEGATE_TRITON_GRPC_PORT",
        "FRAMEGATE_TRITON_HTTP_PORT",
    ]


def test_right_settings_are_those_of_both(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FRAMEGATE_TRITON_HTTP_PORT", "9003")
    backend, triton = read_settings()
    assert (backend.triton_http_port, triton.triton_http_port) == (9003, 9003)
