"""Is there a ready gateway? Asked once, before the first user."""

import http.client
import ssl

from loadtest._errors import LoadtestError
from loadtest._load._address import Address, parse_address, tls_context

TIMEOUT_S = 5.0


def ensure_ready(url: str, tls: ssl.SSLContext | None = None) -> None:
    """Ask GET /health/ready. Proxies of the environment do not apply: http.client knows none.

    Args:
        tls: which certificates are believed; None: those the system believes.

    Raises:
        LoadtestError: the URL is not one, nobody answers, the certificate is not trusted, or the
            gateway is not ready.
    """
    address = parse_address(url)
    connection = _connection(address, tls)
    try:
        connection.request("GET", f"{address.prefix}/health/ready")
        status = connection.getresponse().status
    except ssl.SSLCertVerificationError as error:
        raise LoadtestError(
            f"the certificate of {url} is not trusted: {error.verify_message.rstrip('.')}; "
            "give --ca FILE or --insecure"
        ) from error
    except (OSError, http.client.HTTPException) as error:
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise LoadtestError(f"no gateway answers at {url}: {reason}") from error
    finally:
        connection.close()
    if status != 200:
        raise LoadtestError(f"the gateway at {url} is not ready: /health/ready answers {status}")


def _connection(address: Address, tls: ssl.SSLContext | None) -> http.client.HTTPConnection:
    if not address.tls:
        return http.client.HTTPConnection(address.host, address.port, timeout=TIMEOUT_S)
    context = tls or tls_context(None, insecure=False)
    return http.client.HTTPSConnection(
        address.host, address.port, timeout=TIMEOUT_S, context=context
    )
