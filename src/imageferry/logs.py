"""The service's log: one JSON object a line on stderr, with request ids and without secrets.

Whatever looks like a token or a password is blotted out, whoever wrote it into a message.
"""

from __future__ import annotations

import json
import logging
import re
import sys
from datetime import UTC, datetime
from typing import IO

_STANDARD = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "taskName"}
_SECRETS = re.compile(
    r"""(?ix)
    ( (?: x-(?:auth|subject|storage)-token | password | secret | authorization | temp_url_sig )
      ["']? \s* [:=] \s* ["']? (?: bearer \s+ | basic \s+ )? )
    [^\s"',;}&]+
    """
)
_IN_URLS = re.compile(r"(?i)([a-z][a-z0-9+.-]*://)[^/\s@\"']+@")


def redacted(text: str) -> str:
    """The text without what looks like a secret."""
    return _IN_URLS.sub(r"\1***@", _SECRETS.sub(r"\1***", text))


class JsonLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": redacted(record.getMessage()),
        }
        for name, value in record.__dict__.items():
            if name not in _STANDARD:
                line[name] = redacted(value) if isinstance(value, str) else value
        if record.exc_info:
            line["error"] = redacted(self.formatException(record.exc_info))
        return json.dumps(line, ensure_ascii=False, default=str)


def set_up(level: str, stream: IO[str] | None = None) -> None:
    """Send every logger's lines to ``stream`` (stderr)."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonLines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for noisy in ("alembic", "sqlalchemy", "dbos", "asyncio"):
        logging.getLogger(noisy).setLevel("WARNING")
