"""Who is restarted when, with servers that are scripts and a clock that is turned by hand."""

from pathlib import Path

import pytest

from scripts import rolling_restart
from scripts.rolling_restart import Member, Pace, RollError, answers_200, main, roll

MEMBERS = (Member("a", "http://a/"), Member("b", "http://b/"))
PACE = Pace(settle_s=1.0, steady_s=2.0, timeout_s=10.0)


class Stage:
    """Servers that are not ready for a while after a restart.

    Attributes:
        events: what happened, in order.
        blinks_at_s: when nobody is ready, for a moment.
    """

    def __init__(self, out_folder: Path, *, comes_back_after_s: float = 3.0) -> None:
        self.out_folder = out_folder
        self.now_s = 100.0
        self.events: list[str] = []
        self.not_ready_until_s = {"a": 0.0, "b": 0.0}
        self.blinks_at_s: float | None = None
        self._comes_back_after_s = comes_back_after_s

    def restart(self, member: Member) -> None:
        out = [path.name for path in self.out_folder.iterdir()]
        self.events.append(f"{member.name} at {self.now_s:.1f}, out: {out}")
        self.not_ready_until_s[member.name] = self.now_s + self._comes_back_after_s

    def is_ready(self, member: Member) -> bool:
        ready_s = self.not_ready_until_s[member.name]
        return self.now_s >= ready_s and self.now_s != self.blinks_at_s

    def pause(self, duration_s: float) -> None:
        self.now_s += duration_s

    def roll(self, *, balancer: bool = True) -> None:
        roll(
            MEMBERS,
            self.restart,
            out_folder=self.out_folder if balancer else None,
            pace=PACE,
            is_ready=self.is_ready,
            say=lambda _: None,
            clock=lambda: self.now_s,
            pause=self.pause,
        )


def test_one_goes_when_the_other_is_back_and_is_out_of_service_meanwhile(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    stage.roll()
    # 1 s to settle, 3 s down, 2 s steady, then the next one's second.
    assert stage.events == ["a at 101.0, out: ['a']", "b at 107.0, out: ['b']"]
    assert list(tmp_path.iterdir()) == []


def test_where_no_balancer_looks_nobody_waits_for_it(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    stage.roll(balancer=False)
    assert stage.events == ["a at 100.0, out: []", "b at 105.0, out: []"]


def test_nobody_goes_while_another_is_down(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    stage.not_ready_until_s["b"] = 1000
    with pytest.raises(RollError, match=r"^a was not restarted: not ready: b\.$"):
        stage.roll()
    assert stage.events == []
    assert list(tmp_path.iterdir()) == []


def test_one_that_does_not_come_back_ends_the_roll_and_stays_out(tmp_path: Path) -> None:
    stage = Stage(tmp_path, comes_back_after_s=1000)
    with pytest.raises(RollError, match=r"^a was not ready within 10 s: http://a/\."):
        stage.roll()
    assert [event[0] for event in stage.events] == ["a"]
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_one_that_flickers_is_not_ready(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    stage.blinks_at_s = 105.0
    stage.roll()
    assert stage.events[1].startswith("b at 108.1")


@pytest.fixture
def all_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rolling_restart, "answers_200", lambda member: True)


COMMAND_PACE = ["--settle-s", "0", "--steady-s", "0", "--timeout-s", "1"]


@pytest.mark.usefixtures("all_ready")
def test_the_command_gets_the_member_s_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    members = ["a=http://127.0.0.1:1/", "b=http://127.0.0.1:2/"]
    assert main([*members, "--restart", f"touch {tmp_path}/{{name}}", *COMMAND_PACE]) == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b"]
    assert [line.split(":")[0] for line in capsys.readouterr().out.splitlines()] == list("aabb")


@pytest.mark.usefixtures("all_ready")
@pytest.mark.parametrize(
    ("command", "complaint"),
    [
        ("false", "false ended with status 1."),
        ("/no/such/program", "/no/such/program cannot be run: No such file or directory."),
    ],
)
def test_a_restart_that_fails_ends_the_roll(
    command: str, complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["a=http://127.0.0.1:1/", "--restart", command, *COMMAND_PACE]) == 1
    assert capsys.readouterr().err.strip() == complaint


@pytest.mark.parametrize("member", ["a", "a=ftp://x/", "../a=http://x/", "a b=http://x/"])
def test_a_member_that_is_none_is_refused(member: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main([member, "--restart", "true"])
    assert "is not name=http://host:port/path" in capsys.readouterr().err


def test_nobody_there_is_not_ready() -> None:
    assert not answers_200(Member("a", "http://127.0.0.1:9/"))
