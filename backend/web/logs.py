"""What the gateway writes to its log: one JSON object a line, whoever writes it."""

import json
import logging
from datetime import UTC, datetime
from typing import Any

# What a record may carry beside its message, in `extra`.
FIELDS = ("request_id", "code")


class JsonLines(logging.Formatter):
    """A record as one line, its stack trace included."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": rfc3339(record.created),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        line |= {name: getattr(record, name) for name in FIELDS if hasattr(record, name)}
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line)


def rfc3339(unix_s: float) -> str:
    return datetime.fromtimestamp(unix_s, UTC).isoformat(timespec="milliseconds")


def configuration(level: str) -> dict[str, Any]:
    """For `logging.config.dictConfig`: every logger of the process writes such lines to stderr."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"json_lines": {"()": JsonLines}},
        "handlers": {
            "stderr": {
                "class": "logging.StreamHandler",
                "stream": "ext://sys.stderr",
                "formatter": "json_lines",
            }
        },
        "root": {"level": level.upper(), "handlers": ["stderr"]},
        # gunicorn brings handlers of its own, with another form.
        "loggers": {"gunicorn.error": {"handlers": ["stderr"], "propagate": False}},
    }
