"""Tokens that the administrator hands out: for programs that cannot log in, such as the clients of Synnefo."""

from __future__ import annotations

import secrets
from collections.abc import Callable

from imageferry.domain.access import ProjectId, Where
from imageferry.domain.errors import BadInput, Forbidden
from imageferry.domain.identity import BY_ADMIN, Project, User
from imageferry.domain.moment import later
from imageferry.ports.clock import Clock
from imageferry.ports.records import Records, TokenRow
from imageferry.service.issuing import audit_id, token_hash

_DAY = 86400.0  # seconds


class HandedTokens:
    """Issues and revokes them. As with all tokens, only a hash is kept, and roles are those of the day of use."""

    def __init__(
        self,
        records: Records,
        clock: Clock,
        *,
        new_secret: Callable[[], str] = lambda: secrets.token_hex(32),  # a word without "-": people copy it
    ) -> None:
        self._records = records
        self._clock = clock
        self._new_secret = new_secret

    def issue(self, user: User, project: Project | None = None, *, days: int) -> str:
        """A token for one project, by default the user's default project.

        Returns:
            The token, which is never shown again.

        Raises:
            BadInput: no project is named, and the user has no default.
            Forbidden: the user has no role there.
            NotFound: user or project are gone meanwhile.
        """
        project_id = user.default_project_id if project is None else project.id
        if project_id is None:
            raise BadInput("project", "none", f"one that is named, for {user.name} has no default project")
        secret, where, now = self._new_secret(), Where.project(ProjectId(project_id)), self._clock()
        row = TokenRow(
            hash=token_hash(secret),
            user_id=user.id,
            where=where,
            methods=(BY_ADMIN,),
            issued_at=now,
            expires_at=later(now, seconds=days * _DAY),
            audit_ids=(audit_id(),),
        )
        with self._records.writing() as session:
            if not session.identity.granted(user.id, where):
                raise Forbidden(
                    f"hand out a token for a project in which {user.name} has no role",
                    "Give one with imageferry admin role add.",
                )
            session.identity.add_token(row)
        return secret

    def revoke(self, user: User) -> int:
        """End all that were handed out to the user, and what was made from them; how many there were."""
        with self._records.writing() as session:
            return session.identity.delete_tokens_of(user.id, method=BY_ADMIN)
