"""Public links and groups of accounts in SQL."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import Connection, delete, select

from imageferry.db.objects import container_in
from imageferry.db.schema import account_groups, containers, public_links
from imageferry.db.shares import require_object
from imageferry.db.sql import added, each
from imageferry.domain.access import ProjectId
from imageferry.domain.errors import AlreadyExists
from imageferry.domain.object import Container, ContainerId
from imageferry.domain.sharing import Grantee, group_grantee


class SqlLinks:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, container_id: ContainerId, name: str, token: str) -> None:
        require_object(self._connection, container_id, name)
        values = {"container_id": container_id, "name": name, "token": token}
        if not added(self._connection, public_links, values):
            raise AlreadyExists("public link", name)

    def remove(self, container_id: ContainerId, name: str) -> None:
        its = (public_links.c.container_id == container_id, public_links.c.name == name)
        self._connection.execute(delete(public_links).where(*its))

    def of(self, container_id: ContainerId, name: str) -> str | None:
        its = (public_links.c.container_id == container_id, public_links.c.name == name)
        found: str | None = self._connection.execute(select(public_links.c.token).where(*its)).scalar()
        return found

    def of_all(self, container_id: ContainerId, names: Sequence[str]) -> Mapping[str, str]:
        if not names:
            return {}
        query = select(public_links.c.name, public_links.c.token).where(public_links.c.container_id == container_id)
        query = query.where(public_links.c.name >= names[0], public_links.c.name <= names[-1])
        return {row.name: row.token for row in self._connection.execute(query)}

    def names(self, container_id: ContainerId) -> list[str]:
        query = select(public_links.c.name).where(public_links.c.container_id == container_id)
        return list(self._connection.execute(query.order_by(public_links.c.name)).scalars())

    def behind(self, token: str) -> tuple[Container, str] | None:
        query = select(containers, public_links.c.name.label("object_name"))
        query = query.join(public_links, public_links.c.container_id == containers.c.id)
        row = self._connection.execute(query.where(public_links.c.token == token)).first()
        return None if row is None else (container_in(row), row.object_name)


class SqlGroups:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def of(self, project: ProjectId) -> Mapping[str, tuple[ProjectId, ...]]:
        query = select(account_groups).where(account_groups.c.project_id == project)
        found: dict[str, tuple[ProjectId, ...]] = {}
        for row in self._connection.execute(query.order_by(account_groups.c.name, account_groups.c.member)):
            found[row.name] = (*found.get(row.name, ()), row.member)
        return found

    def joined(self, project: ProjectId, groups: Collection[Grantee]) -> set[Grantee]:
        accounts = {group.partition(":")[0] for group in groups}
        among = select(each(self._connection, sorted(accounts)).c.value)
        query = select(account_groups).where(account_groups.c.member == project, account_groups.c.project_id.in_(among))
        mine = {group_grantee(row.project_id, row.name) for row in self._connection.execute(query)}
        return mine & set(groups)

    def set(self, project: ProjectId, groups: Mapping[str, Collection[ProjectId]]) -> None:
        self._connection.execute(delete(account_groups).where(account_groups.c.project_id == project))
        rows = [
            {"project_id": project, "name": name, "member": member}
            for name, members in groups.items()
            for member in sorted(set(members))
        ]
        if rows:
            self._connection.execute(account_groups.insert(), rows)
