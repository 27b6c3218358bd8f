"""Application credentials: a log-in for a program, which its user can end without changing the password."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace

from imageferry.domain.access import Act, Caller, Role, UserId, allow
from imageferry.domain.access_rule import MAX_RULES, AccessRule, AccessRuleId
from imageferry.domain.errors import BadInput, Forbidden, NotFound, TooLarge
from imageferry.domain.identity import AppCredential, AppCredentialId, checked_name, checked_text
from imageferry.domain.moment import Moment
from imageferry.ports.clock import Clock
from imageferry.ports.records import Records, Session
from imageferry.service.issuing import secret_word
from imageferry.service.passwords import PasswordHasher


class Credentials:
    """Makes, shows and deletes them. Only a hash of a secret is kept."""

    def __init__(
        self,
        records: Records,
        hasher: PasswordHasher,
        clock: Clock,
        *,
        new_secret: Callable[[], str] = lambda: secret_word(64),
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
        rules: Sequence[AccessRule | AccessRuleId] | None = None,
    ) -> tuple[AppCredential, str]:
        """One for the caller, in the caller's project.

        Args:
            roles: by default those of the token at hand; never others.
            secret: by default a new one.
            rules: the only requests it shall be good for, new ones or the ids of the user's; None: all.

        Returns:
            The credential and its secret, which is never shown again.

        Raises:
            Forbidden: for another user, without a project, or by a restricted application credential.
            BadInput: a role that the token does not have, a time that has gone by, too many rules.
            NotFound: a rule's id is not known.
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
        if rules is not None and len(rules) > MAX_RULES:
            raise TooLarge("access_rules", MAX_RULES, len(rules), unit="rules")
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
            if rules is not None:
                credential = replace(credential, rules=_kept(session, user_id, rules))
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

    def rules(self, caller: Caller, user_id: UserId) -> Sequence[AccessRule]:
        """The rules that the user's credentials were narrowed to, those of deleted ones included."""
        allow(caller, Act.READ_CREDENTIALS, user=user_id)
        with self._records.reading() as session:
            return session.credentials.rules(user_id)

    def rule(self, caller: Caller, user_id: UserId, rule_id: AccessRuleId) -> AccessRule:
        found = next((rule for rule in self.rules(caller, user_id) if rule.id == rule_id), None)
        if found is None:
            raise NotFound("access rule", rule_id)
        return found

    def delete_rule(self, caller: Caller, user_id: UserId, rule_id: AccessRuleId) -> None:
        """Raises Forbidden: an application credential goes by it."""
        allow(caller, Act.DELETE_CREDENTIALS, user=user_id)
        with self._records.writing() as session:
            users = [item.name for item in session.credentials.of(user_id) if _goes_by(item, rule_id)]
            if users:
                advice = f"Delete the application credentials that go by it first: {', '.join(sorted(users))[:300]}."
                raise Forbidden("delete an access rule that is in use", advice)
            session.credentials.delete_rule(user_id, rule_id)

    def delete(self, caller: Caller, user_id: UserId, credential_id: AppCredentialId) -> None:
        """Also ends every token that was made with it."""
        allow(caller, Act.DELETE_CREDENTIALS, user=user_id)
        with self._records.writing() as session:
            session.credentials.delete(_of(session, user_id, credential_id).id)


def _kept(session: Session, user_id: UserId, rules: Sequence[AccessRule | AccessRuleId]) -> tuple[AccessRule, ...]:
    there = {rule.id: rule for rule in session.credentials.rules(user_id)}
    kept: dict[AccessRuleId, AccessRule] = {}
    for rule in rules:
        if isinstance(rule, str) and rule not in there:
            raise NotFound("access rule", rule)
        found = there[rule] if isinstance(rule, str) else session.credentials.add_rule(user_id, rule)
        kept[found.id] = found
    return tuple(kept.values())


def _goes_by(credential: AppCredential, rule_id: AccessRuleId) -> bool:
    return any(rule.id == rule_id for rule in credential.rules or ())


def _of(session: Session, user_id: UserId, credential_id: AppCredentialId) -> AppCredential:
    found = session.credentials.get(credential_id)
    if found is None or found.user_id != user_id:
        raise NotFound("application credential", credential_id)
    return found
