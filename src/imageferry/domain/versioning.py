"""How a container keeps what its objects were before. Pure rules.

There are two ways. A container that *keeps versions* remembers every state of an object
under a number that grows, and the moments when it was deleted. A container with an
*archive* has old states put as objects into another container, under a name that says
whose they were and from when.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import NewType

from imageferry.domain.errors import BadInput
from imageferry.domain.moment import SECOND, Moment

VersionId = NewType("VersionId", int)
"""The number of a version: of the versions of a name a later one has the larger number, and none comes twice.

They are moments in steps of ten microseconds, because Swift writes them as seconds with five decimals.
"""

NO_VERSION = VersionId(0)
"""Of an object that was put while no versions were kept."""

DELETED_TYPE = "application/x-deleted;swift_versions_deleted=1"
"""The content type that tells the mark of a deletion from an object, in listings and in archives."""

_STEP = 10  # microseconds


class Archiving(StrEnum):
    """What a deletion does where old states go to an archive."""

    STACK = "stack"  # the last state comes back out of the archive
    HISTORY = "history"  # the state goes into the archive too, and a mark behind it


@dataclass(frozen=True, kw_only=True, slots=True)
class Versioning:
    """How one container keeps old states."""

    enabled: bool | None = None  # whether new states become versions; None: never did
    archive: str = ""  # the container old states are put into; "": none
    archiving: Archiving = Archiving.STACK


UNVERSIONED = Versioning()


@dataclass(frozen=True, kw_only=True, slots=True)
class VersioningChange:
    """What is to be changed of it. None leaves a thing as it is, an archive of "" takes it away."""

    enabled: bool | None = None
    archive: str | None = None
    archiving: Archiving = Archiving.STACK


def changed(there: Versioning, change: VersioningChange) -> Versioning:
    """Raises BadInput: both ways at once."""
    archive = there.archive if change.archive is None else change.archive
    enabled = there.enabled if change.enabled is None else change.enabled
    if archive and (change.enabled is not None or enabled):
        raise BadInput("versioning", "versions and an archive", "one of them: versions can be switched off before")
    archiving = there.archiving if not change.archive else change.archiving
    return replace(there, enabled=enabled, archive=archive, archiving=archiving)


def version_at(moment: Moment, *, behind: VersionId | None) -> VersionId:
    """The number of a version that begins now, larger than the largest there is."""
    wanted = moment - moment % _STEP
    return VersionId(wanted if behind is None else max(wanted, behind + _STEP))


def archive_prefix(name: str) -> str:
    """What the names of an object's old states begin with: the length of its name in bytes, as three hex digits."""
    return f"{len(name.encode()):03x}{name}/"


def archive_name(name: str, moment: Moment) -> str:
    """``008myobject/1795175733.15636``."""
    return f"{archive_prefix(name)}{version_text(VersionId(moment))}"


def version_text(version: VersionId) -> str:
    """The number as clients see it: seconds with five decimals, or ``null``."""
    if version == NO_VERSION:
        return "null"
    return f"{version // SECOND:010d}.{version % SECOND // _STEP:05d}"


def read_version(text: str) -> VersionId:
    """The number behind its text.

    Raises:
        BadInput: it is no version's.
    """
    if text == "null":
        return NO_VERSION
    seconds, dot, fraction = text.partition(".")
    digits = seconds + (fraction if dot else "0")
    if not (digits.isascii() and digits.isdigit()) or not seconds or len(seconds.lstrip("0")) > 10:
        raise BadInput("version", text, "a version's id: Invalid version parameter")
    micros = int(f"{fraction[:6]:0<6}")
    number = int(seconds) * SECOND + micros
    if number == NO_VERSION:
        raise BadInput("version", text, "a version's id: Invalid version parameter")
    return VersionId(number)
