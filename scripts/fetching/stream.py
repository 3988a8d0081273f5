"""Connections to the hub: over HTTPS, redirects followed one by one, failures told apart."""

import ipaddress
import urllib.parse
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import requests

from scripts.fetching.errors import FetchFailed, HubRefuses, HubUnreachable, UsageError

TIMEOUT_S = (10, 30)  # to connect, and between two pieces
_MOST_REDIRECTS = 5
_GATED = (
    "Its owner lets in only whom they know: accept the conditions on its page, make a token for "
    "reading there, and set it as HF_TOKEN"
)


class Interrupted(FetchFailed):
    """What passes: worth another try."""


class NoConnection(Interrupted):
    """Nobody answered at all."""


@dataclass(frozen=True)
class Hub:
    """Where files come from.

    Attributes:
        address: without a slash at its end.
        token: of somebody who may read; sent to the hub itself alone.
    """

    address: str
    token: str | None = None


def check_address(address: str) -> str:
    """An address of a hub without the slash at its end.

    Raises:
        UsageError: it is neither https nor on this machine.
    """
    parts = urllib.parse.urlsplit(address)
    if parts.hostname and (parts.scheme == "https" or _is_local_http(parts)):
        return address.rstrip("/")
    raise UsageError(f"--hub {address!r} is no https address.")


@contextmanager
def opened(
    session: requests.Session, hub: Hub, url: str, headers: Mapping[str, str] = {}
) -> Iterator[tuple[requests.Response, Mapping[str, str]]]:
    """The answer to a GET, its body not read yet, and the headers of the hub's own answer.

    Raises:
        HubRefuses: asking again does not help.
        Interrupted: it may.
    """
    first: Mapping[str, str] | None = None
    try:
        for _ in range(_MOST_REDIRECTS):
            with session.get(
                url,
                headers={"Accept-Encoding": "identity", **_token(hub, url), **headers},
                stream=True,
                allow_redirects=False,
                timeout=TIMEOUT_S,
            ) as answer:
                first = answer.headers if first is None else first
                if not answer.is_redirect:
                    _check_status(answer, url)
                    yield answer, first
                    return
                url = _next(url, answer.headers["Location"])
    except requests.exceptions.ConnectTimeout as error:
        raise NoConnection(_unreachable(hub, "it does not answer")) from error
    except (requests.exceptions.ProxyError, requests.exceptions.SSLError) as error:
        raise HubUnreachable(_unreachable(hub, type(error).__name__)) from error
    except requests.exceptions.ConnectionError as error:
        reached = first is not None
        raise (Interrupted if reached else NoConnection)(
            _unreachable(hub, "the connection broke" if reached else "there is no connection")
        ) from error
    except requests.exceptions.RequestException as error:
        raise Interrupted(f"{url} broke off ({type(error).__name__}).") from error
    raise HubRefuses(f"{url} leads on and on: more than {_MOST_REDIRECTS} redirects.")


def _check_status(answer: requests.Response, url: str) -> None:
    status = answer.status_code
    if status in (200, 206, 416):
        return
    if status == 429 or status >= 500:
        raise Interrupted(f"{url} answered {status}.")
    if status in (401, 403):
        raise HubRefuses(f"{url} answered {status}. {_GATED}.")
    if status == 404:
        raise HubRefuses(f"{url} is not there (404): it was moved, renamed or taken down.")
    raise HubRefuses(f"{url} answered {status}.")


def _next(url: str, location: str) -> str:
    """Where a redirect leads.

    Raises:
        HubRefuses: to where anybody on the way could change the file.
    """
    target = urllib.parse.urljoin(url, location)
    parts = urllib.parse.urlsplit(target)
    still_local = _is_local_http(urllib.parse.urlsplit(url)) and _is_local_http(parts)
    if parts.scheme != "https" and not still_local:
        raise HubRefuses(f"{url} leads to {parts.scheme}://{parts.hostname}, which is not https.")
    return target


def _token(hub: Hub, url: str) -> dict[str, str]:
    """Redirects lead to other hosts, whom the token is none of the business of."""
    asked, own = urllib.parse.urlsplit(url), urllib.parse.urlsplit(hub.address)
    if hub.token and (asked.scheme, asked.netloc) == (own.scheme, own.netloc):
        return {"Authorization": f"Bearer {hub.token}"}
    return {}


def _is_local_http(parts: urllib.parse.SplitResult) -> bool:
    host = parts.hostname or ""
    try:
        return parts.scheme == "http" and ipaddress.ip_address(host).is_loopback
    except ValueError:
        return parts.scheme == "http" and host == "localhost"


def _unreachable(hub: Hub, reason: str) -> str:
    return (
        f"{hub.address} cannot be reached ({reason}). Check the network and the proxy in "
        "HTTPS_PROXY, or name a mirror with --hub."
    )
