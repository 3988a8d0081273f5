"""Which certificates are believed."""

import ssl
from pathlib import Path


class BadCertificates(Exception):
    """The file of certificates is of no use. The text names it and says why."""


def tls_context(ca: Path | None, *, insecure: bool) -> ssl.SSLContext:
    """What decides whether a server is believed.

    Args:
        ca: trust the certificates in this file and no others; None: those of the system.
        insecure: believe anybody.

    Raises:
        BadCertificates: the file cannot be read or holds no certificate.
    """
    try:
        context = ssl.create_default_context(cafile=ca)
    except ssl.SSLError:
        raise BadCertificates(f"{ca} holds no certificate in PEM format") from None
    except OSError as error:
        raise BadCertificates(f"cannot read the certificates in {ca}: {error.strerror}") from error
    if insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
