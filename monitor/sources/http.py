"""One GET, straight to the server that was named: no proxy, no redirect, an end to waiting."""

import http.client
import ipaddress
import ssl
import time
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

MOST_BYTES = 16 * 2**20
CHUNK_BYTES = 64 * 2**10

# URL and time-out in seconds → the text that was answered.
Fetch = Callable[[str, float], str]


class ScrapeError(Exception):
    """A server does not tell. The text is steady while the cause stays the same."""


class BadUrl(ValueError):
    """Not an address to scrape. The text says why."""


def url_with_path(text: str, path: str) -> str:
    """The address as given, with `path` where it names none.

    Raises:
        BadUrl: not http or https, no host, a bad port, or a password in it.
    """
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as error:
        raise BadUrl(f"{text!r} is not a URL: {error}") from error
    if parts.scheme not in ("http", "https") or not parts.hostname or port == 0:
        raise BadUrl(f"{text!r} is not a URL such as http://127.0.0.1:8002")
    if parts.username is not None:
        raise BadUrl("a URL with a user name or password in it would end up in recordings")
    if any(not "!" <= character <= "~" for character in text):
        raise BadUrl(f"{text!r} has spaces or characters outside ASCII in it")
    if parts.path not in ("", "/"):
        path = parts.path
    query = f"?{parts.query}" if parts.query else ""
    return f"{parts.scheme}://{parts.netloc}{path}{query}"


def is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def get(
    url: str,
    timeout_s: float,
    *,
    headers: Mapping[str, str] | None = None,
    tls: ssl.SSLContext | None = None,
) -> str:
    """What the server answers.

    Args:
        tls: Which certificates are believed; None: the system's.

    Raises:
        ScrapeError: refused, timed out, not status 200, too large, not UTF-8 or not believed.
    """
    deadline_s = time.monotonic() + timeout_s
    parts = urlsplit(url)
    host = parts.hostname or ""
    connection: http.client.HTTPConnection
    if parts.scheme == "https":
        connection = http.client.HTTPSConnection(host, parts.port, timeout=timeout_s, context=tls)
    else:
        connection = http.client.HTTPConnection(host, parts.port, timeout=timeout_s)
    try:
        target = f"{parts.path}?{parts.query}" if parts.query else parts.path
        connection.request("GET", target, headers={"Connection": "close", **(headers or {})})
        sock = connection.sock
        response = connection.getresponse()
        if response.status in (401, 403):
            raise ScrapeError(f"{url} answered status {response.status}: it asks for an API key")
        if response.status != 200:
            raise ScrapeError(f"{url} answered status {response.status}")
        received = bytearray()
        # The socket's timeout is per read; a server that drips must not outlast the deadline.
        while chunk := response.read1(CHUNK_BYTES):
            received += chunk
            if len(received) > MOST_BYTES:
                raise ScrapeError(f"{url} answered more than {MOST_BYTES // 2**20} MB")
            remaining_s = deadline_s - time.monotonic()
            if remaining_s <= 0:
                raise TimeoutError
            sock.settimeout(remaining_s)
        return received.decode()
    except TimeoutError as error:
        raise ScrapeError(f"{url} did not answer in time") from error
    except ssl.SSLCertVerificationError as error:
        raise ScrapeError(
            f"{url} shows a certificate that is not believed ({error.verify_message}); "
            "--ca FILE names one to believe"
        ) from error
    except OSError as error:
        raise ScrapeError(f"{url} cannot be reached: {error.strerror or error}") from error
    except http.client.HTTPException as error:
        raise ScrapeError(f"{url} does not speak HTTP ({type(error).__name__})") from error
    except UnicodeError as error:
        raise ScrapeError(f"{url} answered something that is no text") from error
    finally:
        connection.close()
