"""An archive uploaded, and unpacked while it comes in."""

from __future__ import annotations

from dataclasses import replace

from imageferry.dialects.edge.http import Answer, Receiving, Request
from imageferry.dialects.swift import report
from imageferry.dialects.swift.errors import Refusal, Reported, status_line
from imageferry.dialects.swift.metadata import fresh_traits
from imageferry.dialects.swift.paths import account_of, container_of, object_of, refuse_what_is_not_offered
from imageferry.domain.errors import FerryError, LengthRequired
from imageferry.formats.compressed import Compression
from imageferry.service.objects import Traits
from imageferry.service.services import Services
from imageferry.service.unpacking import Limits, Unpacking

QUERY = "extract-archive"
LIMITS = Limits(failures=report.MAX_FAILURES)

_KINDS = {"tar": Compression.NONE, "tar.gz": Compression.GZIP, "tar.bz2": Compression.BZIP2}
_NOT_OF_MEMBERS = (
    "content-type",
    "content-encoding",
    "etag",
    "x-object-manifest",
    "x-detect-content-type",
    "x-symlink-target",
    "x-symlink-target-account",
    "x-symlink-target-etag",
)


class _Sink:
    """What unpacks, with its errors as answers."""

    def __init__(self, request: Request, unpacking: Unpacking) -> None:
        self._request = request
        self._unpacking = unpacking

    def write(self, part: bytes | bytearray) -> None:
        try:
            self._unpacking.write(part)
        except FerryError as error:
            raise Reported(self._ended(error)) from None

    def answer(self) -> Answer:
        try:
            self._unpacking.finish()
        except FerryError as error:
            return self._ended(error)
        if not self._unpacking.errors:
            return self._said("201 Created", "")
        broken = any(status.startswith("5") for status in map(status_line, dict(self._unpacking.errors).values()))
        return self._said("502 Bad Gateway" if broken else "400 Bad Request", "")

    def _ended(self, error: FerryError) -> Answer:
        return self._said(status_line(error), f"Invalid Tar File: {error}")

    def _said(self, status: str, sentence: str) -> Answer:
        problems = [(path, status_line(error)) for path, error in self._unpacking.errors]
        return report.extraction(self._request, status, sentence, self._unpacking.created, problems)

    def __enter__(self) -> _Sink:
        return self

    def __exit__(self, *_: object) -> None:
        self._unpacking.__exit__()


def put(request: Request, services: Services) -> Receiving:
    """Everything that is wrong with the archive, or with a member, stands in the answer's body."""
    plain = {name: value for name, value in request.headers.items() if name not in _NOT_OF_MEMBERS}
    of_members = replace(request, headers=plain)

    def traits(name: str) -> Traits:
        return fresh_traits(of_members, name)

    unpacking = Unpacking(
        services.objects,
        request.caller,
        account_of(request),
        base=_base(request),
        compression=_compression(request),
        traits=traits,
        limits=LIMITS,
    )
    refuse_what_is_not_offered(request, but=QUERY)
    if request.length is None and not request.chunked:
        raise LengthRequired("the archive")
    sink = _Sink(request, unpacking)
    return Receiving(sink, sink.answer)


def _compression(request: Request) -> Compression:
    kind = (request.query.get(QUERY) or "").lower().strip(".")
    if kind not in _KINDS:
        raise Refusal(400, f"Unsupported archive format; {', '.join(_KINDS)} are supported.")
    return _KINDS[kind]


def _base(request: Request) -> str:
    if "object" in request.params:
        return "/".join(object_of(request)[1:])
    return container_of(request)[1] if "container" in request.params else ""
