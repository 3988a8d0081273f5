"""The hub's plain HTTP interface: what a repository has, and where a file of it is."""

import json
import time
import urllib.parse
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import requests

from scripts.fetching.errors import HubFails, HubUnreachable
from scripts.fetching.stream import Hub, Interrupted, NoConnection, opened

DEFAULT = "https://huggingface.co"
# Waited before each further try.
PAUSES_S = (1.0, 2.0, 4.0, 8.0)
_MOST_JSON_BYTES = 16 * 2**20

Result = TypeVar("Result")
Sleep = Callable[[float], None]


@dataclass(frozen=True)
class Listing:
    """A repository at one commit.

    Attributes:
        license: as its page says; None where it says nothing.
    """

    revision: str
    files: frozenset[str]
    license: str | None


def file_url(hub: Hub, repository: str, revision: str, path: str) -> str:
    return f"{hub.address}/{repository}/resolve/{revision}/{urllib.parse.quote(path)}"


def listing(
    session: requests.Session,
    hub: Hub,
    repository: str,
    revision: str,
    *,
    sleep: Sleep = time.sleep,
) -> Listing:
    """What the repository has at a revision, and which commit that is.

    Raises:
        HubRefuses, HubFails, HubUnreachable
    """
    url = f"{hub.address}/api/models/{repository}/revision/{revision}"
    try:
        document = retried(lambda: _json(session, hub, url), sleep=sleep)
        return Listing(
            revision=_commit(document["sha"]),
            files=frozenset(one["rfilename"] for one in document["siblings"]),
            license=_license(document),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise HubFails(f"{url} answered something that is no listing of a repository.") from error


def retried(act: Callable[[], Result], *, sleep: Sleep = time.sleep) -> Result:
    """What `act` returns, tried again after a pause where the failure may pass.

    Raises:
        HubUnreachable: nobody answered.
        HubFails: somebody did, and failed every time.
    """
    pauses = iter(PAUSES_S)
    while True:
        try:
            return act()
        except Interrupted as error:
            pause_or_fail(pauses, error, sleep)


def pause_or_fail(pauses: Iterator[float], error: Interrupted, sleep: Sleep) -> None:
    pause_s = next(pauses, None)
    if pause_s is None:
        failed = HubUnreachable if isinstance(error, NoConnection) else HubFails
        raise failed(f"{error} Tried {len(PAUSES_S) + 1} times.") from error
    sleep(pause_s)


def _json(session: requests.Session, hub: Hub, url: str) -> Any:
    with opened(session, hub, url) as (answer, _):
        body = b""
        for piece in answer.iter_content(64 * 1024):
            body += piece
            if len(body) > _MOST_JSON_BYTES:
                raise ValueError(url)
        return json.loads(body)


def _commit(text: str) -> str:
    if len(text) != 40 or not set(text) <= set("0123456789abcdef"):
        raise ValueError(text)
    return text


def _license(document: Mapping[str, Any]) -> str | None:
    card = document.get("cardData")
    named = card.get("license") if isinstance(card, dict) else None
    return named if isinstance(named, str) else None
