"""What stands behind a flag, read; whoever wrote it is told what is wrong with it."""

import argparse
import math
from collections.abc import Callable
from pathlib import Path

from monitor.addresses import OFF
from monitor.output.webhook import BadWebhook, webhook_url
from monitor.sources import triton_metrics
from monitor.sources.http import BadUrl

LAST_PORT = 65535
SHORTEST_INTERVAL_S, LONGEST_INTERVAL_S = 0.1, 3600.0


def interval_s(text: str) -> float:
    seconds = _number(text, "seconds")
    if not SHORTEST_INTERVAL_S <= seconds <= LONGEST_INTERVAL_S:
        raise argparse.ArgumentTypeError(
            f"{text} is not between {SHORTEST_INTERVAL_S:g} and {LONGEST_INTERVAL_S:g} seconds"
        )
    return seconds


def duration_s(text: str) -> float:
    seconds = _number(text, "seconds")
    if not (math.isfinite(seconds) and seconds > 0):
        raise argparse.ArgumentTypeError(f"{text} is not a number of seconds above 0")
    return seconds


def speed(text: str) -> float:
    speed = _number(text, "times")
    if not (math.isfinite(speed) and speed >= 0):
        raise argparse.ArgumentTypeError(f"{text} is not a speed, such as 10, or 0 for no waiting")
    return speed


def _number(text: str, of: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of {of}") from error


def metrics_url(text: str) -> str:
    return _url(text, triton_metrics.metrics_url)


def or_off(read: Callable[[str], str]) -> Callable[[str], str]:
    return lambda text: OFF if text == OFF else _url(text, read)


def webhook(text: str) -> str:
    try:
        return webhook_url(text)
    except BadWebhook as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _url(text: str, read: Callable[[str], str]) -> str:
    try:
        return read(text)
    except BadUrl as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def file(text: str) -> Path:
    path = Path(text)
    if not path.is_file():
        raise argparse.ArgumentTypeError(f"there is no file {text}")
    return path


def port(text: str) -> int:
    if not (text.isascii() and text.isdigit()) or not 1 <= int(text) <= LAST_PORT:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port from 1 to {LAST_PORT}")
    return int(text)


def role_and_port(text: str) -> tuple[str, int] | None:
    """None for "off"."""
    if text == OFF:
        return None
    role, _, port = text.partition("=")
    if not role or not (port.isascii() and port.isdigit()) or not 1 <= int(port) <= LAST_PORT:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a role and a port from 1 to {LAST_PORT}, such as gateway=8000"
        )
    return role, int(port)
