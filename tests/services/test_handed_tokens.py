"""Tokens that the administrator hands out."""

from __future__ import annotations

import itertools

import pytest

from imageferry.db.records import SqlRecords
from imageferry.domain.access import Role, Where
from imageferry.domain.errors import BadInput, Forbidden, NotFound
from imageferry.domain.identity import BY_ADMIN
from imageferry.domain.moment import SECOND
from imageferry.service.handed_tokens import HandedTokens
from imageferry.service.identity_admin import IdentityAdmin
from imageferry.service.issuing import secret_word, token_hash
from tests.contracts.records_things import START
from tests.services.test_identity_admin import PlainHasher


@pytest.fixture
def admin(records: SqlRecords) -> IdentityAdmin:
    made = IdentityAdmin(records, PlainHasher())
    made.first_start("pw", lambda _: None)
    return made


@pytest.fixture
def tokens(records: SqlRecords) -> HandedTokens:
    numbers = itertools.count(1)
    return HandedTokens(records, lambda: START, new_secret=lambda: f"secret-{next(numbers)}")


def test_it_is_kept_as_a_hash_for_its_project_and_its_days(
    records: SqlRecords, admin: IdentityAdmin, tokens: HandedTokens
) -> None:
    user, other = admin.user("admin"), admin.add_project("other")
    admin.grant(user, other, Role.READER)
    assert tokens.issue(user, days=1) == "secret-1"
    assert tokens.issue(user, other, days=30) == "secret-2"
    with records.reading() as session:
        assert session.identity.token("secret-1") is None
        first, second = (session.identity.token(token_hash(f"secret-{n}")) for n in (1, 2))
    assert first is not None
    assert second is not None
    assert first.where == Where.project(admin.project("admin").id)
    assert second.where == Where.project(other.id)
    assert first.methods == (BY_ADMIN,)
    assert (first.expires_at - START, second.expires_at - START) == (86400 * SECOND, 30 * 86400 * SECOND)


def test_secrets_are_long_and_never_the_same(records: SqlRecords, admin: IdentityAdmin) -> None:
    tokens = HandedTokens(records, lambda: START)
    made = {tokens.issue(admin.user("admin"), days=1) for _ in range(20)}
    assert len(made) == 20
    assert all(len(secret) == 64 for secret in made)


def test_none_is_handed_out_for_nothing(admin: IdentityAdmin, tokens: HandedTokens) -> None:
    user = admin.add_user("nobody", "pw")
    with pytest.raises(BadInput, match="no default project"):
        tokens.issue(user, days=1)
    with pytest.raises(Forbidden, match="no role"):
        tokens.issue(user, admin.project("admin"), days=1)
    admin.delete(user)
    with pytest.raises((Forbidden, NotFound)):
        tokens.issue(user, admin.project("admin"), days=1)


def test_all_of_a_user_are_revoked_at_once_and_nobody_elses(
    records: SqlRecords, admin: IdentityAdmin, tokens: HandedTokens
) -> None:
    user, friend = admin.user("admin"), admin.add_user("friend", "pw", default_project=admin.project("admin").id)
    admin.grant(friend, admin.project("admin"), Role.READER)
    for person in (user, user, friend):
        tokens.issue(person, days=1)
    assert tokens.revoke(user) == 2
    assert tokens.revoke(user) == 0
    with records.reading() as session:
        kept = [session.identity.token(token_hash(f"secret-{n}")) is not None for n in (1, 2, 3)]
    assert kept == [False, False, True]


def test_no_secret_that_people_paste_looks_like_an_option(monkeypatch: pytest.MonkeyPatch) -> None:
    words = iter(["-f", "--force", "_fine-"])
    monkeypatch.setattr("secrets.token_urlsafe", lambda _: next(words))
    assert secret_word(32) == "_fine-"
