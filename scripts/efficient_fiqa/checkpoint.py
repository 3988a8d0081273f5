"""The published checkpoint: fetched within bounds, and believed only by its digests."""

import hashlib
import http.client
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from scripts.efficient_fiqa.errors import SourceUnavailable, WrongFile

TIMEOUT_S = 30
_CHUNK_BYTES = 64 * 1024
_TRANSFER_ERRORS = (
    urllib.error.URLError,
    http.client.HTTPException,
    TimeoutError,
    ConnectionError,
    ValueError,
)


@dataclass(frozen=True)
class Published:
    """What is known of a file before it is fetched.

    Attributes:
        git_sha1: of the git blob, taken from the authors' commit; it decides.
        sha256: as a third party has published it; a mismatch refuses all the same.
    """

    repository: str
    commit: str
    path: str
    size_bytes: int
    git_sha1: str
    sha256: str


EDGENEXT_XXS = Published(
    repository="sunwei925/Efficient-FIQA",
    commit="0e63bc7b54d1511df897f03c7ebfa142b2ad69d3",
    path="ckpts/EdgeNeXt_XXS_checkpoint.pt",
    size_bytes=4_772_402,
    git_sha1="854595a01cf81afa99d83b91e84fc67018ba69a2",
    sha256="29eec850648acff953eae3721487ff3532305f7b885ed79851b092f6d22cef69",
)


def read(path: Path, published: Published) -> bytes:
    """A file's bytes, once they are found to be the published ones.

    Raises:
        SourceUnavailable: it cannot be read.
        WrongFile: it is another file.
    """
    try:
        size_bytes = path.stat().st_size
        # Before reading: a wrong path may lead to a file of any size.
        if path.is_file() and size_bytes != published.size_bytes:
            raise _wrong_size(size_bytes, published)
        data = path.read_bytes()
    except OSError as error:
        raise SourceUnavailable(
            f"{path} cannot be read ({error.strerror}). Give the checkpoint with --file."
        ) from error
    check(data, published)
    return data


def download(url: str, target: Path, published: Published) -> None:
    """Fetch into `target`, no byte more than announced.

    Raises:
        SourceUnavailable: no such address, no answer, or a broken transfer.
        WrongFile: more bytes came than the checkpoint has.
    """
    if urllib.parse.urlsplit(url).scheme not in ("http", "https"):
        raise SourceUnavailable(f"{url!r} is no http or https address. For a file use --file.")
    try:
        with (
            urllib.request.urlopen(url, timeout=TIMEOUT_S) as answer,  # noqa: S310 - checked above
            target.open("wb") as file,
        ):
            received_bytes = 0
            while chunk := answer.read(_CHUNK_BYTES):
                received_bytes += len(chunk)
                if received_bytes > published.size_bytes:
                    raise WrongFile(
                        f"The address sends more than the {published.size_bytes} bytes of the "
                        "checkpoint. Check the address."
                    )
                file.write(chunk)
    except _TRANSFER_ERRORS as error:
        reason = getattr(error, "reason", error)
        raise SourceUnavailable(
            f"The checkpoint could not be fetched ({reason}). Check the address and the network, "
            "or fetch it elsewhere and use --file."
        ) from error


def check(data: bytes, published: Published) -> None:
    """Size and both digests.

    Raises:
        WrongFile: names the first that differs.
    """
    if len(data) != published.size_bytes:
        raise _wrong_size(len(data), published)
    found = digests(data)
    for name, wanted in (("git_sha1", published.git_sha1), ("sha256", published.sha256)):
        if found[name] != wanted:
            raise WrongFile(
                f"The file's {name} is {found[name]}; that of {published.path} at commit "
                f"{published.commit[:12]} is {wanted}. Fetch it again from that commit."
            )


def digests(data: bytes) -> dict[str, str]:
    """Source: Pro Git, section 10.2 (how git names a blob)."""
    blob = b"blob %d\0" % len(data) + data
    return {
        "git_sha1": hashlib.sha1(blob, usedforsecurity=False).hexdigest(),
        "sha256": hashlib.sha256(data).hexdigest(),
    }


def without_secrets(url: str) -> str:
    """An address as it may be written down: no user, password, query or fragment."""
    parts = urllib.parse.urlsplit(url)
    host = parts.hostname or ""
    port = f":{parts.port}" if parts.port else ""
    return urllib.parse.urlunsplit((parts.scheme, host + port, parts.path, "", ""))


def _wrong_size(size_bytes: int, published: Published) -> WrongFile:
    return WrongFile(
        f"The file has {size_bytes} bytes; {published.path} has {published.size_bytes}. "
        "Give the whole checkpoint, as the authors published it."
    )
