"""One file of a repository: fetched in as many pieces as it takes, and checked as a whole."""

import hashlib
import re
import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import requests

from scripts.fetching.errors import CannotWrite, WrongFile
from scripts.fetching.hub import PAUSES_S, Sleep, pause_or_fail
from scripts.fetching.stream import Hub, Interrupted, opened

MOST_BYTES = 4 * 2**30
# Left free on the disk.
_MARGIN_BYTES = 256 * 2**20
_PIECE_BYTES = 256 * 1024

# Called with how many bytes are there and how many there will be.
OnBytes = Callable[[int, int], None]


@dataclass(frozen=True)
class Announced:
    """What the hub says of a file before it comes.

    Attributes:
        sha256: of a large file; None for one that git itself keeps.
        git_sha1: of a small file's git blob.
    """

    size_bytes: int
    sha256: str | None
    git_sha1: str | None


def download(
    session: requests.Session,
    hub: Hub,
    url: str,
    target: Path,
    *,
    sha256: str | None = None,
    on_bytes: OnBytes = lambda done, total: None,
    sleep: Sleep = time.sleep,
) -> str:
    """Fetch into `target`; what came before a connection broke is not fetched again.

    Args:
        sha256: that of an earlier fetch, if there was one.

    Returns:
        The file's SHA-256.

    Raises:
        HubRefuses, HubFails, HubUnreachable, WrongFile, CannotWrite
    """
    if sha256 is not None and target.exists() and _digest(target) == sha256:
        return sha256
    part = target.with_name(f"{target.name}.part")
    pauses, reached_bytes = iter(PAUSES_S), -1
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        while True:
            try:
                announced = _continue(session, hub, url, part, on_bytes)
                break
            except Interrupted as error:
                here_bytes = _size(part)
                if here_bytes > reached_bytes:  # a step forward: patience begins anew
                    pauses, reached_bytes = iter(PAUSES_S), here_bytes
                pause_or_fail(pauses, error, sleep)
        found = _check(part, announced, sha256, url)
        part.replace(target)
        _tag(part).unlink(missing_ok=True)
    except OSError as error:
        raise CannotWrite(
            f"{target} cannot be written ({error.strerror or error}). Free some space or change "
            "its permissions; what was fetched so far is kept."
        ) from error
    return found


def _continue(
    session: requests.Session, hub: Hub, url: str, part: Path, on_bytes: OnBytes
) -> Announced:
    """Fetch what is missing, or all of it where the file has changed meanwhile."""
    here_bytes = _size(part)
    tag = _tag(part).read_text() if here_bytes and _tag(part).exists() else None
    resumed = {"Range": f"bytes={here_bytes}-", "If-Range": tag} if tag else {}
    with opened(session, hub, url, resumed) as (answer, own):
        if answer.status_code == 416:  # nothing after what is here: complete, or not this file
            part.unlink()
            raise Interrupted(f"{url} has no more than {here_bytes} bytes.")
        if answer.status_code != 206:
            here_bytes = 0
        announced = _announced(answer, own, here_bytes, url)
        _check_room(announced, here_bytes, part, url)
        _remember_tag(part, answer.headers.get("ETag"))
        with part.open("ab" if here_bytes else "wb") as file:
            on_bytes(here_bytes, announced.size_bytes)
            for piece in answer.iter_content(_PIECE_BYTES):
                here_bytes += len(piece)
                if here_bytes > announced.size_bytes:
                    raise WrongFile(f"{url} sends more than the {announced.size_bytes} bytes.")
                file.write(piece)
                on_bytes(here_bytes, announced.size_bytes)
    if here_bytes < announced.size_bytes:
        raise Interrupted(f"{url} broke off after {here_bytes} bytes.")
    return announced


def _announced(
    answer: requests.Response, own: Mapping[str, str], here_bytes: int, url: str
) -> Announced:
    """Size and digest: by the hub's own answer where another host sends the file."""
    size = own.get("X-Linked-Size")
    if size is None and "Content-Length" in answer.headers:
        size = str(here_bytes + int(answer.headers["Content-Length"]))
    if size is None:
        raise WrongFile(f"{url} does not say how large it is.")
    tag = (own.get("X-Linked-Etag") or own.get("ETag") or "").removeprefix("W/").strip('"')
    return Announced(
        size_bytes=int(size),
        sha256=tag if re.fullmatch("[0-9a-f]{64}", tag) else None,
        git_sha1=tag if re.fullmatch("[0-9a-f]{40}", tag) else None,
    )


def _check_room(announced: Announced, here_bytes: int, part: Path, url: str) -> None:
    if announced.size_bytes > MOST_BYTES:
        raise WrongFile(
            f"{url} has {announced.size_bytes} bytes, and no model of the zoo has more than "
            f"{MOST_BYTES}."
        )
    missing_bytes = announced.size_bytes - here_bytes
    free_bytes = shutil.disk_usage(part.parent).free
    if free_bytes < missing_bytes + _MARGIN_BYTES:
        raise CannotWrite(
            f"{part.parent} has {free_bytes} bytes free; {missing_bytes} more are to come. Free "
            "some space; what was fetched so far is kept."
        )


def _check(part: Path, announced: Announced, sha256: str | None, url: str) -> str:
    """The file's SHA-256; a file that is not the announced one is removed.

    Raises:
        WrongFile: names the digest that differs.
    """
    found = _digest(part)
    checks = [("announced", announced.sha256, found), ("first fetched", sha256, found)]
    if announced.git_sha1 is not None:
        checks.append(("announced", announced.git_sha1, _git_digest(part)))
    for which, wanted, has in checks:
        if wanted is not None and wanted != has:
            part.unlink()
            raise WrongFile(
                f"{url} came with the digest {has}; the one {which} is {wanted}. The file was "
                "removed: fetch it again, and if it differs again do not use it."
            )
    return found


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _git_digest(path: Path) -> str:
    """Source: Pro Git, section 10.2 (how git names a blob)."""
    data = path.read_bytes()
    return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _tag(part: Path) -> Path:
    """Beside the part: what its sender calls this version of the file."""
    return part.with_name(f"{part.name}.etag")


def _remember_tag(part: Path, tag: str | None) -> None:
    # A weak one stands for any bytes that mean the same, which is not enough to append to.
    if tag and not tag.startswith("W/"):
        _tag(part).write_text(tag)
    else:
        _tag(part).unlink(missing_ok=True)
