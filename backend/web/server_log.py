"""gunicorn's own log without its access log: the gateway writes a better line itself."""

from typing import Any

from gunicorn.glogging import Logger


class ServerLog(Logger):  # type: ignore[misc]  # gunicorn has no types
    def access(self, *_: Any) -> None:
        """Write nothing. gunicorn would format every line before it finds that nobody wants it."""
