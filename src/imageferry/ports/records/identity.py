"""What is remembered of users, projects and their tokens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from imageferry.domain.access import DomainId, ProjectId, Role, UserId, Where
from imageferry.domain.access_rule import AccessRule, AccessRuleId
from imageferry.domain.identity import AppCredential, AppCredentialId, Domain, Project, User
from imageferry.domain.moment import Moment


@dataclass(frozen=True, kw_only=True, slots=True)
class TokenRow:
    """A token as it is kept: roles and names are looked up afresh at every use."""

    hash: str  # SHA-256 of the token, hex; the token itself is never kept
    user_id: UserId
    where: Where | None  # None: unscoped
    methods: tuple[str, ...]
    issued_at: Moment
    expires_at: Moment
    audit_ids: tuple[str, ...]
    credential_id: AppCredentialId | None = None


class IdentityRecords(Protocol):
    def add_domain(self, domain: Domain) -> None:
        """Raises AlreadyExists (id or name)."""

    def domain(self, domain_id: DomainId) -> Domain | None: ...
    def domain_by_name(self, name: str) -> Domain | None: ...
    def domains(self) -> list[Domain]:
        """All of them, by name."""

    def update_domain(self, domain: Domain) -> None:
        """Raises NotFound, AlreadyExists (name)."""

    def delete_domain(self, domain_id: DomainId) -> None:
        """Raises NotFound, NotEmpty (a project or user is in it)."""

    def add_project(self, project: Project) -> None:
        """Raises AlreadyExists (id, or name within the domain), NotFound (domain)."""

    def project(self, project_id: ProjectId) -> Project | None: ...
    def project_by_name(self, name: str, domain_id: DomainId) -> Project | None: ...
    def projects(
        self,
        *,
        name: str | None = None,
        domain_id: DomainId | None = None,
        user_id: UserId | None = None,
        after: ProjectId | None = None,
        limit: int = 1000,
    ) -> list[Project]:
        """By id. With ``user_id``: those in which the user has a role."""

    def update_project(self, project: Project) -> None:
        """Raises NotFound, AlreadyExists (name)."""

    def delete_project(self, project_id: ProjectId) -> None:
        """Removes its grants and tokens too. Raises NotFound."""

    def add_user(self, user: User, password_hash: str) -> None:
        """Raises AlreadyExists (id, or name within the domain), NotFound (domain)."""

    def user(self, user_id: UserId) -> User | None: ...
    def user_by_name(self, name: str, domain_id: DomainId) -> User | None: ...
    def users(
        self,
        *,
        name: str | None = None,
        domain_id: DomainId | None = None,
        after: UserId | None = None,
        limit: int = 1000,
    ) -> list[User]: ...
    def update_user(self, user: User) -> None:
        """Raises NotFound, AlreadyExists (name)."""

    def delete_user(self, user_id: UserId) -> None:
        """Removes grants and tokens too. Raises NotFound."""

    def password_hash(self, user_id: UserId) -> str | None: ...
    def set_password_hash(self, user_id: UserId, password_hash: str) -> None:
        """Also revokes every token of the user. Raises NotFound."""

    def grant(self, user_id: UserId, where: Where, role: Role) -> None:
        """What is granted already is no error. Raises NotFound (user, project or domain)."""

    def ungrant(self, user_id: UserId, where: Where, role: Role) -> None:
        """What is not granted is no error."""

    def granted(self, user_id: UserId, where: Where) -> frozenset[Role]:
        """The roles as granted there, without implied ones."""

    def grants(self, *, user_id: UserId | None = None, where: Where | None = None) -> list[tuple[UserId, Where, Role]]:
        """Everything granted, or what fits: in projects first, then in domains, then on the system."""

    def add_token(self, token: TokenRow) -> None:
        """Raises NotFound (user, project, domain or application credential gone meanwhile)."""

    def token(self, token_hash: str) -> TokenRow | None:
        """Also when expired: the caller judges by its clock."""

    def delete_token(self, token_hash: str) -> bool:
        """Whether there was one."""

    def delete_tokens_of(self, user_id: UserId, *, method: str) -> int:
        """How many there were of that user, in whose making the method had a part."""

    def delete_tokens(self, *, expired_before: Moment) -> int: ...


class CredentialRecords(Protocol):
    """Application credentials. They go with their user and their project, and their tokens go with them."""

    def add(self, credential: AppCredential, secret_hash: str) -> None:
        """Raises AlreadyExists (id, or name of that user), NotFound (user or project)."""

    def get(self, credential_id: AppCredentialId) -> AppCredential | None:
        """Also when expired: the caller judges by its clock."""

    def by_name(self, user_id: UserId, name: str) -> AppCredential | None: ...
    def of(self, user_id: UserId) -> list[AppCredential]:
        """All of a user's, by name."""

    def secret_hash(self, credential_id: AppCredentialId) -> str | None: ...
    def delete(self, credential_id: AppCredentialId) -> None:
        """Raises NotFound."""

    def add_rule(self, user_id: UserId, rule: AccessRule) -> AccessRule:
        """The user's rule that says the same, if there is one; else this one, kept from now on.

        Raises:
            NotFound: no such user.
        """

    def rules(self, user_id: UserId) -> list[AccessRule]:
        """A user's, by service, path and method. They go with the user."""

    def delete_rule(self, user_id: UserId, rule_id: AccessRuleId) -> None:
        """Raises NotFound. Credentials keep the rules they were made with."""
