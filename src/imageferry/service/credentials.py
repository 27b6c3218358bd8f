"""Application credentials: a log-in for a program, which its user can end without changing the password."""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Callable, Collection

from imageferry.domain.access import Act, Caller, Role, UserId, allow
from imageferry.domain.errors import BadInput, NotFound
from imageferry.domain.identity import AppCredential, AppCredentialId, checked_name, checked_text
from imageferry.domain.moment import Moment
from imageferry.ports.clock import Clock
from imageferry.ports.records import Records, Session
from imageferry.service.passwords import PasswordHasher


class Credentials:
    """Makes, shows and deletes them. Only a hash of a secret is kept."""

    def __init__(
        self,
        records: Records,
        hasher: PasswordHasher,
        clock: Clock,
        *,
        new_secret: Callable[[], str] = lambda: secrets.token_urlsafe(64),
    ) -> None:
        self._records = records
        self._hasher = hasher
        self._clock = clock
        self._new_secret = new_secret

    def make(
        self,
        caller: Caller,
        user_id: UserId,
        name: str,
        *,
        description: str = "",
        roles: Collection[Role] | None = None,
        secret: str | None = None,
        expires_at: Moment | None = None,
        unrestricted: bool = False,
    ) -> tuple[AppCredential, str]:
        """One for the caller, in the caller's project.

        Args:
            roles: by default those of the token at hand; never others.
            secret: by default a new one.

        Returns:
            The credential and its secret, which is never shown again.

        Raises:
            Forbidden: for another user, without a project, or by a restricted application credential.
            BadInput: a role that the token does not have, or a time that has gone by.
            AlreadyExists: the user has one of that name.
        """
        allow(caller, Act.MAKE_CREDENTIALS, user=user_id)
        given = caller.roles if roles is None else frozenset(roles)
        if not given <= caller.roles:
            raise BadInput(
                "roles", sorted(given - caller.roles), f"roles of your token: {', '.join(sorted(caller.roles))}"
            )
        if expires_at is not None and expires_at <= self._clock():
            raise BadInput("expires_at", "a time that has gone by", "a time to come")
        credential = AppCredential(
            id=AppCredentialId(uuid.uuid4().hex),
            name=checked_name("application credential", name),
            user_id=user_id,
            project_id=caller.project,
            roles=given,
            description=checked_text("description", description),
            expires_at=expires_at,
            unrestricted=unrestricted,
        )
        secret = secret or self._new_secret()
        secret_hash = self._hasher.hash(checked_text("secret", secret))
        with self._records.writing() as session:
            session.credentials.add(credential, secret_hash)
        return credential, secret

    def list(self, caller: Caller, user_id: UserId, *, name: str | None = None) -> list[AppCredential]:
        allow(caller, Act.READ_CREDENTIALS, user=user_id)
        with self._records.reading() as session:
            if session.identity.user(user_id) is None:
                raise NotFound("user", user_id)
            return [item for item in session.credentials.of(user_id) if name in (None, item.name)]

    def show(self, caller: Caller, user_id: UserId, credential_id: AppCredentialId) -> AppCredential:
        allow(caller, Act.READ_CREDENTIALS, user=user_id)
        with self._records.reading() as session:
            return _of(session, user_id, credential_id)

    def delete(self, caller: Caller, user_id: UserId, credential_id: AppCredentialId) -> None:
        """Also ends every token that was made with it."""
        allow(caller, Act.DELETE_CREDENTIALS, user=user_id)
        with self._records.writing() as session:
            session.credentials.delete(_of(session, user_id, credential_id).id)


def _of(session: Session, user_id: UserId, credential_id: AppCredentialId) -> AppCredential:
    found = session.credentials.get(credential_id)
    if found is None or found.user_id != user_id:
        raise NotFound("application credential", credential_id)
    return found
