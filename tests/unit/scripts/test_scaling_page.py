"""docs/scaling.md says what the command says."""

import json
import shlex
from typing import Any

import pytest

from scripts import plan_capacity
from scripts.capacity.words import bits, number, percent
from tests.capacity_runs import KNEE
from tests.processes import PROJECT

PAGE = (PROJECT / "docs/scaling.md").read_text()
CAMERAS = (10_000, 100_000, 1_000_000)


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert plan_capacity.main(arguments) == 0
    return capsys.readouterr().out.strip()


def test_the_worked_example_is_what_its_command_prints(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(PROJECT)
    command, _, shown = PAGE.split("```text\n$ ")[1].split("```")[0].partition("\n")
    prefix, _, arguments = command.partition("scripts.plan_capacity ")
    assert prefix == "python -m "
    assert said(capsys, *shlex.split(arguments)) == shown.strip()


def test_what_was_foretold_of_two_workers_is_what_the_command_says_of_the_recorded_runs(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(PROJECT)
    command, _, shown = PAGE.split("```console\n$ ")[1].split("```")[0].partition("\n")
    prefix, _, arguments = command.partition("scripts.plan_capacity ")
    assert prefix == "python -m "
    assert said(capsys, *shlex.split(arguments)) == shown.strip()
    assert float(shown.split("error:")[1].split("%")[0]) == pytest.approx(0, abs=15)


def test_the_table_of_larger_numbers_is_what_the_command_computes(
    capsys: pytest.CaptureFixture[str],
) -> None:
    for row in table(capsys):
        assert row in PAGE, row


def table(capsys: pytest.CaptureFixture[str]) -> list[str]:
    split, together = (
        [planned(capsys, cameras, layout) for cameras in CAMERAS]
        for layout in ("split", "together")
    )
    return [
        row("frames per second", [number(one["plan"]["frames_per_s"]) for one in split]),
        row("frames in", [bits(one["beside"]["bytes_in_per_s"]) for one in split]),
        row("`split`: hosts for gateways + for Tritons", [hosts(one) for one in split]),
        row("`split`: gateway workers", [number(one["plan"]["gateway_workers"]) for one in split]),
        row("`split`: pixels between", [pixels(one) for one in split]),
        row("`split`: connections between, per model", [mesh(one) for one in split]),
        row("`split`: first full", [first_full(one) for one in split]),
        row("`together`: hosts", [hosts(one) for one in together]),
        row(
            "`together`: gateway workers",
            [number(one["plan"]["gateway_workers"]) for one in together],
        ),
        row("`together`: first full", [first_full(one) for one in together]),
        row("connections at each gateway host, `split`", [each(one) for one in split]),
        row("a Redis: rate limit; with a cache", [redis(one) for one in split]),
        row("Prometheus series of gateways", [number(one["beside"]["series"]) for one in split]),
        row(
            "processes of the load tester",
            [number(one["beside"]["generator_processes"]) for one in split],
        ),
    ]


def planned(capsys: pytest.CaptureFixture[str], cameras: int, layout: str) -> Any:
    flags = "--host-cores 32 --nic-gbit 25 --spare 1 --json"
    assert f"`{flags.removesuffix(' --json')}`" in PAGE
    arguments = (str(KNEE), "--cameras", str(cameras), "--layout", layout, *flags.split())
    return json.loads(said(capsys, *arguments))


def row(name: str, cells: list[str]) -> str:
    return f"| {' | '.join((name, *cells))} |"


def hosts(found: Any) -> str:
    tiers = found["plan"]["tiers"]
    return " + ".join(number(tier["hosts"] + tier["spare_hosts"]) for tier in tiers)


def pixels(found: Any) -> str:
    return bits(found["beside"]["bytes_to_triton_per_s"])


def mesh(found: Any) -> str:
    return number(found["beside"]["triton_connections"])


def each(found: Any) -> str:
    return number(found["beside"]["per_gateway_host"])


def first_full(found: Any) -> str:
    first = found["full"][0]
    return f"{first['what']} at {number(first['cameras'])}"


def redis(found: Any) -> str:
    rate = found["beside"]["redis_rate"]["thread_ratio"]
    return f"{percent(rate)}; {percent(rate + found['beside']['redis_cache']['thread_ratio'])}"
