"""The launcher's exit statuses and last words."""

import sys
from pathlib import Path

import pytest

from triton_runtime import __main__ as launcher
from triton_runtime import server
from triton_runtime.errors import LaunchError
from triton_runtime.server import Outcome
from triton_runtime.settings import Settings

MODEL_DIED = (
    "triton: a model's process died, which this server does not survive; it was stopped. "
    "Start it again; LOG may say why.\n"
)


@pytest.fixture(autouse=True)
def no_arguments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["triton_runtime"])


def end_with(monkeypatch: pytest.MonkeyPatch, outcome: Outcome | LaunchError, log: Path) -> None:
    def run(settings: Settings) -> Outcome:
        if isinstance(outcome, LaunchError):
            raise outcome
        return outcome

    monkeypatch.setattr(server, "run", run)
    monkeypatch.setenv("FRAMEGATE_TRITON_LOG", str(log))


@pytest.mark.parametrize(
    ("outcome", "status", "said"),
    [
        (Outcome(0, asked=True, model_died=False), 0, ""),
        (Outcome(-9, asked=True, model_died=True), 0, ""),
        (LaunchError("Nothing fits."), 1, "triton: Nothing fits.\n"),
        (
            Outcome(-9, asked=False, model_died=True),
            1,
            MODEL_DIED,
        ),
        (
            Outcome(3, asked=False, model_died=False),
            1,
            "triton: the server ended by itself (exit status 3); LOG says:\nerror: no such port\n",
        ),
    ],
    ids=["asked", "asked and a model died", "cannot start", "a model died", "ended by itself"],
)
def test_how_it_ended_is_said_once_and_in_the_exit_status(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    outcome: Outcome | LaunchError,
    status: int,
    said: str,
) -> None:
    log = tmp_path / "triton.log"
    log.write_text("I1120 starting\nerror: no such port\n")
    end_with(monkeypatch, outcome, log)
    assert launcher.main() == status
    written = capsys.readouterr()
    assert (written.out, written.err) == ("", said.replace("LOG", str(log)))


def test_wrong_settings_are_exit_status_2(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FRAMEGATE_TRITON_HTTP_PORT", "0")
    monkeypatch.setenv("FRAMEGATE_TRITON_GRPC_PORT", "many")
    assert launcher.main() == 2
    said = capsys.readouterr().err
    assert said.splitlines() == [
        "triton: FRAMEGATE_TRITON_HTTP_PORT: Input should be greater than or equal to 1",
        (
            "triton: FRAMEGATE_TRITON_GRPC_PORT: Input should be a valid integer, "
            "unable to parse string as an integer"
        ),
    ]


def test_an_unknown_argument_is_exit_status_2(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["triton_runtime", "--fast"])
    with pytest.raises(SystemExit) as ended:
        launcher.main()
    assert ended.value.code == 2
    assert "unrecognized arguments: --fast" in capsys.readouterr().err
