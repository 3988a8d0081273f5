"""Where everything is: what the flags say, else the environment, else what is usual."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from monitor.sources.gateway_metrics import gateway_url
from monitor.sources.http import BadUrl, is_loopback
from monitor.sources.triton_metrics import metrics_url
from monitor.sources.triton_statistics import statistics_url

if TYPE_CHECKING:
    from monitor.settings import Settings

OFF = "off"
DEFAULT_HOST = "127.0.0.1"
# Settings → their defaults: where none is set, their module need not be imported, which takes
# longer than everything else before the first line.
DEFAULTS: Mapping[str, int] = {"triton_http_port": 8003, "triton_metrics_port": 8002, "port": 8000}


class BadSettings(Exception):
    """The environment says something that cannot be. The text names every variable."""


@dataclass(frozen=True)
class Given:
    """What the flags say; None where they are silent, "off" for what is not to be asked."""

    triton: str | None = None
    triton_http: str | None = None
    gateway: str | None = None
    watch: tuple[tuple[str, int], ...] | None = None
    api_key: str | None = None
    ca: Path | None = None


@dataclass(frozen=True)
class Addresses:
    """Attributes:
    watch: Role → local port, of the processes whose CPU and memory are read.
    api_key: For the gateway alone.
    """

    metrics: str
    statistics: str | None
    gateway: str | None
    watch: Mapping[str, int]
    api_key: str | None = field(default=None, repr=False)
    ca: Path | None = None


def resolve(given: Given, environment: Mapping[str, str]) -> Addresses:
    """Fill in what the flags leave open.

    Where --triton names another server, its HTTP address is not guessed.

    Raises:
        BadSettings: a variable's value cannot be.
    """
    host, ports, scheme, ca = DEFAULT_HOST, dict(DEFAULTS), "http", given.ca
    api_key = given.api_key
    if (settings := _settings(environment)) is not None:
        host = f"[{settings.triton_host}]" if ":" in settings.triton_host else settings.triton_host
        ports = {name: getattr(settings, name) for name in DEFAULTS}
        if settings.tls_cert is not None:
            scheme, ca = "https", ca or settings.tls_cert
        if api_key is None and settings.monitor_api_key is not None:
            api_key = settings.monitor_api_key.get_secret_value()
    try:
        metrics = given.triton or metrics_url(f"http://{host}:{ports['triton_metrics_port']}")
        statistics = given.triton_http
        if statistics is None and given.triton is None:
            statistics = statistics_url(f"http://{host}:{ports['triton_http_port']}")
        gateway = given.gateway or gateway_url(f"{scheme}://{DEFAULT_HOST}:{ports['port']}")
    except BadUrl as error:
        raise BadSettings(f"FRAMEGATE_TRITON_HOST: {error}") from error
    found = {"gateway": gateway, "triton": statistics or OFF}
    watch = given.watch
    if watch is None:
        local = ((role, _local_port(url)) for role, url in found.items() if url != OFF)
        watch = tuple((role, port) for role, port in local if port is not None)
    return Addresses(
        metrics,
        None if statistics in (None, OFF) else statistics,
        None if gateway == OFF else gateway,
        dict(watch),
        api_key,
        ca,
    )


def webhook_by(flag: str | None, environment: Mapping[str, str]) -> str | None:
    """Where alerts are posted to: the flag's address, else the variable's.

    Raises:
        BadSettings: see `resolve`.
    """
    if flag is not None or (settings := _settings(environment)) is None:
        return flag
    secret = settings.monitor_webhook
    return None if secret is None else secret.get_secret_value()


def _settings(environment: Mapping[str, str]) -> "Settings | None":
    """None where no variable of the monitor is set."""
    names = ("triton_host", "tls_cert", "monitor_api_key", "monitor_webhook", *DEFAULTS)
    if not any(f"FRAMEGATE_{name.upper()}" in environment for name in names):
        return None
    from pydantic import ValidationError

    from monitor.settings import Settings

    try:
        return Settings()
    except ValidationError as error:
        problems = [
            f"FRAMEGATE_{'_'.join(map(str, problem['loc'])).upper()}: {problem['msg']}"
            for problem in error.errors()
        ]
        raise BadSettings("; ".join(problems)) from error


def _local_port(url: str) -> int | None:
    """The port of an address of this machine; None for any other."""
    parts = urlsplit(url)
    if not is_loopback(parts.hostname or ""):
        return None
    return parts.port or (443 if parts.scheme == "https" else 80)
