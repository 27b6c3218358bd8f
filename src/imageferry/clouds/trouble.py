"""A cloud's troubles in our own words: the table from HTTP status to error, and who said what."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from imageferry.domain.errors import (
    AlreadyExists,
    Conflict,
    FerryError,
    Forbidden,
    NoRoom,
    NotAuthenticated,
    NotFound,
    Refused,
    Unavailable,
)
from imageferry.logs import redacted

_SHOWN = 300  # characters of a cloud's message
_TAGS = re.compile(r"<[^>]{0,200}>")
_HEADS = re.compile(r"(?is)<(head|title|style|h1)\b.*?</\1>")
_INVISIBLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")

AGAIN = frozenset({408, 429, 500, 502, 503, 504})
"""Statuses after which a call that may be repeated is repeated."""


@dataclass(eq=False)
class LoginRefused(NotAuthenticated):
    """The identity service does not know us, or a token was refused twice."""

    cloud: str = ""

    def __str__(self) -> str:
        why = f" ({self.why})" if self.why else ""
        what = "user, password, project and domain, or the token,"
        return f"cloud {self.cloud} does not let us in{why}. Check {what} in clouds.yaml."


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer that was read to its end."""

    status: int
    headers: Mapping[str, str]  # names in any case
    body: bytes

    @property
    def good(self) -> bool:
        return 200 <= self.status < 300

    def document(self) -> Any:
        """The JSON in the body; None when there is none."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None

    @property
    def code(self) -> str:
        """The cloud's own error code, else the status."""
        document = self.document()
        own = document.get("error_code") if isinstance(document, dict) else None
        return str(own)[:20] if isinstance(own, str | int) and own != "" else str(self.status)

    @property
    def message(self) -> str:
        """What the cloud says is wrong: ``error_message``, ``message``, ``error.message``, a fault's, or the text."""
        return message_in(self.document()) or shown(self.body.decode("utf-8", "replace"))


@dataclass(frozen=True, slots=True)
class Call:
    """What is being done, in words for a person: ``act`` completes "not allowed to ..."."""

    cloud: str
    act: str
    kind: str = ""  # of the thing that 404 and 409 are about
    key: str = ""


def message_in(document: object) -> str:
    """The message in a JSON error of any of the dialects, as it may stand in a sentence; empty if there is none."""
    if not isinstance(document, dict):
        return ""
    inner = document.get("error")
    if inner is None and len(document) == 1:  # Synnefo's: one key, the name of the fault
        (inner,) = document.values()
    for text in (
        document.get("error_message"),
        document.get("message"),
        inner.get("message") if isinstance(inner, dict) else None,
    ):
        if isinstance(text, str) and text.strip():
            return shown(text)
    return ""


def shown(text: str) -> str:
    """A stranger's text on one line: no markup, no control characters, no secrets, no end."""
    plain = html.unescape(_TAGS.sub(" ", _HEADS.sub(" ", text[: 20 * _SHOWN])))
    line = redacted(" ".join(_INVISIBLE.sub(" ", plain).split()))
    return line if len(line) <= _SHOWN else line[: _SHOWN - 3] + "..."


def error_for(reply: Reply, call: Call) -> FerryError:
    """The error that an answer other than 2xx stands for."""
    if 300 <= reply.status < 400:
        where = shown(reply.headers.get("Location", "")) or "nowhere"
        return Refused(
            f"cloud {call.cloud}, {call.act}",
            str(reply.status),
            f"it sends us on to {where}, which is not followed so that no token reaches another host; "
            "put the right address into clouds.yaml",
        )
    make = _ROWS.get(reply.status)
    if make is not None:
        return make(reply, call)
    if reply.status >= 500 or reply.status in AGAIN:
        return Unavailable(f"cloud {call.cloud}", reason=f"{call.act}: {reply.status} {reply.message}".strip())
    return _refused(reply, call)


def _refused(reply: Reply, call: Call) -> FerryError:
    return Refused(f"cloud {call.cloud}, {call.act}", reply.code, reply.message)


def _missing(reply: Reply, call: Call) -> FerryError:
    return NotFound(call.kind, call.key) if call.kind else _refused(reply, call)


def _conflict(reply: Reply, call: Call) -> FerryError:
    if call.act.startswith("create"):
        return AlreadyExists(call.kind, call.key)
    return Conflict(f"cloud {call.cloud}, {call.act}: {reply.message or 'its state forbids it'}")


_ROWS: Mapping[int, Callable[[Reply, Call], FerryError]] = {
    401: lambda reply, call: LoginRefused(why=reply.message, cloud=call.cloud),
    403: lambda reply, call: Forbidden(f"{call.act} in cloud {call.cloud}", reply.message),
    404: _missing,
    409: _conflict,
    410: _missing,
    507: lambda reply, call: NoRoom(f"cloud {call.cloud}", reason=reply.message or "507"),
}
