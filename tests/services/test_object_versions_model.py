"""Any row of puts, deletions, restorations and switches leaves what a few lines of Python say it must leave."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from imageferry.db.engine import open_engine
from imageferry.db.migrate import upgrade
from imageferry.db.records import SqlRecords
from imageferry.domain.access import IMPLIED, Caller, ProjectId, Role, UserId
from imageferry.domain.errors import BadInput, FerryError, NotFound
from imageferry.domain.object import ListingQuery, ObjectVersion
from imageferry.domain.versioning import NO_VERSION, VersionId, VersioningChange
from imageferry.service.blobs import Blobs
from imageferry.service.objects import Objects, Traits
from imageferry.stores.memory import MemoryBlocks
from tests.services.conftest import Clock

P = ProjectId("p")
MEMBER = Caller(user_id=UserId("u"), project_id=P, roles=IMPLIED[Role.MEMBER])
PLAIN = Traits(metadata={}, headers={})

Step = tuple[str, str, int]


@dataclass
class Model:
    """What a container that keeps versions holds: in plain words."""

    enabled: bool = True
    current: dict[str, tuple[VersionId, bytes]] = field(default_factory=dict)
    kept: dict[str, dict[VersionId, bytes | None]] = field(default_factory=dict)  # None: a mark

    def keep_current(self, name: str, number: VersionId) -> None:
        """``number`` is the one it gets when it has none."""
        if name in self.current:
            version, data = self.current.pop(name)
            self.kept.setdefault(name, {})[version or number] = data

    def rows(self) -> list[tuple[str, VersionId, bytes | None, bool]]:
        found = []
        for name in sorted({*self.current, *self.kept}):
            rows: list[tuple[VersionId, bytes | None]] = list(self.kept.get(name, {}).items())
            rows.sort(reverse=True)
            if name in self.current:
                version, data = self.current[name]
                rows = sorted([(version, data), *rows], key=lambda row: row[0] or 1 << 62, reverse=True)
            for place, (version, data_or_mark) in enumerate(rows):
                is_current = name in self.current and self.current[name][0] == version
                is_mark = name not in self.current and place == 0 and data_or_mark is None
                found.append((name, version, data_or_mark, is_current or is_mark))
        return found

    def bytes(self) -> int:
        kept = (data for rows in self.kept.values() for data in rows.values())
        return sum(len(data or b"") for data in kept) + sum(len(data) for _, data in self.current.values())


class Both:
    """The service and the model, step by step."""

    def __init__(self, objects: Objects) -> None:
        self.objects = objects
        self.model = Model()
        self.count = 0
        objects.create_container(MEMBER, P, "c", {}, versioning=VersioningChange(enabled=True))

    def do(self, step: Step) -> None:
        what, name, pick = step
        getattr(self, what)(name, pick)

    def put(self, name: str, pick: int) -> None:
        self.count += 1
        data = b"x" * (self.count % 7) + str(self.count).encode()
        since = self._since(name)
        with self.objects.upload(MEMBER, P, "c", name, traits=PLAIN) as upload:
            upload.write(data)
            item = upload.commit()
        if self.model.enabled or self._numbered(name):
            self.model.keep_current(name, since)
        self.model.current[name] = (item.version, data)
        assert (item.version != NO_VERSION) == self.model.enabled

    def delete(self, name: str, pick: int) -> None:
        since = self._since(name)
        there = name in self.model.current
        try:
            done = self.objects.delete(MEMBER, P, "c", name)
        except NotFound:
            assert not there
            assert not self.model.enabled
            return
        assert (done.item is not None) == there
        if self.model.enabled or self._numbered(name):
            self.model.keep_current(name, since)
        self.model.current.pop(name, None)
        if self.model.enabled:
            assert done.mark is not None
            self.model.kept.setdefault(name, {})[done.mark] = None

    def delete_version(self, name: str, pick: int) -> None:
        version = self._one_of(name, pick)
        if version is None:
            with pytest.raises(NotFound):
                self.objects.delete_version(MEMBER, P, "c", name, VersionId(5))
            return
        self.objects.delete_version(MEMBER, P, "c", name, version)
        if self.model.current.get(name, (None,))[0] == version:
            del self.model.current[name]
        else:
            del self.model.kept[name][version]

    def take_away(self, name: str, pick: int) -> None:
        if name not in self.model.current:
            with pytest.raises(NotFound):
                self.objects.delete_version(MEMBER, P, "c", name, NO_VERSION)
            return
        self.objects.delete_version(MEMBER, P, "c", name, NO_VERSION)
        if self._numbered(name):
            self.model.keep_current(name, NO_VERSION)
        self.model.current.pop(name, None)

    def restore(self, name: str, pick: int) -> None:
        version = self._one_of(name, pick)
        if version is None:
            return
        since = self._since(name)
        if self.model.kept.get(name, {}).get(version, b"") is None:
            with pytest.raises(BadInput):
                self.objects.restore(MEMBER, P, "c", name, version)
            return
        self.objects.restore(MEMBER, P, "c", name, version)
        if self.model.current.get(name, (None,))[0] != version:
            self.model.keep_current(name, since)
            data = self.model.kept[name].pop(version)
            assert data is not None
            self.model.current[name] = (version, data)

    def switch(self, name: str, pick: int) -> None:
        self.model.enabled = bool(pick % 2)
        self.objects.change_container(MEMBER, P, "c", {}, versioning=VersioningChange(enabled=self.model.enabled))

    def check(self) -> None:
        container, rows = self.objects.versions(MEMBER, P, "c", ListingQuery())
        found = []
        for row in rows:
            assert isinstance(row, ObjectVersion)
            data = None if row.item is None else self._read(row)
            found.append((row.name, row.id, data, row.is_latest))
        assert found == self.model.rows()
        assert (container.object_count, container.bytes_used) == (len(self.model.current), self.model.bytes())
        names = [row.name for row in self.objects.listing(MEMBER, P, "c", ListingQuery())[1]]
        assert names == sorted(self.model.current)

    def _read(self, row: ObjectVersion) -> bytes:
        return b"".join(self.objects.read(self.objects.open(MEMBER, P, "c", row.name, version=row.id)))

    def _numbered(self, name: str) -> bool:
        return self.model.current.get(name, (NO_VERSION,))[0] != NO_VERSION

    def _since(self, name: str) -> VersionId:
        """The number that an object without one will get: of the moment it was put, or behind what there is."""
        try:
            moment = self.objects.show(MEMBER, P, "c", name).updated_at
        except FerryError:
            return NO_VERSION
        newest = max(self.model.kept.get(name, {}), default=NO_VERSION)
        return VersionId(max(moment - moment % 10, newest + 10 if newest else 0))

    def _one_of(self, name: str, pick: int) -> VersionId | None:
        numbers = sorted(self.model.kept.get(name, {}))
        if self._numbered(name):
            numbers.append(self.model.current[name][0])
        return numbers[pick % len(numbers)] if numbers else None


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["put", "put", "put", "delete", "delete_version", "take_away", "restore", "restore", "switch"]),
        st.sampled_from(["a", "a/b"]),
        st.integers(0, 9),
    ),
    max_size=25,
)


@contextmanager
def both() -> Iterator[Both]:
    with tempfile.TemporaryDirectory() as folder:
        engine = open_engine(f"sqlite:///{Path(folder) / 'records.db'}")
        upgrade(engine)
        records, clock = SqlRecords(engine), Clock()
        blobs = Blobs(MemoryBlocks(), records, clock)
        yield Both(Objects(records, blobs, clock))
        blobs.close()
        records.close()


@settings(deadline=None, max_examples=40, suppress_health_check=list(HealthCheck))
@given(steps=STEPS)
def test_what_is_kept_is_what_should_be(steps: list[Step]) -> None:
    with both() as two:
        for step in steps:
            two.do(step)
            two.check()
