"""Who may call which route, decided before a request's body is read.

A route says by `needs` which scope it takes; one that says nothing is open. Callers send
`Authorization: Bearer <key>` (RFC 6750).
"""

import logging
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from flask import Flask, Response, g, request
from pydantic import SecretStr

from backend.errors import Forbidden, Unauthenticated
from backend.web import api_keys
from backend.web.api_keys import ApiKey, Scope
from backend.web.rate_limit import RateLimit, caller_at

log = logging.getLogger("framegate")

ANONYMOUS = "anonymous"

View = TypeVar("View", bound=Callable[..., Any])
_scopes: weakref.WeakKeyDictionary[Callable[..., Any], Scope] = weakref.WeakKeyDictionary()


@dataclass(frozen=True)
class Callers:
    """Whose keys are known.

    Attributes:
        anonymous: whether a call without a key is fine.
    """

    keys: tuple[ApiKey, ...]
    anonymous: bool


def needs(scope: Scope) -> Callable[[View], View]:
    """Declare the scope of a route; stands under the decorator that names its path."""

    def declare(view: View) -> View:
        _scopes[view] = scope
        return view

    return declare


def scope_of(view: Callable[..., Any] | None) -> Scope | None:
    """What `needs` has declared."""
    return None if view is None else _scopes.get(view)


def read_callers(keys_file: Path | None, internal_token: SecretStr | None) -> Callers:
    """Read the keys; what is wrong with their file goes to the log.

    The start has refused a wrong file, so that only one that was changed since is met here. Its
    right lines count: a slip of the pen must not end a gateway that is running.
    """
    keys: tuple[ApiKey, ...] = ()
    if keys_file is not None:
        found = api_keys.read(keys_file)
        for line in (*found.problems, *found.warnings):
            log.warning("API keys: %s", line)
        keys = found.keys
    if internal_token is not None:
        digest = api_keys.sha256(internal_token.get_secret_value())
        keys += (ApiKey("internal", frozenset(Scope), digest, rate_limited=False),)
    return Callers(keys, anonymous=keys_file is None)


def register(app: Flask, callers: Callers, rate_limit: RateLimit | None) -> None:
    """Let only those into the routes of `app` that their scopes allow, at the rate allowed."""
    if callers.anonymous and rate_limit is None:
        return

    @app.before_request
    def admit() -> None:
        scope = scope_of(app.view_functions.get(request.endpoint or ""))
        # Preflights carry no key, and their answer tells no secret.
        if scope is None or request.method == "OPTIONS":
            return
        token = _bearer_token()
        key = api_keys.find(callers.keys, token) if token else None
        if not callers.anonymous:
            g.caller_name = f"key:{_authorize(key, scope).name}"
        if rate_limit is not None and (key is None or key.rate_limited):
            rate_limit.count(f"key:{key.name}" if key else caller_at(request.remote_addr))

    @app.after_request
    def challenge(response: Response) -> Response:
        if response.status_code == 401:
            error = ', error="invalid_token"' if _bearer_token() else ""
            response.headers["WWW-Authenticate"] = f'Bearer realm="framegate"{error}'
        return response


def caller_name() -> str:
    """Whose request is being answered: `key:` and the key's name, or ANONYMOUS where none counts.

    Several keys of one name are one caller.
    """
    return str(g.get("caller_name", ANONYMOUS))


def _bearer_token() -> str | None:
    sent = request.authorization
    return sent.token if sent is not None and sent.type == "bearer" else None


def _authorize(key: ApiKey | None, scope: Scope) -> ApiKey:
    """The key, which opens routes of that scope."""
    if key is None:
        wrong = "This API key is not known" if _bearer_token() else "An API key is needed"
        raise Unauthenticated(f"{wrong}: send Authorization: Bearer <key>.")
    if scope not in key.scopes:
        raise Forbidden(f"The API key {key.name!r} lacks the scope '{scope}'.")
    return key
