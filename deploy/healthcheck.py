"""Is the service in this container well? `python deploy/healthcheck.py URL`: exit code 0 or 1."""

import http.client
import sys
from urllib.parse import urlsplit

TIMEOUT_S = 3


def is_well(url: str) -> bool:
    """Whether it answers 200. A proxy of the environment plays no part."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=TIMEOUT_S)
    try:
        connection.request("GET", parts.path)
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(0 if is_well(sys.argv[1]) else 1)
