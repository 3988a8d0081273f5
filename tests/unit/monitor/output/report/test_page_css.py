"""The look that the monitor's and the load tester's pages share."""

import re

import pytest

from tests.processes import PROJECT

SHARED = (PROJECT / "monitor/output/report/page.css").read_text()
TIMELINE = (PROJECT / "monitor/output/report/timeline.css").read_text()
LOAD_TEST = (PROJECT / "loadtest/_report/report.css").read_text()


def palettes() -> dict[str, dict[str, str]]:
    light, dark, printed = re.findall(r":root \{(.*?)\}", SHARED, flags=re.DOTALL)
    return {
        name: dict(re.findall(r"--([a-z0-9]+): (#[0-9a-f]{6})", block))
        for name, block in (("light", light), ("dark", dark), ("print", printed))
    }


def contrast(one: str, other: str) -> float:
    """Source: WCAG 2.2, relative luminance and contrast ratio."""

    def luminance(colour: str) -> float:
        parts = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark", "print"])
def test_text_and_lines_stand_out_from_what_is_behind_them(scheme: str) -> None:
    colours = palettes()[scheme]
    levels = ("healthy", "degraded", "overloaded", "inconclusive")
    lines = ("s0", "s1", "s2", "s3", "s4")
    for text in ("ink", "soft", *levels):
        for behind in ("page", "panel"):
            assert contrast(colours[text], colours[behind]) >= 4.5, (text, behind)
    bands = ("band", "warm", "hot")
    for behind in bands:
        assert contrast(colours["soft"], colours[behind]) >= 4.5, behind
    for line in lines:
        for behind in ("panel", *bands):
            assert contrast(colours[line], colours[behind]) >= 3, (line, behind)
        assert contrast(colours["page"], colours[line]) >= 4.5, f"a share inside {line}"


def test_the_palettes_have_the_same_colours() -> None:
    light, dark, printed = palettes().values()
    assert set(light) == set(dark) == set(printed)
    used = set(re.findall(r"var\(--([a-z0-9]+)\)", SHARED + LOAD_TEST + TIMELINE))
    assert used == set(light)
