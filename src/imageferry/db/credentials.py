"""Application credentials in SQL."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, Row, Select, delete, select

from imageferry.db.schema import access_rules, app_credentials, projects, users
from imageferry.db.sql import added, require
from imageferry.domain.access import Role, UserId
from imageferry.domain.access_rule import AccessRule, AccessRuleId
from imageferry.domain.errors import AlreadyExists, NotFound
from imageferry.domain.identity import AppCredential, AppCredentialId

_ROWS = app_credentials.c
_RULES = access_rules.c


class SqlCredentials:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, credential: AppCredential, secret_hash: str) -> None:
        require(self._connection, users.c.id, credential.user_id, kind="user")
        require(self._connection, projects.c.id, credential.project_id, kind="project")
        values = {
            "id": credential.id,
            "user_id": credential.user_id,
            "project_id": credential.project_id,
            "name": credential.name,
            "description": credential.description,
            "roles": sorted(role.value for role in credential.roles),
            "expires_at": credential.expires_at,
            "unrestricted": credential.unrestricted,
            "secret_hash": secret_hash,
            "rules": None if credential.rules is None else [asdict(rule) for rule in credential.rules],
        }
        if not added(self._connection, app_credentials, values):
            raise AlreadyExists("application credential", credential.name)

    def get(self, credential_id: AppCredentialId) -> AppCredential | None:
        return self._first(select(app_credentials).where(_ROWS.id == credential_id))

    def by_name(self, user_id: UserId, name: str) -> AppCredential | None:
        return self._first(select(app_credentials).where(_ROWS.user_id == user_id, _ROWS.name == name))

    def of(self, user_id: UserId) -> list[AppCredential]:
        query = select(app_credentials).where(_ROWS.user_id == user_id).order_by(_ROWS.name)
        return [_credential(row) for row in self._connection.execute(query)]

    def secret_hash(self, credential_id: AppCredentialId) -> str | None:
        query = select(_ROWS.secret_hash).where(_ROWS.id == credential_id)
        return self._connection.execute(query).scalar_one_or_none()

    def delete(self, credential_id: AppCredentialId) -> None:
        if not self._connection.execute(delete(app_credentials).where(_ROWS.id == credential_id)).rowcount:
            raise NotFound("application credential", credential_id)

    def add_rule(self, user_id: UserId, rule: AccessRule) -> AccessRule:
        require(self._connection, users.c.id, user_id, kind="user")
        if added(self._connection, access_rules, {**asdict(rule), "user_id": user_id}):
            return rule
        same = (_RULES.service == rule.service, _RULES.path == rule.path, _RULES.method == rule.method)
        row = self._connection.execute(select(access_rules).where(_RULES.user_id == user_id, *same)).one()
        return _rule(row)

    def rules(self, user_id: UserId) -> list[AccessRule]:
        query = select(access_rules).where(_RULES.user_id == user_id)
        rows = self._connection.execute(query.order_by(_RULES.service, _RULES.path, _RULES.method))
        return [_rule(row) for row in rows]

    def delete_rule(self, user_id: UserId, rule_id: AccessRuleId) -> None:
        query = delete(access_rules).where(_RULES.user_id == user_id, _RULES.id == rule_id)
        if not self._connection.execute(query).rowcount:
            raise NotFound("access rule", rule_id)

    def _first(self, query: Select[Any]) -> AppCredential | None:
        row = self._connection.execute(query).first()
        return None if row is None else _credential(row)


def _credential(row: Row[Any]) -> AppCredential:
    return AppCredential(
        id=row.id,
        name=row.name,
        user_id=row.user_id,
        project_id=row.project_id,
        roles=frozenset(Role(role) for role in row.roles),
        description=row.description,
        expires_at=row.expires_at,
        unrestricted=row.unrestricted,
        rules=None if row.rules is None else tuple(AccessRule(**rule) for rule in row.rules),
    )


def _rule(row: Row[Any]) -> AccessRule:
    return AccessRule(id=row.id, service=row.service, method=row.method, path=row.path)
