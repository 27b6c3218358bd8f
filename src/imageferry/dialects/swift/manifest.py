"""Static large objects: a list of segments, put and deleted."""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import msgspec

from imageferry.dialects.edge.collected import Collected
from imageferry.dialects.edge.http import Answer, Receiving, Request
from imageferry.dialects.swift.errors import Refusal, segment_problems, status_line
from imageferry.dialects.swift.metadata import fresh_traits, is_true
from imageferry.dialects.swift.paths import object_of
from imageferry.dialects.swift.put_reply import created, promised_etag
from imageferry.dialects.swift.report import Deletions, content_type, form_of
from imageferry.dialects.swift.versions import version_of
from imageferry.domain.errors import BadInput, BadSegments, FerryError, NotFound
from imageferry.domain.object import StoredObject
from imageferry.service.objects import WantedSegment
from imageferry.service.services import Services
from imageferry.wire.dates import last_modified
from imageferry.wire.swift_reports import Form, prologue, report

MAX_MANIFEST = 8 << 20  # bytes

_KEYS = frozenset({"path", "etag", "size_bytes", "range"})
_RANGE = re.compile(r"\s*([0-9]{1,19}-[0-9]{0,19}|-[0-9]{1,19})\s*")


def put(request: Request, services: Services) -> Receiving:
    path = object_of(request)
    traits = fresh_traits(request, path[2])
    etag = promised_etag(request)
    collected = Collected("manifest", MAX_MANIFEST, promised=request.length)

    def keep(wanted: Sequence[WantedSegment]) -> StoredObject:
        return services.objects.put_static(request.caller, *path, traits=traits, wanted=wanted, etag=etag)

    def answer() -> Answer:
        wanted = wanted_segments(collected.whole)
        if is_true(request.query.get("heartbeat")):
            form = form_of(request)
            return Answer(status=202, headers=[content_type(form)], stream=_beating(form, lambda: keep(wanted)))
        return created(keep(wanted))

    return Receiving(collected, answer)


def _beating(form: Form, keep: Callable[[], StoredObject]) -> Iterator[bytes]:
    """The verdict in the body, which begins before it is known: checking may take long."""
    yield prologue(form) + b" "
    facts = {"Response Status": "201 Created", "Response Body": "", "Last Modified": "", "Etag": ""}
    problems: list[tuple[str, str]] = []
    try:
        kept = keep()
        facts["Etag"] = f'"{kept.whole.etag}"' if kept.whole else kept.md5
        facts["Last Modified"] = last_modified(kept.updated_at)
    except BadSegments as error:
        facts["Response Status"] = "400 Bad Request"
        problems = segment_problems(error)
    except FerryError as error:
        facts["Response Status"], facts["Response Body"] = status_line(error), str(error)
    yield report(form, "upload", facts, problems)


def delete(request: Request, services: Services) -> Answer:
    """Delete the list and its segments; answers as bulk deletion does, with the truth in the body."""
    try:
        done = services.objects.delete_static(request.caller, *object_of(request), version=version_of(request))
    except BadInput:
        path = request.path.removeprefix("/v1/").partition("/")[2]
        return Deletions(status="400 Bad Request", errors=[(f"/{path}", "Not an SLO manifest")]).answer(request)
    except NotFound:
        return Deletions(missing=1).answer(request)
    return Deletions(deleted=done.deleted, missing=done.missing).answer(request)


def wanted_segments(body: bytes) -> list[WantedSegment]:
    """The list that a client sent.

    Raises:
        Refusal: 400, naming what is wrong with it.
    """
    try:
        rows = msgspec.json.decode(body, type=list[dict[str, Any]])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Refusal(400, "Manifest must be valid JSON.\n") from error
    wanted = [_wanted(index, row) for index, row in enumerate(rows)]
    if wanted and all(wish.data is not None for wish in wanted):
        raise Refusal(400, "Inline data segments require at least one object-backed segment.")
    return wanted


def _wanted(index: int, row: dict[str, Any]) -> WantedSegment:
    if "data" in row:
        return _inline(index, row)
    unknown = row.keys() - _KEYS
    if unknown:
        raise Refusal(400, f"Index {index}: extraneous keys {', '.join(sorted(unknown))[:200]}")
    path, etag, size, part = (row.get(key) for key in ("path", "etag", "size_bytes", "range"))
    container, _, name = path.lstrip("/").partition("/") if isinstance(path, str) else ("", "", "")
    if not container or not name or "\0" in name:
        raise Refusal(
            400, f"Index {index}: path does not refer to an object. Path must be of the form /container/object."
        )
    if not (etag is None or isinstance(etag, str)) or not (size is None or type(size) is int):
        raise Refusal(400, f"Index {index}: etag must be text, size_bytes a whole number")
    if not (part is None or (isinstance(part, str) and _RANGE.fullmatch(part))):
        raise Refusal(400, f"Index {index}: invalid range")
    md5 = etag.strip('"').lower() if etag else None
    return WantedSegment(container=container, name=name, size=size, md5=md5, range=part.strip() if part else None)


def _inline(index: int, row: dict[str, Any]) -> WantedSegment:
    if len(row) > 1:
        raise Refusal(400, f"Index {index}: extraneous keys beside data")
    try:
        data = b64decode(row["data"], validate=True)
    except (ValueError, TypeError) as error:
        raise Refusal(400, f"Index {index}: data must be valid base64") from error
    if not data:
        raise Refusal(400, f"Index {index}: too small; each segment must be at least 1 byte.")
    return WantedSegment(data=data)
