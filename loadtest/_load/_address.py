"""Where the gateway is, and which certificates are believed."""

import ssl
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from loadtest._errors import LoadtestError
from monitor.sources import tls


@dataclass(frozen=True)
class Address:
    """A gateway's URL in its parts; `prefix` is the path before the gateway's own paths."""

    scheme: str
    host: str
    port: int
    prefix: str

    @property
    def tls(self) -> bool:
        return self.scheme == "https"

    @property
    def host_header(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"


_PORTS = {"http": 80, "https": 443}


def parse_address(url: str) -> Address:
    """Read a URL.

    Raises:
        LoadtestError: it is none, or none of a gateway.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise LoadtestError(f"the host {url!r} is not a URL") from None
    if parts.scheme not in _PORTS or not parts.hostname:
        raise LoadtestError(f"the host must begin with http:// or https://, not {url!r}")
    if parts.username is not None or parts.query or parts.fragment:
        raise LoadtestError("the host is a URL without user name, query and fragment")
    if not url.isascii() or not url.isprintable() or " " in url:
        raise LoadtestError(f"the host has characters that a URL cannot have: {url!r}")
    prefix = parts.path.rstrip("/")
    return Address(parts.scheme, parts.hostname, port or _PORTS[parts.scheme], prefix)


def tls_context(ca: Path | None, *, insecure: bool) -> ssl.SSLContext:
    """What decides whether a server is believed; the monitor decides it likewise.

    Raises:
        LoadtestError: the file cannot be read or holds no certificate.
    """
    try:
        return tls.tls_context(ca, insecure=insecure)
    except tls.BadCertificates as error:
        raise LoadtestError(str(error)) from error
