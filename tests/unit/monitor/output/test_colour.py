import pytest

from monitor.output.colour import paint, printable, wanted

TERMINAL = {"TERM": "xterm-256color"}


@pytest.mark.parametrize(
    ("flag", "environment", "is_terminal", "coloured"),
    [
        (None, TERMINAL, True, True),
        (None, TERMINAL, False, False),
        (None, {}, True, True),
        (None, {"TERM": "dumb"}, True, False),
        (None, {"TERM": "dumb", "FORCE_COLOR": "1"}, False, True),
        (None, {"NO_COLOR": "1", "FORCE_COLOR": "1"}, True, False),
        (None, {"NO_COLOR": "", "FORCE_COLOR": ""}, True, True),
        (None, {"FORCE_COLOR": ""}, False, False),
        (True, {"NO_COLOR": "1", "TERM": "dumb"}, False, True),
        (False, {"FORCE_COLOR": "1"}, True, False),
    ],
)
def test_the_flag_beats_no_color_beats_force_color_beats_the_terminal(
    flag: bool | None, environment: dict[str, str], is_terminal: bool, coloured: bool
) -> None:
    assert wanted(flag, environment, is_terminal) is coloured


def test_without_colour_or_code_a_word_is_itself() -> None:
    assert paint("degraded", "33", colour=True) == "\x1b[33mdegraded\x1b[0m"
    assert paint("degraded", "33", colour=False) == "degraded"
    assert paint("unknown", None, colour=True) == "unknown"


def test_what_could_control_a_terminal_is_shown_as_its_escape() -> None:
    assert printable("\x1b[2Jé×\n\u202e") == r"\x1b[2Jé×\n\u202e"
