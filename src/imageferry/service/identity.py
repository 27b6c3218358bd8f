"""Log-ins, and the tokens that prove them."""

from __future__ import annotations

import base64
import hashlib
import os
import secrets
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

from imageferry.domain.access import IMPLIED, Caller, DomainId, ProjectId, Role, UserId
from imageferry.domain.errors import Forbidden, NotAuthenticated, NotFound
from imageferry.domain.identity import Domain, Login, NamedIn, Project, Scope, Token, User
from imageferry.domain.moment import later
from imageferry.ports.clock import Clock
from imageferry.ports.records import Records, Session, TokenRow
from imageferry.service.directory import Directory

_SLOW_HASHES = 2  # password checks at once: each takes tens of MiB and of milliseconds


class PasswordHasher(Protocol):
    """A slow, salted hash (Argon2id)."""

    def hash(self, password: str) -> str: ...
    def verify(self, password_hash: str, password: str) -> bool: ...


class Identity(Directory):
    """Log-ins and tokens, beside the look-ups of ``Directory``."""

    def __init__(
        self,
        records: Records,
        hasher: PasswordHasher,
        clock: Clock,
        *,
        token_s: float = 3 * 3600.0,
        new_secret: Callable[[], str] = lambda: secrets.token_urlsafe(32),
    ) -> None:
        super().__init__(records)
        self._hasher = hasher
        self._clock = clock
        self._token_s = token_s
        self._new_secret = new_secret
        self._hashing = threading.BoundedSemaphore(_SLOW_HASHES)
        self._nobody = ""

    # -- tokens --------------------------------------------------------------

    def log_in(self, login: Login, scope: NamedIn | str = Scope.DEFAULT) -> tuple[str, Token]:
        """Issue a token.

        Returns:
            The token as its bearer must send it, and what it says.

        Raises:
            NotAuthenticated: for every reason alike; the reason stays in ``why`` for the log.
        """
        parent = None if login.token is None else self._token(login.token)
        user = self._user_of(login, parent)
        project = self._project_for(user, scope)
        now = self._clock()
        # A token made from a token dies with it: re-scoping must not prolong anything.
        expires_at = parent[1].expires_at if parent and login.password is None else later(now, seconds=self._token_s)
        row = TokenRow(
            hash="",
            user_id=user.id,
            project_id=None if project is None else project.id,
            methods=_methods(login, parent[1] if parent else None),
            issued_at=now,
            expires_at=expires_at,
            audit_ids=(_audit_id(), *(parent[1].audit_ids[-1:] if parent else ())),
        )
        secret = self._new_secret()
        with self._records.writing() as session:
            session.identity.add_token(replace(row, hash=_token_hash(secret)))
            return secret, self._described(session, row)

    def validate(self, secret: str) -> Token:
        """What a token says now: roles and names are those of today.

        Raises:
            NotAuthenticated: unknown, expired, revoked, or its user or project is disabled.
        """
        return self._token(secret)[0]

    def caller(self, secret: str) -> Caller:
        return self.validate(secret).caller

    def examine(self, caller: Caller | None, secret: str) -> Token:
        """What somebody's token says: one's own, or anybody's for an admin.

        Raises:
            NotFound: there is no such token, or it is no longer good.
            Forbidden: it is another user's.
        """
        if caller is None:
            raise NotAuthenticated("no token")
        try:
            token = self.validate(secret)
        except NotAuthenticated as error:
            raise NotFound("token", "(not shown)") from error
        if token.user.id != caller.user_id and not caller.is_admin:
            raise Forbidden("examine another user's token")
        return token

    def revoke(self, secret: str) -> None:
        """Raises NotFound: there is no such token."""
        with self._records.writing() as session:
            if not session.identity.delete_token(_token_hash(secret)):
                raise NotFound("token", "(not shown)")

    def forget_expired_tokens(self) -> int:
        with self._records.writing() as session:
            return session.identity.delete_tokens(expired_before=self._clock())

    def _token(self, secret: str) -> tuple[Token, TokenRow]:
        with self._records.reading() as session:
            row = session.identity.token(_token_hash(secret))
            if row is None:
                raise NotAuthenticated("unknown token")
            if row.expires_at <= self._clock():
                raise NotAuthenticated("expired token")
            return self._described(session, row), row

    def _described(self, session: Session, row: TokenRow) -> Token:
        user = session.identity.user(row.user_id)
        if user is None or not user.enabled or not user.domain.enabled:
            raise NotAuthenticated("the user is gone or disabled")
        project, roles = None, frozenset[Role]()
        if row.project_id is not None:
            project = session.identity.project(row.project_id)
            if project is None or not project.enabled or not project.domain.enabled:
                raise NotAuthenticated("the project is gone or disabled")
            roles = _with_implied(session.identity.granted(user.id, project.id))
            if not roles:
                raise NotAuthenticated("no role in the project")
        return Token(
            user=user,
            project=project,
            roles=roles,
            methods=row.methods,
            issued_at=row.issued_at,
            expires_at=row.expires_at,
            audit_ids=row.audit_ids,
        )

    def _user_of(self, login: Login, parent: tuple[Token, TokenRow] | None) -> User:
        if login.password is None:
            if parent is None:
                raise NotAuthenticated("neither password nor token")
            return parent[0].user
        user = None if login.user is None else self._find_user(login.user)
        with self._records.reading() as session:
            password_hash = None if user is None else session.identity.password_hash(user.id)
        with self._hashing:
            # An unknown user costs as long as a wrong password, so that names cannot be guessed by time.
            right = self._hasher.verify(password_hash or self._nobodys_hash(), login.password)
        if user is None or password_hash is None or not right:
            raise NotAuthenticated("unknown user or wrong password")
        if not user.enabled or not user.domain.enabled:
            raise NotAuthenticated("the user is disabled")
        if parent is not None and parent[0].user.id != user.id:
            raise NotAuthenticated("token and password are of different users")
        return user

    def _nobodys_hash(self) -> str:
        self._nobody = self._nobody or self._hasher.hash(secrets.token_hex(16))
        return self._nobody

    def _project_for(self, user: User, scope: NamedIn | str) -> Project | None:
        if scope == Scope.UNSCOPED:
            return None
        with self._records.reading() as session:
            if isinstance(scope, NamedIn):
                project = _find_project(session, scope)
                if project is None:
                    raise NotAuthenticated("unknown project")
            else:
                default = user.default_project_id
                project = None if default is None else session.identity.project(default)
                if project is None:
                    return None
            trouble = ""
            if not session.identity.granted(user.id, project.id):
                trouble = "no role in the project"
            elif not project.enabled or not project.domain.enabled:
                trouble = "the project is disabled"
        if trouble and isinstance(scope, NamedIn):
            raise NotAuthenticated(trouble)
        return None if trouble else project  # a default that is of no use must not keep its user out

    def _find_user(self, named: NamedIn) -> User | None:
        with self._records.reading() as session:
            if named.id is not None:
                return session.identity.user(UserId(named.id))
            domain = _find_domain(session, named)
            if domain is None or named.name is None:
                return None
            return session.identity.user_by_name(named.name, domain.id)


def _with_implied(granted: frozenset[Role]) -> frozenset[Role]:
    return frozenset(implied for role in granted for implied in IMPLIED[role])


def _methods(login: Login, parent: TokenRow | None) -> tuple[str, ...]:
    """As Keystone: the methods used now, then those of the token that was offered."""
    inherited = parent.methods if parent else ()
    return tuple(dict.fromkeys((*login.methods, *inherited)))


def _find_domain(session: Session, named: NamedIn) -> Domain | None:
    if named.domain_id is not None:
        return session.identity.domain(DomainId(named.domain_id))
    if named.domain_name is not None:
        return session.identity.domain_by_name(named.domain_name)
    return None


def _find_project(session: Session, named: NamedIn) -> Project | None:
    if named.id is not None:
        return session.identity.project(ProjectId(named.id))
    domain = _find_domain(session, named)
    if domain is None or named.name is None:
        return None
    return session.identity.project_by_name(named.name, domain.id)


def _token_hash(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


def _audit_id() -> str:
    return base64.urlsafe_b64encode(os.urandom(16)).decode().rstrip("=")
