"""Any row of puts, changes, moves, copies, deletions and forgetting leaves the past that a few lines of Python tell."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from imageferry.db.engine import open_engine
from imageferry.db.migrate import upgrade
from imageferry.db.records import SqlRecords
from imageferry.domain.access import IMPLIED, Caller, Role, UserId
from imageferry.domain.errors import NotFound
from imageferry.domain.moment import Moment
from imageferry.domain.object import ListingQuery, StoredObject
from imageferry.domain.splice import Splice
from imageferry.service.blobs import Blobs
from imageferry.service.objects import Objects
from imageferry.stores.memory import MemoryBlocks
from tests.services.conftest import Clock
from tests.services.shelves import Account, P, as_it_is

MEMBER = Caller(user_id=UserId("u"), project_id=P, roles=IMPLIED[Role.MEMBER])
Name = tuple[str, str]  # container and object
Step = tuple[str, Name, Name, int]
NAMES: list[Name] = [(container, name) for container in ("kept", "plain") for name in ("a", "a/b")]


@dataclass
class State:
    """What a name held from a moment on; data of None: nothing."""

    at: Moment
    data: bytes | None
    id: str = ""


@dataclass
class Both:
    """The service and, in plain words, what each name held since when."""

    account: Account
    clock: Clock
    past: dict[Name, list[State]] = field(default_factory=lambda: {name: [] for name in NAMES})
    count: int = 0

    def now(self, name: Name) -> State | None:
        return self.past[name][-1] if self.past[name] and self.past[name][-1].data is not None else None

    def then(
        self, name: Name, data: bytes | None, item: StoredObject | None = None, *, at: Moment | None = None
    ) -> None:
        """The name holds something else from now on. Where no versions are kept, nobody remembers what it was."""
        if name[0] == "plain":
            self.past[name].clear()
        if data is not None or self.past[name]:
            self.past[name].append(State(at or self.clock(), data, "" if item is None else item.id))

    def do(self, step: Step) -> None:
        what, name, other, pick = step
        self.clock.pass_time(1)
        self.count += 1
        getattr(self, what)(name, other, pick)

    def put(self, name: Name, _: Name, pick: int) -> None:
        data = f"{self.count}".encode() * pick
        before = self.now(name)
        item = self.account.put(*name, data)
        assert before is None or item.id == before.id
        self.then(name, data, item)

    def append(self, name: Name, _: Name, pick: int) -> None:
        before = self.now(name)
        if before is None or before.data is None:
            return
        with self.account.objects.splice(MEMBER, P, *name, Splice(cut=pick * 3), as_it_is) as taking:
            taking.write(b"more")
            item = taking.commit()
        self.then(name, (before.data + b"more")[: pick * 3], item)

    def say(self, name: Name, _: Name, pick: int) -> None:
        before = self.now(name)
        if before is not None:
            told = {"count": f"{self.count}"}
            item, changed = self.account.objects.restate(
                MEMBER, P, *name, lambda i: replace(as_it_is(i), metadata=told)
            )
            assert changed
            self.then(name, before.data, item)

    def delete(self, name: Name, _: Name, pick: int) -> None:
        try:
            self.account.objects.delete_there(MEMBER, P, *name)
            assert self.now(name) is not None
            self.then(name, None)
        except NotFound:
            assert self.now(name) is None

    def move(self, name: Name, other: Name, pick: int) -> None:
        before = self.now(name)
        if before is None:
            return
        item = self.account.objects.move(MEMBER, (P, *name), (P, *other), as_it_is)
        assert item.id == before.id
        at = self.clock()  # one moment for both names
        if name != other:
            self.then(name, None, at=at)
        self.then(other, before.data, item, at=at)

    def copy(self, name: Name, other: Name, pick: int) -> None:
        """Any state that is remembered."""
        states = [state for state in self.past[name] if state.data is not None]
        if not states:
            return
        place = pick % len(states)
        number = self.account.numbers(*name)[place]
        objects, target = self.account.objects, self.now(other)
        source = (P, *name)
        _, item = objects.copy(MEMBER, source, (P, *other), as_it_is, version=number, as_stored=True, with_md5=False)
        assert (item.id == target.id) if target is not None else (item.id != states[place].id)
        self.then(other, states[place].data, item)

    def forget(self, name: Name, _: Name, pick: int) -> None:
        if not self.past[name]:
            return
        until = self.past[name][pick % len(self.past[name])].at
        self.account.objects.purge(MEMBER, P, name[0], until, name=name[1])
        states = self.past[name]
        self.past[name] = [
            state for state in states if state.at > until or (state is states[-1] and state.data is not None)
        ]

    def check(self) -> None:
        moments = sorted({state.at for states in self.past.values() for state in states})
        for name, states in self.past.items():
            wanted = [state.data for state in states if state.data is not None]
            if not wanted:
                continue
            assert [self.account.read(*name, number) for number in self.account.numbers(*name)] == wanted
        for container in ("kept", "plain"):
            for moment in moments:
                assert self._listed(container, moment) == self._held(container, moment)
            count, size = self.account.used(container)
            mine = [states for (place, _), states in self.past.items() if place == container]
            assert size == sum(len(state.data or b"") for states in mine for state in states)
            assert count == sum(1 for states in mine if states and states[-1].data is not None)

    def _listed(self, container: str, moment: Moment) -> dict[str, int]:
        then = self.account.objects.container_at(MEMBER, P, container, moment)
        rows = self.account.objects.listing_at(MEMBER, P, container, ListingQuery(), moment)[1]
        found = {row.name: row.size for row in rows if isinstance(row, StoredObject)}
        assert (then.object_count, then.bytes_used) == (len(found), sum(found.values()))
        return found

    def _held(self, container: str, moment: Moment) -> dict[str, int]:
        found = {}
        for (place, name), states in self.past.items():
            last = [state for state in states if state.at <= moment][-1:]
            if place == container and last and last[0].data is not None:
                found[name] = len(last[0].data)
        return found


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["put", "put", "append", "say", "delete", "move", "move", "copy", "forget"]),
        st.sampled_from(NAMES),
        st.sampled_from(NAMES),
        st.integers(0, 9),
    ),
    max_size=20,
)


@contextmanager
def both() -> Iterator[Both]:
    with tempfile.TemporaryDirectory() as folder:
        engine = open_engine(f"sqlite:///{Path(folder) / 'records.db'}")
        upgrade(engine)
        records, clock = SqlRecords(engine), Clock()
        blobs = Blobs(MemoryBlocks(), records, clock)
        yield Both(Account(Objects(records, blobs, clock), MEMBER), clock)
        blobs.close()
        records.close()


@settings(deadline=None, max_examples=40, suppress_health_check=list(HealthCheck))
@given(steps=STEPS)
def test_the_past_is_what_it_was(steps: list[Step]) -> None:
    with both() as two:
        for step in steps:
            two.do(step)
        two.check()
