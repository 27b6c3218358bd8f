"""Shares of objects in SQL.

A row for each grantee of each object. They hang on the object by a foreign key, so that none
outlives it, whoever takes it away.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import (
    CTE,
    ColumnElement,
    Connection,
    Integer,
    Row,
    Select,
    and_,
    delete,
    exists,
    func,
    literal,
    or_,
    select,
    union_all,
)

from imageferry.db.schema import account_groups, accounts, containers, objects, projects, public_links, shares
from imageferry.db.sql import each
from imageferry.domain.access import ProjectId
from imageferry.domain.errors import NotFound
from imageferry.domain.moment import Moment
from imageferry.domain.object import Container, ContainerId
from imageferry.domain.sharing import (
    EVERYBODY,
    Grantee,
    Mark,
    Only,
    Share,
    Sharing,
    all_in_effect,
    in_effect,
    is_directory,
    parents,
)

_GROUP = account_groups.c.project_id + ":" + account_groups.c.name
_SHARED = and_(objects.c.container_id == shares.c.container_id, objects.c.name == shares.c.name)


class SqlShares:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def set(self, container: Container, name: str, sharing: Sharing) -> None:
        require_object(self._connection, container.id, name)
        its = (shares.c.container_id == container.id, shares.c.name == name)
        self._connection.execute(delete(shares).where(*its))
        key = {"container_id": container.id, "name": name, "project_id": container.project_id}
        rows = [
            {**key, "grantee": grantee, "writes": writes}
            for grantees, writes in ((sharing.readers, False), (sharing.writers, True))
            for grantee in grantees
        ]
        if rows:
            self._connection.execute(shares.insert(), rows)

    def over(self, container_id: ContainerId, name: str, now: Moment) -> Share | None:
        names = each(self._connection, [name, *parents(name)])
        wanted = shares.c.name.in_(select(names.c.value))
        return in_effect(name, self._found(_of(container_id, now).where(wanted)))

    def over_all(self, container_id: ContainerId, names: Sequence[str], now: Moment) -> Mapping[str, Share]:
        if not names:
            return {}
        first, last = names[0], names[-1]
        # A directory that one of the names is in stands among them, or the first name begins with its name.
        beginnings = each(self._connection, [first[:length] for length in range(1, len(first))])
        near = or_(shares.c.name >= first, shares.c.name.in_(select(beginnings.c.value)))
        found = self._found(_of(container_id, now).where(shares.c.name <= last, near))
        return all_in_effect(names, [found[name] for name in sorted(found)])

    def _found(self, query: Select[Any]) -> dict[str, Share]:
        rows: dict[str, list[Row[Any]]] = {}
        for row in self._connection.execute(query):
            rows.setdefault(row.name, []).append(row)
        return {name: _share(name, its) for name, its in rows.items()}

    def marks(self, container_id: ContainerId, project: ProjectId | None, now: Moment) -> list[Mark]:
        opens: ColumnElement[Any] = literal(1)
        if project is not None:
            opens = func.max(shares.c.grantee.in_(select(_names_of(project).c.grantee)).cast(Integer()))
        query = select(shares.c.name, objects.c.content_type, opens.label("opens")).join(objects, _SHARED)
        query = query.where(shares.c.container_id == container_id, _live(now))
        query = query.group_by(shares.c.name, objects.c.content_type).order_by(shares.c.name)
        return [
            Mark(name=row.name, is_directory=is_directory(row.content_type), opens=bool(row.opens))
            for row in self._connection.execute(query)
        ]

    def any_with(self, owner: ProjectId, project: ProjectId, container_id: ContainerId | None = None) -> bool:
        names = _names_of(project)
        query = select(literal(1)).join_from(names, shares, shares.c.grantee == names.c.grantee)
        query = query.where(shares.c.project_id == owner)
        if container_id is not None:
            query = query.where(shares.c.container_id == container_id)
        return self._connection.execute(query.limit(1)).first() is not None

    def sharers(self, project: ProjectId, *, after: str = "", limit: int) -> list[tuple[ProjectId, Moment]]:
        """From account to account, by an index: it does not matter how much each of them shares."""
        names = _names_of(project)
        walk = select(_next_owner(names, literal(after)).label("owner")).cte("walk", recursive=True)
        further = _next_owner(names, walk.c.owner, walk)
        walk = walk.union_all(select(further).where(walk.c.owner.is_not(None)))
        home = select(projects.c.domain_id).where(projects.c.id == project).scalar_subquery()
        query = select(walk.c.owner, accounts.c.created_at)
        query = query.join(projects, projects.c.id == walk.c.owner).join(
            accounts, accounts.c.project_id == walk.c.owner
        )
        query = query.where(walk.c.owner != project, projects.c.domain_id == home).order_by(walk.c.owner).limit(limit)
        return [(row.owner, row.created_at) for row in self._connection.execute(query)]


def containers_with(part: Only) -> ColumnElement[bool]:
    """The condition for a row of ``containers`` that something of that part is in it."""
    conditions: list[ColumnElement[bool]] = []
    if part.opened_to is not None:
        names = _names_of(part.opened_to)
        mine = (shares.c.grantee == names.c.grantee, shares.c.project_id == containers.c.project_id)
        inside = select(names.c.grantee).where(*mine, shares.c.container_id == containers.c.id)
        conditions.append(exists(inside.correlate(containers)))
    if part.shared:
        conditions.append(exists().where(shares.c.container_id == containers.c.id))
    if part.public:
        conditions.append(exists().where(public_links.c.container_id == containers.c.id))
    return or_(*conditions)


def require_object(connection: Connection, container_id: ContainerId, name: str) -> None:
    """Let the object stay, and nobody else set what is shared of it, until this transaction ends. Raises NotFound."""
    key = (objects.c.container_id == container_id, objects.c.name == name)
    query = select(objects.c.id).where(*key).with_for_update(key_share=True)
    if connection.execute(query).first() is None:
        raise NotFound("object", name)


def _of(container_id: ContainerId, now: Moment) -> Select[Any]:
    query = select(shares, objects.c.content_type).join(objects, _SHARED)
    return query.where(shares.c.container_id == container_id, _live(now))


def _live(now: Moment) -> ColumnElement[bool]:
    return or_(objects.c.delete_at.is_(None), objects.c.delete_at > now)


def _names_of(project: ProjectId) -> CTE:
    """All that a sharing may call a project."""
    itself = select(literal(project).label("grantee"))
    groups = select(_GROUP).where(account_groups.c.member == project)
    return union_all(itself, select(literal(EVERYBODY)), groups).cte("names")


def _next_owner(names: CTE, behind: ColumnElement[str], *around: CTE) -> ColumnElement[str]:
    """The first account behind one that shares something with any of these grantees; ``around``: where that one is."""
    its = select(shares.c.project_id).where(shares.c.grantee == names.c.grantee, shares.c.project_id > behind)
    first = its.order_by(shares.c.project_id).limit(1).correlate(names, *around).scalar_subquery()
    return select(func.min(first)).select_from(names).correlate(*around).scalar_subquery()


def _share(name: str, rows: Iterable[Row[Any]]) -> Share:
    lists: dict[bool, list[Grantee]] = {False: [], True: []}
    kind = ""
    for row in rows:
        lists[row.writes].append(row.grantee)
        kind = row.content_type
    sharing = Sharing(readers=tuple(sorted(lists[False])), writers=tuple(sorted(lists[True])))
    return Share(name=name, is_directory=is_directory(kind), sharing=sharing)
