"""Roles that users hold, and their tokens, in SQL."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, Row, Table, bindparam, delete, select

from imageferry.db.schema import app_credentials, domain_grants, domains, grants, projects, system_grants, tokens, users
from imageferry.db.sql import added, require
from imageferry.domain.access import SYSTEM, DomainId, ProjectId, Role, Scope, UserId, Where
from imageferry.domain.errors import AlreadyExists
from imageferry.domain.moment import Moment
from imageferry.ports.records import TokenRow


@dataclass(frozen=True, slots=True)
class _Held:
    """A table of grants, and what its rows point to beside the user."""

    table: Table
    place: Column[str] | None = None  # in the table
    target: Column[str] | None = None  # the row it points to

    def key(self, where: Where) -> dict[str, str]:
        return {} if self.place is None else {self.place.name: where.id}

    def at(self, where: Where) -> list[ColumnElement[bool]]:
        return [] if self.place is None else [self.place == where.id]


_HELD: Mapping[Scope, _Held] = {
    Scope.PROJECT: _Held(grants, grants.c.project_id, projects.c.id),
    Scope.DOMAIN: _Held(domain_grants, domain_grants.c.domain_id, domains.c.id),
    Scope.SYSTEM: _Held(system_grants),
}

# What every request asks, made once: making a statement takes longer than running it.
_TOKEN = select(tokens).where(tokens.c.hash == bindparam("hash"))
_GRANTED = {
    scope: select(held.table.c.role).where(
        held.table.c.user_id == bindparam("user"),
        *([] if held.place is None else [held.place == bindparam("place")]),
    )
    for scope, held in _HELD.items()
}


class SqlGrants:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def grant(self, user_id: UserId, where: Where, role: Role) -> None:
        require(self._connection, users.c.id, user_id, kind="user")
        held = _HELD[where.scope]
        if held.target is not None:
            require(self._connection, held.target, where.id, kind=where.scope.value)
        added(self._connection, held.table, {"user_id": user_id, **held.key(where), "role": role.value})

    def ungrant(self, user_id: UserId, where: Where, role: Role) -> None:
        held = _HELD[where.scope]
        its_row = (held.table.c.user_id == user_id, *held.at(where), held.table.c.role == role.value)
        self._connection.execute(delete(held.table).where(*its_row))

    def granted(self, user_id: UserId, where: Where) -> frozenset[Role]:
        found = self._connection.execute(_GRANTED[where.scope], {"user": user_id, "place": where.id})
        return frozenset(Role(role) for role in found.scalars())

    def grants(self, *, user_id: UserId | None = None, where: Where | None = None) -> list[tuple[UserId, Where, Role]]:
        found = []
        for scope, held in _HELD.items():
            if where is not None and where.scope is not scope:
                continue
            query = select(held.table).order_by(*held.table.primary_key.columns)
            if user_id is not None:
                query = query.where(held.table.c.user_id == user_id)
            if where is not None:
                query = query.where(*held.at(where))
            for row in self._connection.execute(query):
                place = "" if held.place is None else row._mapping[held.place]
                found.append((UserId(row.user_id), Where(scope, place), Role(row.role)))
        return found


class SqlTokens:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add_token(self, token: TokenRow) -> None:
        require(self._connection, users.c.id, token.user_id, kind="user")
        if token.where is not None and (target := _HELD[token.where.scope].target) is not None:
            require(self._connection, target, token.where.id, kind=token.where.scope.value)
        if token.credential_id is not None:
            require(self._connection, app_credentials.c.id, token.credential_id, kind="application credential")
        values = {
            "hash": token.hash,
            "user_id": token.user_id,
            "project_id": None if token.where is None else token.where.project_id,
            "domain_id": None if token.where is None else token.where.domain_id,
            "system": token.where == SYSTEM,
            "methods": list(token.methods),
            "issued_at": token.issued_at,
            "expires_at": token.expires_at,
            "audit_ids": list(token.audit_ids),
            "credential_id": token.credential_id,
        }
        if not added(self._connection, tokens, values):
            raise AlreadyExists("token", token.hash)

    def token(self, token_hash: str) -> TokenRow | None:
        row = self._connection.execute(_TOKEN, {"hash": token_hash}).first()
        if row is None:
            return None
        return TokenRow(
            hash=row.hash,
            user_id=row.user_id,
            where=_where(row),
            methods=tuple(row.methods),
            issued_at=row.issued_at,
            expires_at=row.expires_at,
            audit_ids=tuple(row.audit_ids),
            credential_id=row.credential_id,
        )

    def delete_token(self, token_hash: str) -> bool:
        return self._connection.execute(delete(tokens).where(tokens.c.hash == token_hash)).rowcount > 0

    def delete_tokens_of(self, user_id: UserId, *, method: str) -> int:
        found = self._connection.execute(select(tokens.c.hash, tokens.c.methods).where(tokens.c.user_id == user_id))
        return sum(self.delete_token(row.hash) for row in found.all() if method in row.methods)

    def delete_tokens(self, *, expired_before: Moment) -> int:
        return self._connection.execute(delete(tokens).where(tokens.c.expires_at < expired_before)).rowcount


def _where(row: Row[Any]) -> Where | None:
    if row.project_id is not None:
        return Where.project(ProjectId(row.project_id))
    if row.domain_id is not None:
        return Where.domain(DomainId(row.domain_id))
    return SYSTEM if row.system else None
