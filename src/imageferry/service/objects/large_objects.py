"""Large objects: several objects that are read as one.

A *dynamic* one is all objects below a prefix, as they are found when it is read. A *static*
one has a list of its segments, checked when it was made and again before it is read: a
segment that is gone or was overwritten is an error, never other bytes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import msgspec

from imageferry.domain.access import ProjectId
from imageferry.domain.blob import Blob
from imageferry.domain.digest import Algorithm
from imageferry.domain.errors import BadSegments, NotFound, RangeNotSatisfiable, StatusConflict, TooLarge, Unavailable
from imageferry.domain.link import Link
from imageferry.domain.moment import Moment
from imageferry.domain.object import Container, ListingQuery, Segment, StoredObject, Whole
from imageferry.ports.records import Session
from imageferry.service.blobs import Section, whole
from imageferry.wire.ranges import parse_range

_SEGMENTS_A_PAGE = 1000
_MAX_DYNAMIC = 100_000  # segments: what one reader may keep in memory
MAX_DEPTH = 10  # lists within lists


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
    reached: Link | None = None  # where it is, if a link led here
    versioned: bool = False  # whether versions are, or were, kept where it was asked for


@dataclass(frozen=True, kw_only=True, slots=True)
class WantedSegment:
    """A segment as the maker of a list names it. What is None is not checked."""

    container: str = ""
    name: str = ""
    size: int | None = None  # bytes
    md5: str | None = None
    range: str | None = None  # "first-last" as in HTTP; None: all of it
    data: bytes | None = None  # bytes instead of an object

    @property
    def path(self) -> str:
        return f"/{self.container}/{self.name}"


@dataclass(frozen=True, slots=True)
class SegmentList:
    """A list as it is kept in the object's own blob: the rows, a line feed, the inline bytes."""

    segments: Sequence[Segment]
    behind: bytes  # the inline bytes of all rows, one after the other
    offset: int  # where they begin in the blob

    def rows(self) -> Iterator[tuple[Segment, bytes | None]]:
        """Each row with its inline bytes, if it has some."""
        position = 0
        for segment in self.segments:
            stop = position + segment.size
            yield segment, self.behind[position:stop] if segment.inline else None
            position = stop if segment.inline else position

    @property
    def containers(self) -> set[str]:
        return {segment.container for segment in self.segments if not segment.inline}


class Allowance:
    """How many bytes of parts one request may have digested: of one made by a hash map the MD5 may not be known."""

    def __init__(self, most: int) -> None:
        self._left = most

    def take(self, size: int) -> None:
        """Raises Unavailable."""
        self._left -= size
        if self._left < 0:
            raise Unavailable("the MD5 of all parts", "one request computes some of them; ask again for the others")


class Budget:
    """How many segments one reader may make us look up: lists within lists multiply."""

    def __init__(self, allowance: Allowance) -> None:
        self.left = _MAX_DYNAMIC
        self.allowance = allowance

    def take(self, item: StoredObject, segments: int, depth: int) -> None:
        """Raises StatusConflict."""
        self.left -= segments
        if depth > MAX_DEPTH:
            raise StatusConflict("large object", item.name, found="nested too deeply", wanted="reading it")
        if self.left < 0:
            raise StatusConflict("large object", item.name, found="of too many segments", wanted="reading it")


def own_section(item: StoredObject) -> Section:
    """An object's own bytes, whatever they stand for."""
    digests = {Algorithm.MD5: item.md5} if item.md5 else {}
    return whole(Blob(id=item.blob_id, size=item.size, digests=digests))


def dynamic_segments(session: Session, project: ProjectId, item: StoredObject, now: Moment) -> list[StoredObject]:
    """All objects below the manifest's prefix, in name order.

    Raises:
        NotFound: the container is not there.
        TooLarge: more than a reader may be made to keep in memory.
    """
    container_name, _, prefix = (item.manifest or "").partition("/")
    container = session.objects.container(project, container_name)
    if container is None:
        raise NotFound("container", container_name)
    found: list[StoredObject] = []
    query = ListingQuery(prefix=prefix, limit=_SEGMENTS_A_PAGE)
    while True:
        page = [row for row in session.objects.objects(container.id, query, now) if isinstance(row, StoredObject)]
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


Path = tuple[str, str]  # container, name


def look_up(
    session: Session, project: ProjectId, paths: Iterable[Path], now: Moment
) -> dict[Path, StoredObject | None]:
    """The objects at these paths; each container is asked for once."""
    containers: dict[str, Container | None] = {}
    found: dict[Path, StoredObject | None] = {}
    for path in dict.fromkeys(paths):
        container, name = path
        if container not in containers:
            containers[container] = session.objects.container(project, container)
        there = containers[container]
        item = None if there is None else session.objects.object(there.id, name)
        found[path] = None if item is None or item.is_expired(now) else item
    return found


def found_segments(
    item: StoredObject, segments: Sequence[Segment], there: Mapping[Path, StoredObject | None]
) -> list[StoredObject | None]:
    """The objects a static large object is made of, None for inline bytes.

    Args:
        there: what is now at the paths of the segments.

    Raises:
        StatusConflict: a segment is gone, or is not what it was.
    """
    objects: list[StoredObject | None] = []
    for segment in segments:
        found = None if segment.inline else there[segment.container, segment.name]
        same = found is not None and _facts(found) == (segment.size, segment.md5, segment.nested)
        if not (segment.inline or same):
            state = f"broken: its segment /{segment.container}/{segment.name} is gone or was overwritten"
            raise StatusConflict("large object", item.name, found=state, wanted="reading it")
        objects.append(found)
    return objects


def _facts(item: StoredObject) -> tuple[int, str, bool]:
    """Size, tag, and whether it is a static large object."""
    return (item.size, item.md5, False) if item.whole is None else (item.whole.size, item.whole.etag, True)


def checked_segments(
    place: Path, wanted: Sequence[WantedSegment], there: Mapping[Path, StoredObject | None]
) -> tuple[Segment, ...]:
    """The segments as they are now, for a list that is to be kept as ``place``.

    Args:
        there: what is now at the paths that are wanted.

    Raises:
        BadSegments: naming each that is not there or not as it should be.
    """
    problems: list[tuple[str, str]] = []
    segments: list[Segment] = []
    for wish in wanted:
        if wish.data is not None:
            md5 = hashlib.md5(wish.data, usedforsecurity=False).hexdigest()
            segments.append(Segment(size=len(wish.data), md5=md5, updated_at=Moment(0), inline=True))
            continue
        found = there[wish.container, wish.name]
        own = (wish.container, wish.name) == place
        problem = "refers to itself" if own else _problem(wish, found)
        if found is not None and problem is None:
            size, md5, nested = _facts(found)
            try:
                span = _span(wish.range, size)
            except RangeNotSatisfiable:
                problem = "has no such range"
            else:
                segments.append(
                    Segment(
                        container=wish.container,
                        name=wish.name,
                        size=size,
                        md5=md5,
                        content_type=found.content_type,
                        updated_at=found.updated_at,
                        span=span,
                        nested=nested,
                    )
                )
        if problem is not None:
            problems.append((wish.path, problem))
    if problems:
        raise BadSegments(f"large object {place[1]}", problems)
    return tuple(segments)


def whole_of(segments: Sequence[Segment]) -> Whole:
    """Size and tag: the MD5 over the segments' MD5s, with ``:first-last;`` behind that of a part."""
    terms = (f"{segment.md5}:{segment.range};" if segment.span else segment.md5 for segment in segments)
    etag = hashlib.md5("".join(terms).encode(), usedforsecurity=False)
    return Whole(size=sum(segment.length for segment in segments), etag=etag.hexdigest())


def pack(segments: Sequence[Segment], wanted: Sequence[WantedSegment] = ()) -> bytes:
    """The list as it is kept in the object's own blob."""
    return b"\n".join([msgspec.json.encode(segments), b"".join(wish.data or b"" for wish in wanted)])


def unpack(data: bytes) -> SegmentList:
    rows, _, behind = data.partition(b"\n")
    return SegmentList(msgspec.json.decode(rows, type=list[Segment]), behind, len(rows) + 1)


def _problem(wish: WantedSegment, found: StoredObject | None) -> str | None:
    if found is None:
        return "not found"
    if found.manifest is not None:
        return "is a large object itself"
    size, md5, _ = _facts(found)
    if wish.size is not None and wish.size != size:
        return "has another size"
    if wish.md5 is not None and wish.md5 != md5:
        return "has another digest"
    return None


def _span(text: str | None, size: int) -> tuple[int, int] | None:
    """Raises RangeNotSatisfiable."""
    if text is None:
        return None
    spans = parse_range(f"bytes={text}", size)
    if spans is None or len(spans) != 1:
        raise RangeNotSatisfiable(size)
    return None if spans[0] == (0, size) else spans[0]
