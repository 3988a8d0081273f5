"""Processes that are started, asked, killed and watched; signals that wait, count or do not."""

import os
import shlex
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import psutil
import pytest

from backend.settings import Settings
from scripts import _revival, _stack
from scripts._stack import (
    Child,
    Interrupted,
    Stack,
    StackError,
    check_port_free,
    deferred,
    gateway_url,
    interruptible,
    read_procfile,
    undisturbed,
)
from tests.processes import PROJECT, free_port, wait_until

BOTH = pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])


def is_running(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


# The Procfile


def test_a_procfile_is_names_and_arguments_in_order(tmp_path: Path) -> None:
    procfile = tmp_path / "Procfile"
    procfile.write_text(
        "# the first\n"
        "web: bin/serve --bind 127.0.0.1:80 --title 'two words'\n"
        "\n"
        "  worker :  run --url=http://x:1/ # 3  \n"
    )
    assert list(read_procfile(procfile).items()) == [
        ("web", ["bin/serve", "--bind", "127.0.0.1:80", "--title", "two words"]),
        ("worker", ["run", "--url=http://x:1/", "#", "3"]),
    ]


def test_the_projects_own_starts_triton_before_the_gateway() -> None:
    assert list(read_procfile(PROJECT / "Procfile")) == ["triton", "gateway", "enrichment"]


# Ports and addresses


def test_a_port_in_use_is_one_sentence() -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        with pytest.raises(StackError) as caught:
            check_port_free("127.0.0.1", port)
    assert str(caught.value) == (
        f"Port {port} on 127.0.0.1 cannot be used (Address already in use): "
        "stop what holds it or set FRAMEGATE_PORT."
    )
    check_port_free("127.0.0.1", port)


@pytest.mark.parametrize(
    ("host", "reason"),
    [("192.0.2.1", "Cannot assign requested address"), ("::zz", "Name or service not known")],
)
def test_an_address_that_is_not_this_machines_is_one_sentence(host: str, reason: str) -> None:
    with pytest.raises(StackError) as caught:
        check_port_free(host, 8000)
    assert str(caught.value).startswith(f"Port 8000 on {host} cannot be used ({reason}): ")


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:9000"),
        ("0.0.0.0", "http://127.0.0.1:9000"),
        ("::", "http://[::1]:9000"),
        ("camera.local", "http://camera.local:9000"),
    ],
)
def test_the_gateways_address_is_one_that_can_be_opened(host: str, url: str) -> None:
    assert gateway_url(Settings(host=host, port=9000, allow_anonymous=True)) == url


def test_with_a_certificate_the_address_is_https(tmp_path: Path) -> None:
    cert = tmp_path / "pem"
    cert.touch()
    settings = Settings(port=9000, tls_cert=cert, tls_key=cert)
    assert gateway_url(settings) == "https://127.0.0.1:9000"


# Signals


@pytest.fixture(autouse=True)
def caught() -> Iterator[list[int]]:
    """Signals that nothing in a test took; and none of them ends the test run."""
    signals: list[int] = []
    both = (signal.SIGINT, signal.SIGTERM)
    previous = {s: signal.signal(s, lambda signum, _: signals.append(signum)) for s in both}
    yield signals
    for signum, handler in previous.items():
        signal.signal(signum, handler)


@BOTH
def test_within_interruptible_a_signal_is_an_exception_and_afterwards_it_is_not(
    caught: list[int], signum: signal.Signals
) -> None:
    with pytest.raises(Interrupted) as interruption, interruptible():
        signal.raise_signal(signum)
    assert str(interruption.value) == signum.name
    assert interruption.value.exit_code == 128 + signum
    assert caught == []
    signal.raise_signal(signum)
    assert caught == [signum]


@BOTH
def test_within_undisturbed_a_signal_has_no_effect_and_afterwards_it_has(
    caught: list[int], signum: signal.Signals
) -> None:
    steps = []

    def work() -> None:
        with undisturbed():
            signal.raise_signal(signum)
            steps.append("cleaned up")
        steps.append("went on")
        signal.raise_signal(signum)
        steps.append("never")

    with pytest.raises(Interrupted), interruptible():
        work()
    assert steps == ["cleaned up", "went on"]
    assert caught == []


@BOTH
def test_within_deferred_a_signal_waits_and_is_not_lost(signum: signal.Signals) -> None:
    steps = []

    def work() -> None:
        with deferred():
            signal.raise_signal(signum)
            steps.append("noted")
        steps.append("never")

    with pytest.raises(Interrupted) as interruption, interruptible():
        work()
    assert steps == ["noted"]
    assert interruption.value.exit_code == 128 + signum


@pytest.mark.parametrize("context", [interruptible, undisturbed, deferred])
def test_handlers_and_masks_are_given_back_after_an_error(
    caught: list[int], context: Callable[[], AbstractContextManager[None]]
) -> None:
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    with pytest.raises(ZeroDivisionError), context():
        raise ZeroDivisionError
    assert signal.pthread_sigmask(signal.SIG_BLOCK, ()) == mask
    signal.raise_signal(signal.SIGINT)
    signal.raise_signal(signal.SIGTERM)
    assert caught == [signal.SIGINT, signal.SIGTERM]


# One child


class Shell:
    """A child that runs a script, whose output is its log."""

    def __init__(self, folder: Path, script: str) -> None:
        self.log = folder / "child.out"
        self.child = Child("child", ["sh", "-c", script], log=self.log)

    def wait_for(self, word: str) -> None:
        wait_until(lambda: word in self.log.read_text(), what=f"the child says {word!r}")


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], Shell]]:
    monkeypatch.setattr(_stack, "STOP_TIMEOUT_S", 10)
    started: list[Shell] = []

    def start(script: str) -> Shell:
        started.append(Shell(tmp_path, script))
        return started[-1]

    yield start
    monkeypatch.setattr(_stack, "STOP_TIMEOUT_S", 0)
    for left in started:
        left.child.stop()


def test_a_child_is_asked_and_its_answer_returned(shell: Callable[[str], Shell]) -> None:
    asked = shell("trap 'echo asked; exit 7' TERM; echo started; while :; do sleep 0.01; done")
    asked.wait_for("started")
    assert asked.child.poll() is None
    assert asked.child.stop() == 7
    assert asked.child.last_words() == "started\nasked"
    assert asked.child.stop() == 7


def test_another_signal_may_come_first(shell: Callable[[str], Shell]) -> None:
    asked = shell("trap 'exit 5' INT; echo started; while :; do sleep 0.01; done")
    asked.wait_for("started")
    assert asked.child.stop(first=signal.SIGINT) == 5


@pytest.mark.parametrize(
    ("trap", "status"), [("trap '' TERM;", -signal.SIGKILL), ("trap 'exit 0' TERM;", 0)]
)
def test_a_child_that_ignores_it_is_killed_and_takes_its_own_along_in_any_case(
    shell: Callable[[str], Shell], monkeypatch: pytest.MonkeyPatch, trap: str, status: int
) -> None:
    stubborn = shell(
        f"{trap} sh -c 'trap \"\" TERM; echo grandchild $$; sleep 60; sleep 60' & "
        "echo started; while :; do sleep 0.01; done"
    )
    stubborn.wait_for("started")
    stubborn.wait_for("grandchild")
    (line,) = (line for line in stubborn.log.read_text().splitlines() if "grandchild" in line)
    grandchild = int(line.split()[1])
    if status != 0:
        monkeypatch.setattr(_stack, "STOP_TIMEOUT_S", 0.1)
    assert is_running(grandchild)
    assert stubborn.child.stop() == status
    wait_until(lambda: not is_running(grandchild), what="the grandchild has ended")


@BOTH
@pytest.mark.parametrize("context", [interruptible, undisturbed, deferred])
def test_a_child_started_within_any_of_these_can_be_asked_to_stop(
    shell: Callable[[str], Shell],
    context: Callable[[], AbstractContextManager[None]],
    signum: signal.Signals,
) -> None:
    with context():
        started = shell("echo started; exec sleep 60")
    started.wait_for("started")
    assert started.child.stop(first=signum) == -signum


def test_a_child_has_a_group_of_its_own(shell: Callable[[str], Shell]) -> None:
    started = shell("sleep 60")
    assert os.getpgid(started.child.pid) == started.child.pid


def test_last_words_are_the_last_eight_lines(shell: Callable[[str], Shell]) -> None:
    talker = shell("i=0; while [ $i -lt 20 ]; do echo line $i; i=$((i+1)); done; echo no >&2")
    talker.wait_for("no")
    assert talker.child.last_words().splitlines() == [*(f"line {i}" for i in range(13, 20)), "no"]


def test_a_child_without_a_log_has_no_last_words() -> None:
    child = Child("quiet", ["true"])
    assert child.stop() in (0, -signal.SIGTERM)
    assert child.last_words() == ""


# All children


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder whose Procfile a test writes."""
    monkeypatch.setattr(_stack, "PROJECT", tmp_path)
    monkeypatch.setattr(_stack, "LOGS", tmp_path / "logs")
    monkeypatch.setattr(_stack, "STOP_TIMEOUT_S", 10)
    return tmp_path


def procfile(project: Path, **scripts: str) -> Settings:
    lines = [f"{name}: sh -c {shlex.quote(script)}\n" for name, script in scripts.items()]
    (project / "Procfile").write_text("".join(lines))
    return Settings(port=free_port())


def said(project: Path, name: str) -> str:
    log = project / f"logs/{name}.out"
    return log.read_text() if log.exists() else ""


def test_a_stack_is_ready_when_the_gateway_is_and_stops_last_first(project: Path) -> None:
    (project / "www/health").mkdir(parents=True)
    (project / "www/health/ready").touch()
    serve = f"{shlex.quote(sys.executable)} -m http.server --bind 127.0.0.1 --directory www"
    waits = "trap 'echo NAME >> stopped; exit 0' TERM; echo up; while :; do sleep 0.01; done"
    settings = procfile(project, one=waits.replace("NAME", "one"), two=waits.replace("NAME", "two"))
    with (project / "Procfile").open("a") as lines:
        lines.write(f"web: {serve} {settings.port}\n")
    with Stack(settings) as stack:
        assert 0 < stack.wait_ready() < 10
        stack.check_alive()
        wait_until(lambda: said(project, "one") == said(project, "two") == "up\n")
    assert (project / "stopped").read_text() == "two\none\n"
    check_port_free("127.0.0.1", settings.port)


def test_the_processes_of_a_stack_know_one_another_by_a_fresh_token(project: Path) -> None:
    says = 'echo "$FRAMEGATE_INTERNAL_TOKEN"; exec sleep 60'
    heard = []
    for _ in range(2):
        with Stack(procfile(project, one=says, two=says)):
            wait_until(lambda: "\n" in said(project, "one") and "\n" in said(project, "two"))
        assert said(project, "one") == said(project, "two")
        heard.append(said(project, "one").strip())
    assert len(set(heard)) == 2
    assert min(map(len, heard)) >= 32


def test_one_good_answer_among_workers_that_remember_a_failure_is_not_ready(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = iter([False, True, False, True, True])
    left_to_say: list[bool] = []

    def answer(settings: Settings) -> bool:
        left_to_say.append(next(answers, True))
        return left_to_say[-1]

    monkeypatch.setattr(_stack, "_answers_ready", answer)
    monkeypatch.setattr(_stack, "STEADY_S", 0.2)
    with Stack(procfile(project, web="sleep 60")) as stack:
        stack.wait_ready()
    assert left_to_say[:3] == [False, True, False]
    assert len(left_to_say) >= 5
    assert all(left_to_say[3:])


def test_a_process_that_dies_ends_the_wait_with_its_last_words(project: Path) -> None:
    settings = procfile(project, good="exec sleep 60", bad="echo no luck; exit 3")
    with pytest.raises(StackError) as caught, Stack(settings) as stack:
        stack.wait_ready()
    assert str(caught.value) == "bad ended (exit status 3):\nno luck"


def test_a_gateway_that_does_not_get_ready_is_told_where_the_logs_are(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_stack, "READY_TIMEOUT_S", 0)
    with pytest.raises(StackError) as caught, Stack(procfile(project, web="sleep 60")) as stack:
        stack.wait_ready()
    assert str(caught.value) == f"Not ready after 0 s. Logs: {project}/logs"


def test_with_the_port_taken_nothing_is_started(project: Path) -> None:
    settings = procfile(project, web="echo started; sleep 60")
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", settings.port))
        holder.listen()
        with pytest.raises(StackError, match="Address already in use"):
            Stack(settings).__enter__()
    assert not (project / "logs").exists()


def test_what_was_started_is_stopped_where_the_next_cannot_be(project: Path) -> None:
    settings = procfile(project, one="echo $$; exec sleep 60")
    with (project / "Procfile").open("a") as lines:
        lines.write("two: no-such-program\n")
    started_s = time.monotonic()
    before = set(psutil.Process().children())
    with pytest.raises((StackError, FileNotFoundError), match="no-such-program"):
        Stack(settings).__enter__()
    assert set(psutil.Process().children()) == before
    assert time.monotonic() - started_s < 5


def test_a_process_that_dies_is_started_again_and_goes_on_in_its_log(project: Path) -> None:
    script = "echo run; test -e second || { touch second; exit 3; }; exec sleep 60"
    with Stack(procfile(project, web=script, other="exec sleep 60")) as stack:
        wait_until(lambda: bool(stack.revive()), what="the death is noticed")
        wait_until(lambda: said(project, "web") == "run\nrun\n")
        assert stack.revive() == []
        stack.check_alive()


def test_a_death_is_told_with_the_last_words(project: Path) -> None:
    with Stack(procfile(project, web="echo no luck; exit 3")) as stack:
        told: list[str] = []

        def noticed() -> bool:
            told.extend(stack.revive())
            return bool(told)

        wait_until(noticed)
    assert told[0] == "web ended (exit status 3):\nno luck\nweb is started again now."


def test_a_process_that_dies_again_and_again_is_given_up(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_revival, "LONGEST_PAUSE_S", 0.01)
    with (
        Stack(procfile(project, web="exit 3")) as stack,
        pytest.raises(StackError, match="It died too often to go on"),
    ):
        wait_until(lambda: len(stack.revive()) > 100)


def test_only_the_processes_wanted_are_started(project: Path) -> None:
    settings = procfile(project, one="echo up; exec sleep 60", two="echo up; exec sleep 60")
    with Stack(settings, only=("two",)):
        wait_until(lambda: said(project, "two") == "up\n")
    assert said(project, "one") == ""


def test_one_process_can_be_started_again_by_itself(project: Path) -> None:
    settings = procfile(project, one="echo up; exec sleep 60", two="echo up; exec sleep 60")
    with Stack(settings) as stack:
        wait_until(lambda: said(project, "one") == said(project, "two") == "up\n")
        stack.restart("two")
        wait_until(lambda: said(project, "two") == "up\nup\n")
        stack.check_alive()
    assert said(project, "one") == "up\n"


def test_who_may_load_models_is_a_secret_of_the_stack(project: Path) -> None:
    says = 'echo "$FRAMEGATE_TRITON_CONTROL_TOKEN"; exec sleep 60'
    with Stack(procfile(project, one=says, two=says)):
        wait_until(lambda: "\n" in said(project, "one") and "\n" in said(project, "two"))
    assert said(project, "one") == said(project, "two")
    assert len(said(project, "one").strip()) >= 32
