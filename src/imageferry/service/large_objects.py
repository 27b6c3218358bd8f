"""Large objects: several objects that are read as one.

A *dynamic* one is all objects below a prefix, as they are found when it is read. A *static*
one has a list of its segments, checked when it was made and again before it is read: a
segment that is gone or was overwritten is an error, never other bytes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import msgspec

from imageferry.domain.access import ProjectId
from imageferry.domain.blob import Blob
from imageferry.domain.digest import Algorithm
from imageferry.domain.errors import BadSegments, StatusConflict, TooLarge
from imageferry.domain.object import Container, ListingQuery, Segment, StoredObject, Whole
from imageferry.ports.records import Session
from imageferry.service.blobs import Section, whole

_SEGMENTS_A_PAGE = 1000
_MAX_DYNAMIC = 100_000  # segments: what one reader may keep in memory


@dataclass(frozen=True, kw_only=True, slots=True)
class OpenObject:
    """An object ready to be read: as one piece, whatever it is made of.

    ``etag`` is the MD5 of the bytes for a plain object; for a large one the MD5 over the
    segments' MD5s, as Swift has it.
    """

    item: StoredObject
    size: int  # bytes, of all segments
    etag: str
    sections: tuple[Section, ...]
    is_large: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class WantedSegment:
    """A segment as the maker of a list names it. What is None is not checked."""

    container: str
    name: str
    size: int | None = None  # bytes
    md5: str | None = None

    @property
    def path(self) -> str:
        return f"/{self.container}/{self.name}"


def own_section(item: StoredObject) -> Section:
    """An object's own bytes, whatever they stand for."""
    return whole(Blob(id=item.blob_id, size=item.size, digests={Algorithm.MD5: item.md5}))


def dynamic_segments(session: Session, project: ProjectId, item: StoredObject) -> list[StoredObject]:
    """All objects below the manifest's prefix, in name order; none where the container is missing.

    Raises:
        TooLarge: more than a reader may be made to keep in memory.
    """
    container_name, _, prefix = (item.manifest or "").partition("/")
    container = session.objects.container(project, container_name)
    found: list[StoredObject] = []
    if container is None:
        return found
    query = ListingQuery(prefix=prefix, limit=_SEGMENTS_A_PAGE)
    while True:
        page = [row for row in session.objects.objects(container.id, query) if isinstance(row, StoredObject)]
        found += page
        if len(page) < _SEGMENTS_A_PAGE:
            return found
        if len(found) >= _MAX_DYNAMIC:
            raise TooLarge(f"large object {item.name}", _MAX_DYNAMIC, unit="segments")
        query = replace(query, marker=page[-1].name)


def joined(item: StoredObject, rows: Iterable[tuple[StoredObject, Sequence[Section]]]) -> OpenObject:
    """A dynamic large object of these segments and the sections each of them stands for."""
    sections: list[Section] = []
    etag = hashlib.md5(usedforsecurity=False)
    for row, its_sections in rows:
        sections += its_sections
        etag.update((row.md5 if row.whole is None else row.whole.etag).encode())
    size = sum(section.size for section in sections)
    return OpenObject(item=item, size=size, etag=etag.hexdigest(), sections=tuple(sections), is_large=True)


def listed_sections(
    session: Session, project: ProjectId, item: StoredObject, segments: Sequence[Segment]
) -> list[Section]:
    """What a static large object is made of.

    Raises:
        StatusConflict: a segment is gone, or is not what it was.
    """
    look = _LookUp(session, project)
    sections = []
    for segment in segments:
        found = look.object(segment.container, segment.name)
        if found is None or found.md5 != segment.md5 or found.size != segment.size or found.whole is not None:
            state = f"broken: its segment /{segment.container}/{segment.name} is gone or was overwritten"
            raise StatusConflict("large object", item.name, found=state, wanted="reading it")
        sections.append(own_section(found))
    return sections


def checked_segments(
    session: Session, project: ProjectId, name: str, wanted: Sequence[WantedSegment]
) -> tuple[Segment, ...]:
    """The segments as they are now.

    Raises:
        BadSegments: naming each that is not there or not as it should be.
    """
    look = _LookUp(session, project)
    problems: list[tuple[str, str]] = []
    segments: list[Segment] = []
    for wish in wanted:
        found = look.object(wish.container, wish.name)
        problem = _problem(wish, found)
        if problem is not None:
            problems.append((wish.path, problem))
        elif found is not None:
            segments.append(
                Segment(
                    container=wish.container,
                    name=wish.name,
                    size=found.size,
                    md5=found.md5,
                    content_type=found.content_type,
                    updated_at=found.updated_at,
                )
            )
    if problems:
        raise BadSegments(f"large object {name}", problems)
    return tuple(segments)


def whole_of(segments: Sequence[Segment]) -> Whole:
    etag = hashlib.md5("".join(segment.md5 for segment in segments).encode(), usedforsecurity=False)
    return Whole(size=sum(segment.size for segment in segments), etag=etag.hexdigest())


def pack(segments: Sequence[Segment]) -> bytes:
    """The list as it is kept in the object's own blob."""
    return msgspec.json.encode(segments)


def unpack(data: bytes) -> list[Segment]:
    return msgspec.json.decode(data, type=list[Segment])


def _problem(wish: WantedSegment, found: StoredObject | None) -> str | None:
    if found is None:
        return "not found"
    if found.whole is not None or found.manifest is not None:
        return "is a large object itself"
    if wish.size is not None and wish.size != found.size:
        return "has another size"
    if wish.md5 is not None and wish.md5 != found.md5:
        return "has another digest"
    return None


class _LookUp:
    """Objects by path; each container is asked for once."""

    def __init__(self, session: Session, project: ProjectId) -> None:
        self._session = session
        self._project = project
        self._containers: dict[str, Container | None] = {}

    def object(self, container: str, name: str) -> StoredObject | None:
        if container not in self._containers:
            self._containers[container] = self._session.objects.container(self._project, container)
        there = self._containers[container]
        return None if there is None else self._session.objects.object(there.id, name)
