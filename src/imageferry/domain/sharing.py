"""Who beside its own project may read or write one object, and all that lies below one that is a directory. Pure rules.

A grantee is a project, a group of an account, ``<project>:<group>``, or everybody who has a token, ``*``. Whoever may
write may read. What an object's own sharing says goes for it alone; where it has none, that of the nearest directory
above it counts that has one: of ``a`` for ``a/b``, if there is an object ``a`` and it is a directory.

Source: specs/synnefo.md, sections 3, 3.4 and 4.11.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import NewType

from imageferry.domain.access import ProjectId
from imageferry.domain.errors import BadInput

Grantee = NewType("Grantee", str)

EVERYBODY = Grantee("*")
MAX_GRANTEES = 128  # of one object; an image has as many members
MAX_GROUPS = 64  # of an account
MAX_GROUP_MEMBERS = 128
MAX_GROUP_NAME = 128  # bytes

_DIRECTORIES = ("application/directory", "application/folder")


class Right(StrEnum):
    """What a sharing lets somebody do; writing brings reading with it."""

    READ = "read"
    WRITE = "write"


@dataclass(frozen=True, kw_only=True, slots=True)
class Sharing:
    """The grantees of one object, each in one of the lists, in order."""

    readers: tuple[Grantee, ...] = ()
    writers: tuple[Grantee, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.readers or self.writers)

    @property
    def grantees(self) -> tuple[Grantee, ...]:
        return self.readers + self.writers

    @property
    def projects(self) -> list[ProjectId]:
        """Those that are named by themselves."""
        return [ProjectId(grantee) for grantee in self.grantees if grantee != EVERYBODY and ":" not in grantee]

    @property
    def groups(self) -> list[Grantee]:
        return [grantee for grantee in self.grantees if ":" in grantee]

    def gives(self, project: ProjectId, groups: Collection[str] = ()) -> Right | None:
        """What a project may do that is in ``groups``; None: nothing."""
        names = {project, EVERYBODY, *groups}
        if not names.isdisjoint(self.writers):
            return Right.WRITE
        return Right.READ if not names.isdisjoint(self.readers) else None


NOBODY = Sharing()


@dataclass(frozen=True, kw_only=True, slots=True)
class Share:
    """An object's own sharing, which may hold for what is below it."""

    name: str
    is_directory: bool
    sharing: Sharing


@dataclass(frozen=True, kw_only=True, slots=True)
class SharingChange:
    """What its owner wants of an object; None leaves it as it is."""

    sharing: Sharing | None = None  # instead of the one there
    public: bool | None = None  # whether it has an address for everybody


def with_members(sharing: Sharing, members: Collection[ProjectId], *, everybody: bool) -> Sharing:
    """The sharing of an object that is an image, when the image's members have changed: it opens to no other projects.

    Who may write goes on writing while it is a member; groups are no members, and stay.
    """
    named: set[str] = {*members, *sharing.groups, *([EVERYBODY] if everybody else [])}
    writers = named & set(sharing.writers)
    return Sharing(
        readers=tuple(Grantee(name) for name in sorted(named - writers)),
        writers=tuple(Grantee(name) for name in sorted(writers)),
    )


def sharing_of(readers: Iterable[str], writers: Iterable[str]) -> Sharing:
    """Lists as somebody gave them, in their one form: no name twice, who may write is no reader beside.

    Raises:
        BadInput: a name that can be no grantee, or too many of them.
    """
    may_write = {_grantee(text) for text in writers}
    may_read = {_grantee(text) for text in readers} - may_write
    count = len(may_write) + len(may_read)
    if count > MAX_GRANTEES:
        raise BadInput("sharing", f"{count} readers and writers", f"at most {MAX_GRANTEES}; a group counts as one")
    return Sharing(readers=tuple(sorted(may_read)), writers=tuple(sorted(may_write)))


def _grantee(text: str) -> Grantee:
    project, colon, group = text.partition(":")
    if any(ord(c) <= 32 or ord(c) == 127 or c in ",;=" for c in text) or not project:
        raise BadInput("sharing", text[:60], "the id of an account, <account>:<group>, or *")
    if not colon:
        return Grantee(text)
    if project == EVERYBODY:
        raise BadInput("sharing", text[:60], "the id of an account before the colon")
    return group_grantee(ProjectId(project), checked_group_name(group))


# -- groups ------------------------------------------------------------------


def group_grantee(project: ProjectId, group: str) -> Grantee:
    """How a sharing names a group of an account."""
    return Grantee(f"{project}:{group}")


def checked_group_name(text: str) -> str:
    """In lower case, as clients that send it in a header may have changed its case.

    Raises:
        BadInput: nothing, too long, or with a character that means something where the name is written.
    """
    name = text.lower()
    if not 0 < len(name.encode("utf-8", "replace")) <= MAX_GROUP_NAME:
        raise BadInput("group", text[:60], f"a name of 1 to {MAX_GROUP_NAME} bytes")
    if any(ord(c) <= 32 or ord(c) == 127 or c in "-_:,;=*" for c in name):
        raise BadInput("group", text[:60], "a name without - and _, blanks, and the signs : , ; = *")
    return name


def checked_groups(groups: Mapping[str, Collection[ProjectId]]) -> Mapping[str, Collection[ProjectId]]:
    """All groups of an account. Raises BadInput: more, or more members, than there may be."""
    if len(groups) > MAX_GROUPS:
        raise BadInput("groups", f"{len(groups)} groups", f"at most {MAX_GROUPS} in an account")
    for name, members in groups.items():
        if len(members) > MAX_GROUP_MEMBERS:
            raise BadInput(f"group {name}", f"{len(members)} members", f"at most {MAX_GROUP_MEMBERS}")
    return groups


# -- directories -------------------------------------------------------------


def is_directory(content_type: str) -> bool:
    """Whether an object of that type stands for a directory; what follows a semicolon is passed over."""
    return content_type.partition(";")[0].strip().lower() in _DIRECTORIES


def parents(name: str) -> list[str]:
    """The names of the directories above an object, the nearest first."""
    return [name[:index] for index in range(len(name) - 1, 0, -1) if name[index] == "/"]


def in_effect(name: str, shares: Mapping[str, Share]) -> Share | None:
    """The one of these shares, by name, that counts for an object."""
    if name in shares:
        return shares[name]
    above = (shares[parent] for parent in parents(name) if parent in shares)
    return next((share for share in above if share.is_directory), None)


def all_in_effect(names: Sequence[str], shares: Sequence[Share]) -> dict[str, Share]:
    """The same for many objects in one pass; both in the order of names."""
    found: dict[str, Share] = {}
    own = {share.name: share for share in shares}
    directories = [share for share in shares if share.is_directory]
    within: list[Share] = []  # directories that this name or one to come may be in, the deepest last
    following = 0
    for name in names:
        while following < len(directories) and directories[following].name < name:
            _leave(within, directories[following].name)
            within.append(directories[following])
            following += 1
        _leave(within, name)
        around = (share for share in reversed(within) if name.startswith(f"{share.name}/"))
        share = own.get(name) or next(around, None)
        if share is not None:
            found[name] = share
    return found


def _leave(within: list[Share], name: str) -> None:
    while within and name >= _behind(within[-1].name):
        within.pop()


# -- parts of a listing ------------------------------------------------------

_NEXT = "\x01"  # behind a name makes the one that follows it: no name has a NUL, which PostgreSQL would not compare


@dataclass(frozen=True, slots=True)
class NameRange:
    """Names from ``low`` on and before ``high``."""

    low: str
    high: str

    @property
    def single(self) -> str | None:
        """The only name in it, if there is but one."""
        return self.low if self.high == self.low + _NEXT else None


def just(name: str) -> NameRange:
    return NameRange(name, name + _NEXT)


@dataclass(frozen=True, kw_only=True, slots=True)
class Only:
    """Which part of an account or container is asked for: what meets one of these."""

    opened_to: ProjectId | None = None  # what is shared with that project, in any way
    shared: bool = False  # what is shared with anybody
    public: bool = False  # what has an address for everybody


@dataclass(frozen=True, kw_only=True, slots=True)
class Mark:
    """That an object has a sharing of its own, and whether it gives the one who asks anything."""

    name: str
    is_directory: bool
    opens: bool


def open_ranges(marks: Iterable[Mark]) -> list[NameRange]:
    """The names that somebody may read, in order, none twice, by all that is shared in a container."""
    found: list[NameRange] = []
    around: list[bool] = []  # what the directories say that we are in
    began: str | None = None
    for at, kind, opens in sorted(_events(marks)):
        was = began is not None
        if kind is _Kind.SINGLE:
            if opens and not was:
                found.append(just(at))
            elif was and not opens and began is not None:
                found.append(NameRange(began, at))
                began = at + _NEXT
            continue
        if kind is _Kind.BEGIN:
            around.append(opens)
        else:
            around.pop()
        now = bool(around) and around[-1]
        if now and not was:
            began = at
        elif was and not now and began is not None:
            found.append(NameRange(began, at))
            began = None
    return [part for part in found if part.low < part.high]


def either(one: Iterable[NameRange], other: Iterable[NameRange]) -> list[NameRange]:
    """The names that are in one or the other, in order, none twice."""
    found: list[NameRange] = []
    for part in sorted([*one, *other], key=lambda part: part.low):
        if found and part.low < found[-1].high:
            found[-1] = NameRange(found[-1].low, max(found[-1].high, part.high))
        else:
            found.append(part)
    return found


class _Kind(IntEnum):
    """What happens at a name; of several at the same name in this order."""

    END = 0
    BEGIN = 1
    SINGLE = 2


def _events(marks: Iterable[Mark]) -> Iterator[tuple[str, _Kind, bool]]:
    for mark in marks:
        yield mark.name, _Kind.SINGLE, mark.opens
        if mark.is_directory:
            yield f"{mark.name}/", _Kind.BEGIN, mark.opens
            yield _behind(mark.name), _Kind.END, mark.opens


def _behind(directory: str) -> str:
    """The first name behind all that are in a directory."""
    return directory + chr(ord("/") + 1)
