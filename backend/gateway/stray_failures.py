"""What fails in a worker outside of any request: to the log, not as gevent's own print."""

import logging
import ssl
from types import TracebackType

import gevent

log = logging.getLogger("framegate")


def log_them() -> None:
    """From now on, for the calling process."""
    hub = gevent.get_hub()
    hub.exception_stream = None  # print nothing
    handle = hub.handle_error

    def handle_error(
        context: object,
        kind: type[BaseException],
        error: BaseException,
        trace: TracebackType | None,
    ) -> None:
        if issubclass(kind, (ssl.SSLError, ConnectionError)):
            log.info("a caller left or does not speak TLS: %s", error)
        elif not issubclass(kind, hub.NOT_ERROR):
            log.error("failed outside of a request: %s", context, exc_info=(kind, error, trace))
        handle(context, kind, error, trace)

    # gevent's documented way: an attribute of the hub.
    hub.handle_error = handle_error
