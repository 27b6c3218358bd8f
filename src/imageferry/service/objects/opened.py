"""What the sharing of an object opens to whom, as a transaction finds it, and how it is changed."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from imageferry.domain.access import Act, Caller, ProjectId, may
from imageferry.domain.errors import Forbidden
from imageferry.domain.moment import Moment
from imageferry.domain.object import Container, StoredObject
from imageferry.domain.sharing import Right, Share, SharingChange, is_directory
from imageferry.ports.records import Session
from imageferry.service.registrations.readers import members_follow

_TOKEN_BYTES = 24


@dataclass(frozen=True, kw_only=True, slots=True)
class Opened:
    """What is said of the sharing of one object."""

    share: Share | None = None  # its own, or that of a directory above
    mine: bool = False  # whether its owner asks
    right: Right | None = None  # of another one who asks, by that share
    link: str | None = None  # the secret part of its public address; told to its owner only


def opens(session: Session, container: Container, name: str, caller: Caller | None, act: Act, now: Moment) -> bool:
    """Whether an object's sharing, or its being public, lets somebody of another project do this.

    It takes the role that one's own project asks for.
    """
    if caller is None or caller.project_id is None or not caller.known or not may(caller, act):
        return False
    right = _right(session, session.shares.over(container.id, name, now), caller.project_id)
    if act is Act.READ_OBJECTS:
        return right is not None or session.links.of(container.id, name) is not None
    return act is Act.WRITE_OBJECTS and right is Right.WRITE


def opened_all(
    session: Session, container: Container, names: Sequence[str], caller: Caller | None, now: Moment
) -> dict[str, Opened]:
    """What the one who asks is told of objects that he may read, for each of a page of names, which are in order."""
    shares = session.shares.over_all(container.id, names, now)
    if _is_owner(caller, container.project_id):
        links = session.links.of_all(container.id, names)
        return {name: Opened(share=shares.get(name), mine=True, link=links.get(name)) for name in names}
    project = None if caller is None else caller.project_id
    groups = sorted({group for share in shares.values() for group in share.sharing.groups})
    joined = session.groups.joined(project, groups) if groups and project is not None else ()

    def right_by(share: Share | None) -> Right | None:
        return None if share is None or project is None else share.sharing.gives(project, joined)

    found = ((name, shares.get(name)) for name in names)
    return {name: Opened(share=share, right=right_by(share)) for name, share in found}


def change_sharing(
    session: Session, container: Container, item: StoredObject, change: SharingChange | None, now: Moment
) -> None:
    """Let an object that is there be shared and public as its owner wants it. If it is an image, its members follow."""
    if change is None:
        return
    if change.sharing is not None:
        session.shares.set(container, item.name, change.sharing)
        members_follow(session, item, change.sharing, now)
    if change.public is False:
        session.links.remove(container.id, item.name)
    elif change.public and session.links.of(container.id, item.name) is None:
        session.links.add(container.id, item.name, secrets.token_urlsafe(_TOKEN_BYTES))


def refuse_opening(session: Session, there: StoredObject, fresh: StoredObject) -> None:
    """What an object is shared for goes for all below it once it is a directory: its owner alone may make it one.

    Raises:
        Forbidden: it is shared by itself, was no directory, and shall be one.
    """
    if is_directory(there.content_type) or not is_directory(fresh.content_type):
        return
    share = session.shares.over(there.container_id, there.name, fresh.updated_at)
    if share is not None and share.name == there.name:
        raise Forbidden("make a directory of another project's shared object", "All below it would be shared as well.")


def _right(session: Session, share: Share | None, project: ProjectId) -> Right | None:
    if share is None:
        return None
    groups = share.sharing.groups
    return share.sharing.gives(project, session.groups.joined(project, groups) if groups else ())


def _is_owner(caller: Caller | None, owner: ProjectId) -> bool:
    return caller is not None and caller.known and (caller.project_id == owner or caller.is_admin)
