"""A disk is looked through by scanners before an image of it exists: its files, and what lies outside of them.

Every byte that a guest may see is shown to them as a part of a file, where the file system can
be read wholly, and as it lies on the disk everywhere else. A scanner that cannot say ends the
task: it is never taken for one that found nothing.
"""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path

from imageferry.domain.access import ProjectId, UserId
from imageferry.domain.block import BLOCK_SIZE
from imageferry.domain.errors import Damaged, Infected
from imageferry.domain.image import DiskFormat
from imageferry.domain.moment import later
from imageferry.domain.quarantine import Quarantined
from imageferry.domain.spans import Span, without
from imageferry.domain.task import State, TaskId
from imageferry.formats.source import FileBytes
from imageferry.ports.clock import Clock
from imageferry.ports.disk_tools import DiskTools
from imageferry.ports.file_systems import UNKNOWN, DiskBytes, File, FileSystems, ReadingLimits, Volume, VolumeEnd
from imageferry.ports.records import Records
from imageferry.ports.scanner import Scanner
from imageferry.service.blobs import Blobs, Section
from imageferry.service.importing.inspection import KEPT_AS_THEY_ARE
from imageferry.service.importing.material import section_bytes, sections_of_state
from imageferry.service.importing.samples import Samples
from imageferry.service.plans import Course, Plan, Step, StepContext

_PAGE = 1 << 20  # bytes: stretches of zeros of this size and place are not looked at
_BEAT_S = 1.0

NextData = Callable[[int], int]
"""Where, from a place on, the next bytes are that may be other than zeros; the end of the disk if there are none."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Origin:
    """Where bytes come from: said of those that are kept apart."""

    id: TaskId  # by which the administrator names them
    project_id: ProjectId
    user_id: UserId


@dataclass(frozen=True, kw_only=True, slots=True)
class Scanning:
    """The step, over what it works with."""

    records: Records
    blobs: Blobs
    tools: DiskTools
    file_systems: FileSystems
    scanners: Sequence[Scanner]
    clock: Clock
    most_bytes: int  # of a disk as a guest sees it
    keep_s: float = 0.0  # how long what a scanner objected to is kept apart; 0: not at all
    limits: ReadingLimits = field(default_factory=ReadingLimits)

    def into(self, plan: Plan) -> Plan:
        """The plan with this step behind ``inspect``; as it is where no scanner is configured."""
        if not self.scanners:
            return plan
        scan = Step(name="scan", run=self.scan)
        steps = [(step, scan) if step.name == "inspect" else (step,) for step in plan.steps]
        return replace(plan, steps=tuple(chain.from_iterable(steps)))

    def scan(self, context: StepContext) -> State:
        """Refuse the disk if a scanner objects to anything in it.

        Of the state it needs ``source``, ``format`` (None: bytes that nobody has judged), and
        if it is there ``name``.

        Raises:
            Infected: with the rule and the file.
            Unavailable, TimedOut: a scanner cannot say.
        """
        state = context.state
        with self.records.reading() as session:
            sections = sections_of_state(session, state["source"])
        disk_format = None if state["format"] is None else DiskFormat(state["format"])
        name = str(state.get("name") or _name_of(context))
        task = context.task
        origin = Origin(id=task.id, project_id=task.project_id, user_id=task.user_id)
        self.look_through(context, name, sections, disk_format, origin)
        return state

    def look_through(
        self,
        course: Course,
        name: str,
        sections: tuple[Section, ...],
        disk_format: DiskFormat | None,
        origin: Origin,
    ) -> None:
        """The same without a task around it.

        Args:
            name: of the disk, for people.
            disk_format: None: bytes that nobody has judged.
        """
        try:
            self._scan(course, name, sections, disk_format)
        except Infected as error:
            self._keep_apart(origin, error, sections)
            raise

    def _keep_apart(self, origin: Origin, error: Infected, sections: tuple[Section, ...]) -> None:
        if self.keep_s <= 0:
            return
        now = self.clock()
        item = Quarantined(
            task_id=origin.id,
            project_id=origin.project_id,
            user_id=origin.user_id,
            what=error.what,
            rule=error.rule,
            place=error.place,
            parts=tuple((section.blob.id, section.start, section.stop) for section in sections),
            created_at=now,
            expires_at=later(now, seconds=self.keep_s),
        )
        with self.records.writing() as session:
            session.quarantine.add(item)

    def _scan(self, course: Course, name: str, sections: tuple[Section, ...], disk_format: DiskFormat | None) -> None:
        if disk_format is None or disk_format in KEPT_AS_THEY_ARE:
            self._look(course, name, section_bytes(self.blobs, sections), _no_holes)
            return
        disk, raw = section_bytes(self.blobs, sections), course.work / "scan.raw"
        try:
            self.tools.convert(
                disk,
                disk_format,
                raw,
                DiskFormat.RAW,
                name=name,
                max_bytes=self.most_bytes,
                progress=course.progress,
            )
            with raw.open("rb") as file:
                self._look(course, name, FileBytes(file.fileno()), lambda offset: _next_data(file.fileno(), offset))
        finally:
            raw.unlink(missing_ok=True)

    def _look(self, course: Course, name: str, disk: DiskBytes, next_data: NextData) -> None:
        course.begin(disk.size)
        samples = Samples(name, course.work / "samples", self.scanners, _now_and_then(course.check))
        try:
            _Looking(self, course, disk, next_data, samples).all()
            samples.finish()
        finally:
            samples.close()
        course.progress(disk.size, disk.size)


@dataclass(kw_only=True, slots=True)
class _Reached:
    """How far looking at a disk is, in bytes of it: what is inside of files counts as so much of the disk."""

    course: Course
    size: int
    base: int = 0
    at: int = 0

    def advance(self, count: int, most: int) -> None:
        self.at = min(self.at + count, most)
        self._tell()

    def settle(self, count: int) -> None:
        self.base += count
        self.at = 0
        self._tell()

    def _tell(self) -> None:
        self.course.progress(min(self.base + self.at, self.size), self.size)


class _Looking:
    """At one disk, once."""

    def __init__(self, step: Scanning, course: Course, disk: DiskBytes, next_data: NextData, samples: Samples) -> None:
        self._step = step
        self._watch = _now_and_then(course.check)
        self._disk = disk
        self._next_data = next_data
        self._samples = samples
        self._reached = _Reached(course=course, size=disk.size)

    def all(self) -> None:
        seen, not_seen = self._files()
        for span in without(Span(0, self._disk.size), seen, but=not_seen):
            self._bytes(span)

    def _files(self) -> tuple[list[Span], list[Span]]:
        """Show all files. Returns which parts of the disk have been seen by them, and which have not."""
        seen: list[Span] = []
        not_seen: list[Span] = []
        volume = Volume(kind=UNKNOWN, offset=0, size=0)
        read = self._step.file_systems.read(self._disk, limits=self._step.limits, watch=self._watch)
        with closing(read) as events:
            for event in events:
                match event:
                    case Volume():
                        volume = event
                    case File():
                        self._samples.begin(f"the file {event.path} ({volume.kind})")
                    case bytes():
                        self._samples.add(event)
                        self._reached.advance(len(event), volume.size)
                    case int():
                        self._samples.zeros(event)
                    case VolumeEnd():
                        (seen if event.whole else not_seen).append(Span(volume.offset, volume.offset + volume.size))
                        self._reached.settle(volume.size if event.whole else 0)
        return seen, not_seen

    def _bytes(self, span: Span) -> None:
        """Show bytes as they lie on the disk, but for zeros."""
        place = ""
        for offset, data in self._blocks(span):
            self._watch()
            for start in range(0, len(data), _PAGE):
                page = data[start : start + _PAGE]
                if page.count(0) == len(page):
                    place = ""
                    continue
                if not place:
                    place = f"the bytes from {offset + start} on"
                    self._samples.begin(place)
                self._samples.add(page)
            self._reached.advance(len(data), span.size)
        self._reached.settle(span.size)

    def _blocks(self, span: Span) -> Iterator[tuple[int, bytes]]:
        offset = span.start
        while (offset := self._next_data(offset)) < span.stop:
            data = self._disk.read(offset, min(BLOCK_SIZE - offset % BLOCK_SIZE, span.stop - offset))
            if not data:
                raise Damaged("disk", "as a guest sees it", f"it ends at byte {offset}")
            yield offset, data
            offset += len(data)


def _no_holes(offset: int) -> int:
    return offset


def _next_data(fd: int, offset: int) -> int:
    """A disk of terabytes may have hardly a byte in it."""
    try:
        return os.lseek(fd, offset, os.SEEK_DATA)
    except OSError as error:
        return offset if error.errno != errno.ENXIO else os.fstat(fd).st_size


def _now_and_then(check: Callable[[], None]) -> Callable[[], None]:
    """Noting a sign of life costs a transaction: once a second is enough."""
    last = 0.0

    def seldom() -> None:
        nonlocal last
        now = time.monotonic()
        if now - last >= _BEAT_S:
            last = now
            check()

    return seldom


def _name_of(context: StepContext) -> str:
    """What the message calls the disk, where no step before has given it a name."""
    asked = context.task.input
    source = str(asked.get("url") or asked.get("object") or "the disk")
    return Path(source.partition("?")[0].partition("#")[0].rstrip("/")).name or "the disk"
