import fcntl
import io
import os
import pty
import struct
import termios
from collections.abc import Iterator, Sequence
from typing import NamedTuple, TextIO

import pytest

from monitor.observation import Observation
from monitor.output.screen.live import HISTORY_SAMPLES, Screen, ScreenError
from tests.unit.monitor.output.made import AT_S, observation

ENTER, LEAVE = "\x1b[?1049h", "\x1b[?1049l"


class Terminal(NamedTuple):
    stream: TextIO
    controller: int

    def resize(self, columns: int, lines: int) -> None:
        fcntl.ioctl(self.stream, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def shown(self) -> str:
        """All that was written since this was asked last."""
        text = b""
        try:
            while chunk := os.read(self.controller, 65536):
                text += chunk
        except BlockingIOError:
            return text.decode()
        return text.decode()


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[Terminal]:
    monkeypatch.setenv("TERM", "xterm-256color")
    # What a shell exported before the window was made smaller must not count.
    monkeypatch.setenv("COLUMNS", "150")
    controller, follower = pty.openpty()
    os.set_blocking(controller, False)
    with os.fdopen(follower, "w", encoding="utf-8") as stream:
        made = Terminal(stream, controller)
        made.resize(80, 24)
        yield made
    os.close(controller)


def test_the_terminal_is_taken_drawn_on_and_given_back(terminal: Terminal) -> None:
    with Screen(terminal.stream, now=lambda: AT_S + 0.5) as screen:
        first = terminal.shown()
        assert ENTER in first
        assert "Waiting for the first sample." in first
        screen.write(observation())
        drawn = terminal.shown()
        assert "Triton answered 0.5 s ago" in drawn
        assert "Waiting" not in drawn
        assert LEAVE not in drawn
    assert LEAVE in terminal.shown()


def test_an_error_gives_the_terminal_back_too(terminal: Terminal) -> None:
    with pytest.raises(KeyboardInterrupt), Screen(terminal.stream):
        raise KeyboardInterrupt
    assert LEAVE in terminal.shown()


def test_a_recording_is_as_old_as_its_own_samples(terminal: Terminal) -> None:
    with Screen(terminal.stream, now=None) as screen:
        screen.write(observation())
        assert "Triton answered 0.0 s ago" in terminal.shown()


def test_a_new_size_counts_from_the_next_sample_on(terminal: Terminal) -> None:
    with Screen(terminal.stream, now=None) as screen:
        screen.write(observation(0))
        assert "Processes" in terminal.shown()
        terminal.resize(60, 8)
        screen.write(observation(1))
        smaller = terminal.shown()
        assert "Framegate monitor" in smaller
        assert "Processes" not in smaller
        assert smaller.count("\n") < 8


def test_colour_is_left_out_where_it_is_not_wanted(terminal: Terminal) -> None:
    with Screen(terminal.stream, colour=True, now=None) as screen:
        screen.write(observation())
        assert "\x1b[30;42m healthy \x1b[0m" in terminal.shown()
    with Screen(terminal.stream, colour=False, now=None) as screen:
        screen.write(observation())
        drawn = terminal.shown()
        assert "healthy" in drawn
        assert ";42m" not in drawn
        assert "\x1b[36m" not in drawn


def test_a_long_watch_keeps_a_bounded_history(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    lengths = []

    def note(observations: Sequence[Observation], *rest: object, **more: object) -> str:
        lengths.append(len(observations))
        return ""

    monkeypatch.setattr("monitor.output.screen.live.frame", note)
    with Screen(terminal.stream, now=None) as screen:
        for second in range(HISTORY_SAMPLES + 5):
            screen.write(observation(second))
            terminal.shown()
    assert max(lengths) == lengths[-1] == HISTORY_SAMPLES


def test_what_is_no_terminal_is_refused_with_what_to_do() -> None:
    with pytest.raises(ScreenError, match=r"^--tui needs a terminal; leave it out for lines$"):
        Screen(io.StringIO())


def test_a_terminal_that_cannot_be_drawn_on_is_refused(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "dumb")
    with pytest.raises(ScreenError, match="leave it out for lines"):
        Screen(terminal.stream)
