"""Log-ins, and the tokens that prove them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from imageferry.domain.access import IMPLIED, SYSTEM, Act, Caller, Role, Where, may
from imageferry.domain.errors import Forbidden, NotAuthenticated, NotFound
from imageferry.domain.identity import (
    AppCredential,
    Domain,
    Login,
    NamedDomain,
    NamedIn,
    Project,
    ScopeWish,
    Token,
    User,
    Wanted,
)
from imageferry.domain.moment import later
from imageferry.ports.clock import Clock
from imageferry.ports.records import Records, Session, TokenRow
from imageferry.service.directory import Directory
from imageferry.service.issuing import audit_id, secret_word, token_hash
from imageferry.service.naming import find_credential, find_domain, find_project, find_user
from imageferry.service.passwords import Nobody, PasswordHasher


class Identity(Directory):
    """Log-ins and tokens, beside the look-ups of ``Directory``."""

    def __init__(
        self,
        records: Records,
        hasher: PasswordHasher,
        clock: Clock,
        *,
        token_s: float = 3 * 3600.0,
        new_secret: Callable[[], str] = lambda: secret_word(32),
    ) -> None:
        super().__init__(records)
        self._hasher = hasher
        self._clock = clock
        self._token_s = token_s
        self._new_secret = new_secret
        self._nobody = Nobody(hasher)

    # -- tokens --------------------------------------------------------------

    def log_in(self, login: Login, scope: ScopeWish = Wanted.DEFAULT) -> tuple[str, Token]:
        """Issue a token.

        Returns:
            The token as its bearer must send it, and what it says.

        Raises:
            NotAuthenticated: for every reason alike; the reason stays in ``why`` for the log.
            Forbidden: a token for the system is offered for one of a project or domain.
        """
        parent = None if login.token is None else self._token(login.token)
        if parent is not None and parent[0].system and not isinstance(scope, Wanted):
            raise Forbidden("use a token for the system to get one for a project or domain", "Use the password.")
        now = self._clock()
        credential = self._credential_of(login, parent, scope)
        user = self._user_of(login, parent, credential)
        where = self._where_for(user, scope, parent, credential)
        expires_at = later(now, seconds=self._token_s)
        if parent is not None and login.password is None:
            # A token made from a token dies with it: re-scoping must not prolong anything, nor last a year.
            expires_at = min(expires_at, parent[1].expires_at)
        if credential is not None and credential.expires_at is not None:
            expires_at = min(expires_at, credential.expires_at)
        row = TokenRow(
            hash="",
            user_id=user.id,
            where=where,
            methods=_methods(login, parent[1] if parent else None),
            issued_at=now,
            expires_at=expires_at,
            audit_ids=(audit_id(), *(parent[1].audit_ids[-1:] if parent else ())),
            credential_id=None if credential is None else credential.id,
        )
        secret = self._new_secret()
        with self._records.writing() as session:
            session.identity.add_token(replace(row, hash=token_hash(secret)))
            return secret, self._described(session, row)

    def validate(self, secret: str) -> Token:
        """What a token says now: roles and names are those of today.

        Raises:
            NotAuthenticated: unknown, expired, revoked, or its user or project is disabled.
        """
        return self._token(secret)[0]

    def caller(self, secret: str) -> Caller:
        return self.validate(secret).caller

    def examine(self, caller: Caller | None, secret: str, *, expired_too: bool = False) -> Token:
        """What somebody's token says: one's own, or anybody's for an admin.

        Args:
            expired_too: also what is expired and not yet forgotten; an admin's wish only, others' is passed over.

        Raises:
            NotFound: there is no such token, or it is no longer good.
            Forbidden: it is another user's.
        """
        if caller is None:
            raise NotAuthenticated("no token")
        try:
            token, _ = self._token(secret, expired_too=expired_too and may(caller, Act.MANAGE_IDENTITY))
        except NotAuthenticated as error:
            raise NotFound("token", "(not shown)") from error
        if token.user.id != caller.user_id and not may(caller, Act.MANAGE_IDENTITY):
            raise Forbidden("examine another user's token")
        return token

    def revoke(self, secret: str) -> None:
        """Raises NotFound: there is no such token."""
        with self._records.writing() as session:
            if not session.identity.delete_token(token_hash(secret)):
                raise NotFound("token", "(not shown)")

    def _token(self, secret: str, *, expired_too: bool = False) -> tuple[Token, TokenRow]:
        with self._records.reading() as session:
            row = session.identity.token(token_hash(secret))
            if row is None:
                raise NotAuthenticated("unknown token")
            if row.expires_at <= self._clock() and not expired_too:
                raise NotAuthenticated("expired token")
            return self._described(session, row), row

    def _described(self, session: Session, row: TokenRow) -> Token:
        user = session.identity.user(row.user_id)
        if user is None or not user.enabled or not user.domain.enabled:
            raise NotAuthenticated("the user is gone or disabled")
        place, credential, roles = None, None, frozenset[Role]()
        if row.where is not None:
            place = _open_place(session, row.where)
            roles = _with_implied(session.identity.granted(user.id, row.where))
            if row.credential_id is not None:
                credential = session.credentials.get(row.credential_id)
                if credential is None:
                    raise NotAuthenticated("the application credential is gone")
                roles &= _with_implied(credential.roles)  # a role that was taken from the user is gone here too
            if not roles:
                raise NotAuthenticated(f"no role on the {row.where.scope}")
        return Token(
            user=user,
            project=place if isinstance(place, Project) else None,
            domain=place if isinstance(place, Domain) else None,
            system=row.where == SYSTEM,
            roles=roles,
            methods=row.methods,
            issued_at=row.issued_at,
            expires_at=row.expires_at,
            audit_ids=row.audit_ids,
            credential=credential,
        )

    def _credential_of(
        self, login: Login, parent: tuple[Token, TokenRow] | None, scope: ScopeWish
    ) -> AppCredential | None:
        """The application credential that stands behind a log-in: offered now, or behind the token that was."""
        if login.credential is None or login.secret is None:
            return None if parent is None else parent[0].credential
        with self._records.reading() as session:
            credential = find_credential(session, login)
            secret_hash = None if credential is None else session.credentials.secret_hash(credential.id)
        right = self._hasher.verify(secret_hash or self._nobody.hash, login.secret)
        if credential is None or secret_hash is None or not right:
            raise NotAuthenticated("unknown application credential or wrong secret")
        if credential.expires_at is not None and credential.expires_at <= self._clock():
            raise NotAuthenticated("expired application credential")
        if scope is not Wanted.DEFAULT:
            raise NotAuthenticated("an application credential has its own scope")
        return credential

    def _user_of(self, login: Login, parent: tuple[Token, TokenRow] | None, credential: AppCredential | None) -> User:
        if login.credential is not None and credential is not None:
            with self._records.reading() as session:
                owner = session.identity.user(credential.user_id)
            if owner is None:
                raise NotAuthenticated("the user is gone")
            return owner
        if login.password is None:
            if parent is None:
                raise NotAuthenticated("neither password nor token")
            return parent[0].user
        with self._records.reading() as session:
            user = None if login.user is None else find_user(session, login.user)
            password_hash = None if user is None else session.identity.password_hash(user.id)
        # An unknown user costs as long as a wrong password, so that names cannot be guessed by time.
        right = self._hasher.verify(password_hash or self._nobody.hash, login.password)
        if user is None or password_hash is None or not right:
            raise NotAuthenticated("unknown user or wrong password")
        if not user.enabled or not user.domain.enabled:
            raise NotAuthenticated("the user is disabled")
        if parent is not None and parent[0].user.id != user.id:
            raise NotAuthenticated("token and password are of different users")
        return user

    def _where_for(
        self,
        user: User,
        wish: ScopeWish,
        parent: tuple[Token, TokenRow] | None,
        credential: AppCredential | None,
    ) -> Where | None:
        if credential is not None:
            return self._where_of(credential, wish)
        with self._records.reading() as session:
            if wish is not Wanted.DEFAULT:
                where = _named(session, wish)
                if where is not None and not session.identity.granted(user.id, where):
                    raise NotAuthenticated(f"no role on the {where.scope}")
                return where
            if user.default_project_id is None or (parent is not None and parent[0].system):
                return None
            where = Where.project(user.default_project_id)
            project = session.identity.project(user.default_project_id)
            useful = project is not None and project.enabled and project.domain.enabled
            # A default that is of no use must not keep its user out.
            return where if useful and session.identity.granted(user.id, where) else None

    def _where_of(self, credential: AppCredential, wish: ScopeWish) -> Where:
        """An application credential, and every token made from one of its tokens, stays in its project."""
        where = Where.project(credential.project_id)
        with self._records.reading() as session:
            if wish is not Wanted.DEFAULT and _named(session, wish) != where:
                raise NotAuthenticated("not the project of the application credential")
        return where


def _named(session: Session, wish: ScopeWish) -> Where | None:
    """What a stranger names; None: nothing, on purpose. Raises NotAuthenticated: there is no such thing."""
    if isinstance(wish, NamedIn):
        project = find_project(session, wish)
        if project is None:
            raise NotAuthenticated("unknown project")
        return Where.project(project.id)
    if isinstance(wish, NamedDomain):
        domain = find_domain(session, wish)
        if domain is None:
            raise NotAuthenticated("unknown domain")
        return Where.domain(domain.id)
    return SYSTEM if wish is Wanted.SYSTEM else None


def _open_place(session: Session, where: Where) -> Project | Domain | None:
    """What a token is good for, if that is a thing. Raises NotAuthenticated: it is gone or disabled."""
    if where.project_id is not None:
        project = session.identity.project(where.project_id)
        if project is not None and project.enabled and project.domain.enabled:
            return project
    elif where.domain_id is not None:
        domain = session.identity.domain(where.domain_id)
        if domain is not None and domain.enabled:
            return domain
    else:
        return None
    raise NotAuthenticated(f"the {where.scope} is gone or disabled")


def _with_implied(granted: frozenset[Role]) -> frozenset[Role]:
    return frozenset(implied for role in granted for implied in IMPLIED[role])


def _methods(login: Login, parent: TokenRow | None) -> tuple[str, ...]:
    """As Keystone: the methods used now, then those of the token that was offered."""
    inherited = parent.methods if parent else ()
    return tuple(dict.fromkeys((*login.methods, *inherited)))
