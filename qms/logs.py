"""Log lines: one record, one line, whatever somebody typed into a user name."""

from __future__ import annotations

import logging
from typing import Any

BREAKS = str.maketrans({"\r": "\\r", "\n": "\\n", "\x00": "\\0", "\u2028": "\\u2028"})


class OneLineFormatter(logging.Formatter):
    """Escape line breaks, so that input cannot forge a second record."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as one line."""
        return super().format(record).translate(BREAKS)


def describe_logging(level: str) -> dict[str, Any]:
    """Return the logging configuration: everything to standard error, libraries' chatter left out."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "line": {"()": OneLineFormatter, "format": "%(asctime)s %(levelname)s %(name)s: %(message)s"},
        },
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {"fontTools": {"level": "ERROR"}, "weasyprint": {"level": "ERROR"}},
    }
