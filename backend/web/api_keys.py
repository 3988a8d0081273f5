"""API keys: the file that lists them, hashed, and finding a caller's key among them.

A line of the file is `name  scopes  sha256-hex`; `#` begins a comment. A name may stand on several
lines, so that an old and a new key of one caller work side by side.

Keys are 256 random bits, so nobody can try them all, and one round of SHA-256 hides them as well as
the slow salted hashes do that guessable passwords need; at none of their cost per request.
"""

import hashlib
import hmac
import re
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

PREFIX = "fg_"  # lets people and scanners tell a leaked key from any other text


class Scope(StrEnum):
    """What a key may do. None of them implies another."""

    INFER = "infer"
    METRICS = "metrics"
    ADMIN = "admin"


@dataclass(frozen=True)
class ApiKey:
    """One key.

    Attributes:
        sha256: of the key as sent, in lower-case hex.
        rate_limited: whether its holder is counted.
    """

    name: str
    scopes: frozenset[Scope]
    sha256: str
    rate_limited: bool = True

    @property
    def line(self) -> str:
        """How the file lists it."""
        return f"{self.name}  {','.join(sorted(self.scopes))}  {self.sha256}"


@dataclass(frozen=True)
class KeysFile:
    """What a file of keys says.

    Attributes:
        keys: those of its lines that are right.
        problems: a sentence for everything that is wrong.
        warnings: a sentence for what works and should not stay.
    """

    keys: tuple[ApiKey, ...] = ()
    problems: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def new_key() -> str:
    return PREFIX + secrets.token_urlsafe(32)


def sha256(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


def find(keys: Collection[ApiKey], sent: str) -> ApiKey | None:
    """The key that a caller sent.

    All of them are compared, each in constant time: how long it takes says nothing about any.
    """
    digest = sha256(sent)
    found = None
    for key in keys:
        if hmac.compare_digest(key.sha256, digest):
            found = key
    return found


def read(path: Path) -> KeysFile:
    """Read a file of keys; what is wrong with it is in the answer."""
    try:
        mode = path.stat().st_mode
        text = path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        return KeysFile(problems=(f"{path} cannot be read: {error}",))
    if mode & 0o022:
        # Whoever can write a hash into it has a key.
        return KeysFile(problems=(f"others may write {path}: chmod 600 {path}",))
    keys, problems = parse(text)
    if not keys and not problems:
        problems = ("there is no key in it: make one with `make key NAME=…`",)
    warnings = (f"others may read {path}: chmod 600 {path}",) if mode & 0o044 else ()
    return KeysFile(keys, tuple(f"{path}: {problem}" for problem in problems), warnings)


def parse(text: str) -> tuple[tuple[ApiKey, ...], tuple[str, ...]]:
    """The keys of the lines that are right, and a sentence for every other."""
    keys: list[ApiKey] = []
    problems = []
    for number, line in enumerate(text.splitlines(), start=1):
        words = line.partition("#")[0].split()
        if not words:
            continue
        try:
            key = _key(words)
            if any(key.sha256 == other.sha256 for other in keys):
                raise ValueError("this key is listed already")
        except ValueError as error:
            problems.append(f"line {number}: {error}")
        else:
            keys.append(key)
    return tuple(keys), tuple(problems)


def _key(words: list[str]) -> ApiKey:
    if len(words) != 3:
        raise ValueError(f"{len(words)} words instead of name, scopes and hash")
    name, scopes, digest = words
    check_name(name)
    # The word itself is not repeated: it may be a key, put there by mistake.
    if not re.fullmatch(r"[0-9a-f]{64}", digest):
        raise ValueError("the hash is not 64 digits of lower-case hex")
    return ApiKey(name, read_scopes(scopes), digest)


def check_name(name: str) -> None:
    """ValueError where a name could not stand in the file or in a log."""
    if not re.fullmatch(r"[A-Za-z0-9._-]{1,64}", name):
        raise ValueError("the name is not 1 to 64 of A-Z a-z 0-9 . _ -")


def read_scopes(text: str) -> frozenset[Scope]:
    """`infer,metrics` → scopes; ValueError where one is not known."""
    try:
        return frozenset(Scope(word) for word in text.split(","))
    except ValueError:
        raise ValueError(f"the scopes are not some of {', '.join(Scope)}, by commas") from None
