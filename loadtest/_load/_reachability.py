"""Is there a ready gateway? Asked once, before the first user."""

import http.client
import ssl
from urllib.parse import urlsplit

from loadtest._errors import LoadtestError

TIMEOUT_S = 5.0


def ensure_ready(url: str) -> None:
    """Ask GET /health/ready. Proxies of the environment do not apply: http.client knows none.

    Raises:
        LoadtestError: the URL is not one, nobody answers, or the gateway is not ready.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise LoadtestError(f"the host {url!r} is not a URL") from None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise LoadtestError(f"the host must begin with http:// or https://, not {url!r}")
    status = _status(parts.scheme, parts.hostname, port, parts.path.rstrip("/"), url)
    if status != 200:
        raise LoadtestError(f"the gateway at {url} is not ready: /health/ready answers {status}")


def _status(scheme: str, host: str, port: int | None, prefix: str, url: str) -> int:
    connection: http.client.HTTPConnection
    if scheme == "https":
        # The gateway's own certificate is self-signed, and the users do not check it either.
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        connection = http.client.HTTPSConnection(host, port, timeout=TIMEOUT_S, context=context)
    else:
        connection = http.client.HTTPConnection(host, port, timeout=TIMEOUT_S)
    try:
        connection.request("GET", f"{prefix}/health/ready")
        return connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise LoadtestError(f"no gateway answers at {url}: {reason}") from error
    finally:
        connection.close()
