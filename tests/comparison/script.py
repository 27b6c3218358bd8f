"""Scripts as data: what is asked, of which service, as whom."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum


class At(StrEnum):
    """Where a path begins."""

    IDENTITY = "identity"  # the root of the identity service
    IMAGES = "images"  # the catalog's URL of the image service
    OBJECTS = "objects"  # the owner's account
    STORAGE = "storage"  # the root of the object storage


@dataclass(frozen=True, slots=True)
class Form:
    """A body as a browser sends it, signed with ``key`` for ten minutes; its boundary is ``b``."""

    key: str
    files: Mapping[str, bytes]
    redirect: str = ""
    max_file_size: int = 100
    max_file_count: int = 1


FORM_TYPE = {"Content-Type": "multipart/form-data; boundary=b"}


@dataclass(frozen=True, slots=True)
class Step:
    """One request.

    ``$name`` in path, headers, body and ``as_`` stands for what is known by then: ``$project``, ``$other``
    (projects), ``$owner``, ``$reader``, ``$boss``, ``$foreign`` (users), ``$now`` (seconds), ``$a_token`` of each
    of these users, and what earlier steps kept. ``$$`` is a dollar.
    """

    name: str  # unique in its scenario
    method: str
    path: str
    body: object = None  # bytes and text go as they are, a list of bytes in chunks, a Form signed, the rest as JSON
    headers: Mapping[str, str] = field(default_factory=dict)
    as_: str = "owner"  # a user; "" is nobody; "$x" is the token that was kept as x
    keep: Mapping[str, str] = field(default_factory=dict)  # name: "header x-y", or "body.a.0.b" in JSON
    until: Mapping[str, str] = field(default_factory=dict)  # asked again until all is so; as in ``keep``, or "status"
    at: At | None = None  # the scenario's, when None
    signed: str = ""  # with a temporary URL's signature, made with this key


@dataclass(frozen=True, slots=True)
class Scenario:
    name: str
    at: At
    steps: Sequence[Step]


JSON = {"Content-Type": "application/json"}
NOT_SENT = "(not sent)"  # as the value of a header that would go out by itself
