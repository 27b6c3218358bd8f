"""The records contract: application credentials."""

from __future__ import annotations

from dataclasses import replace

import pytest

from imageferry.domain.access import ProjectId, Role, UserId
from imageferry.domain.access_rule import new_rule
from imageferry.domain.errors import AlreadyExists, NotFound
from imageferry.domain.identity import AppCredential, AppCredentialId, Project, User
from imageferry.ports.records import Records, Session
from tests.contracts.records_identity import a_token
from tests.contracts.records_things import UGLY_NAMES, a_domain, a_project, a_user, at


def home(session: Session) -> tuple[User, Project]:
    domain = a_domain(session)
    return a_user(session, domain), a_project(session, domain)


def a_credential(user: User, project: Project, name: str = "one") -> AppCredential:
    return AppCredential(
        id=AppCredentialId(f"id of {name} of {user.id}"),
        name=name,
        user_id=user.id,
        project_id=project.id,
        roles=frozenset({Role.MEMBER, Role.READER}),
        description="what for",
        expires_at=at(60),
        unrestricted=True,
    )


class CredentialsContract:
    def test_a_credential_is_kept_as_it_was_given(self, records: Records) -> None:
        with records.writing() as session:
            one = a_credential(*home(session))
            plain = replace(one, id=AppCredentialId("x"), name="two", expires_at=None, unrestricted=False)
            session.credentials.add(one, "hash of one")
            session.credentials.add(plain, "hash of two")
        with records.reading() as session:
            assert session.credentials.get(one.id) == one
            assert session.credentials.by_name(one.user_id, "two") == plain
            assert session.credentials.secret_hash(one.id) == "hash of one"
            assert session.credentials.get(AppCredentialId("none")) is None
            assert session.credentials.by_name(UserId("nobody"), "one") is None
            assert session.credentials.secret_hash(AppCredentialId("none")) is None

    def test_a_users_credentials_come_by_the_bytes_of_their_names(self, records: Records) -> None:
        with records.writing() as session:
            user, project = home(session)
            other = a_user(session, user.domain, "other")
            for name in UGLY_NAMES:
                session.credentials.add(a_credential(user, project, name), "hash")
            session.credentials.add(a_credential(other, project, "a"), "hash")
            assert [item.name for item in session.credentials.of(user.id)] == sorted(UGLY_NAMES)
            assert [item.name for item in session.credentials.of(other.id)] == ["a"]

    def test_names_are_unique_among_those_of_a_user(self, records: Records) -> None:
        with records.writing() as session:
            one = a_credential(*home(session))
            session.credentials.add(one, "hash")
            for twin in (replace(one, id=AppCredentialId("x")), replace(one, name="x")):
                with pytest.raises(AlreadyExists, match="application credential"):
                    session.credentials.add(twin, "hash")

    def test_one_needs_a_user_and_a_project(self, records: Records) -> None:
        with records.writing() as session:
            one = a_credential(*home(session))
            with pytest.raises(NotFound, match="user"):
                session.credentials.add(replace(one, user_id=UserId("nobody")), "hash")
            with pytest.raises(NotFound, match="project"):
                session.credentials.add(replace(one, project_id=ProjectId("nowhere")), "hash")

    @pytest.mark.parametrize("gone", ["user", "project", "credential"])
    def test_it_goes_with_its_user_and_its_project_and_takes_its_tokens_along(
        self, records: Records, gone: str
    ) -> None:
        with records.writing() as session:
            user, project = home(session)
            one = a_credential(user, project)
            session.credentials.add(one, "hash")
            token = replace(a_token(user.id, project.id, "t"), credential_id=one.id)
            session.identity.add_token(token)
            session.identity.add_token(a_token(user.id, text="by password"))
            assert session.identity.token("t") == token
            if gone == "user":
                session.identity.delete_user(user.id)
            elif gone == "project":
                session.identity.delete_project(project.id)
            else:
                session.credentials.delete(one.id)
            assert session.credentials.get(one.id) is None
            assert session.identity.token("t") is None
            assert (session.identity.token("by password") is None) == (gone == "user")

    def test_what_is_not_there_is_not_deleted_and_gives_no_token(self, records: Records) -> None:
        with records.writing() as session:
            user, _ = home(session)
            with pytest.raises(NotFound, match="application credential"):
                session.credentials.delete(AppCredentialId("none"))
            with pytest.raises(NotFound, match="application credential"):
                session.identity.add_token(replace(a_token(user.id), credential_id=AppCredentialId("none")))

    def test_rules_are_kept_once_for_each_user(self, records: Records) -> None:
        with records.writing() as session:
            user, _ = home(session)
            other = a_user(session, user.domain, "other")
            first = session.credentials.add_rule(user.id, new_rule("image", "GET", "/v2/images"))
            assert session.credentials.add_rule(user.id, new_rule("image", "GET", "/v2/images")) == first
            assert session.credentials.add_rule(other.id, new_rule("image", "GET", "/v2/images")) != first
            put = session.credentials.add_rule(user.id, new_rule("image", "PUT", "/v2/images"))
            with pytest.raises(NotFound):
                session.credentials.add_rule(UserId("nobody"), new_rule("image", "GET", "/"))
        with records.writing() as session:
            assert session.credentials.rules(user.id) == [first, put]
            with pytest.raises(NotFound):
                session.credentials.delete_rule(other.id, first.id)
            session.credentials.delete_rule(user.id, first.id)
            assert session.credentials.rules(user.id) == [put]
            assert len(session.credentials.rules(other.id)) == 1

    def test_a_credential_keeps_its_rules(self, records: Records) -> None:
        with records.writing() as session:
            one = replace(a_credential(*home(session)), rules=(new_rule("image", "GET", "/v2/images"),))
            none = replace(one, id=AppCredentialId("none"), name="none", rules=())
            session.credentials.add(one, "hash")
            session.credentials.add(none, "hash")
        with records.reading() as session:
            assert session.credentials.get(one.id) == one
            assert session.credentials.get(none.id) == none
