"""The records contract: domains, projects, users, grants and tokens."""

from __future__ import annotations

from dataclasses import replace

import pytest

from imageferry.domain.access import SYSTEM, DomainId, ProjectId, Role, UserId, Where
from imageferry.domain.errors import AlreadyExists, NotEmpty, NotFound
from imageferry.domain.identity import Domain, Project, User
from imageferry.ports.records import Records, TokenRow
from tests.contracts.records_things import UGLY_NAMES, a_domain, a_project, a_user, at

NOBODY = UserId("nobody")
NOWHERE = ProjectId("nowhere")
NO_DOMAIN = DomainId("nowhere")


def a_token(user_id: UserId, project_id: ProjectId | None = None, text: str = "a" * 64, end: float = 60) -> TokenRow:
    return TokenRow(
        hash=text,
        user_id=user_id,
        where=None if project_id is None else Where.project(project_id),
        methods=("password",),
        issued_at=at(0),
        expires_at=at(end),
        audit_ids=("one", "two"),
    )


class IdentityContract:
    def test_a_domain_is_found_by_id_and_by_name(self, records: Records) -> None:
        domain = Domain(id=DomainId("d"), name="Domäne", enabled=False)
        with records.writing() as session:
            session.identity.add_domain(domain)
        with records.reading() as session:
            assert session.identity.domain(domain.id) == domain
            assert session.identity.domain_by_name("Domäne") == domain
            assert session.identity.domain(DomainId("x")) is None
            assert session.identity.domain_by_name("domäne") is None

    @pytest.mark.parametrize("twin", [Domain(id=DomainId("d"), name="x"), Domain(id=DomainId("x"), name="D")])
    def test_two_domains_share_neither_id_nor_name(self, records: Records, twin: Domain) -> None:
        with records.writing() as session:
            session.identity.add_domain(Domain(id=DomainId("d"), name="D"))
            with pytest.raises(AlreadyExists):
                session.identity.add_domain(twin)

    def test_domains_come_by_the_bytes_of_their_names(self, records: Records) -> None:
        with records.writing() as session:
            for name in UGLY_NAMES:
                a_domain(session, name)
            assert [domain.name for domain in session.identity.domains()] == sorted(UGLY_NAMES)

    def test_a_domain_is_changed_and_goes_when_nothing_is_in_it(self, records: Records) -> None:
        with records.writing() as session:
            one, other = a_domain(session, "one"), a_domain(session, "other")
            changed = replace(one, name="new", enabled=False, description="words")
            session.identity.update_domain(changed)
            assert session.identity.domain(one.id) == changed
            with pytest.raises(AlreadyExists, match="other"):
                session.identity.update_domain(replace(one, name="other"))
            project, user = a_project(session, one), a_user(session, one)
            with pytest.raises(NotEmpty):
                session.identity.delete_domain(one.id)
            session.identity.delete_project(project.id)
            with pytest.raises(NotEmpty):
                session.identity.delete_domain(one.id)
            session.identity.delete_user(user.id)
            session.identity.delete_domain(one.id)
            assert session.identity.domains() == [other]
            with pytest.raises(NotFound):
                session.identity.delete_domain(one.id)
            with pytest.raises(NotFound):
                session.identity.update_domain(one)

    def test_a_project_is_found_with_its_domain(self, records: Records) -> None:
        with records.writing() as session:
            domain = a_domain(session)
            project = Project(id=ProjectId("p"), name="P", domain=domain, description="what for", enabled=False)
            session.identity.add_project(project)
            assert session.identity.project(project.id) == project
            assert session.identity.project_by_name("P", domain.id) == project
            assert session.identity.project_by_name("P", DomainId("x")) is None
            assert session.identity.project(NOWHERE) is None

    def test_names_of_projects_and_users_are_unique_within_a_domain_only(self, records: Records) -> None:
        with records.writing() as session:
            one, other = a_domain(session, "one"), a_domain(session, "other")
            for domain in (one, other):
                a_project(session, domain, "same")
                a_user(session, domain, "same")
            with pytest.raises(AlreadyExists, match="project"):
                a_project(session, one, "same")
            with pytest.raises(AlreadyExists, match="user"):
                a_user(session, other, "same")

    def test_nothing_is_added_to_a_domain_that_is_not_there(self, records: Records) -> None:
        nowhere = Domain(id=DomainId("x"), name="x")
        with records.writing() as session:
            with pytest.raises(NotFound, match="domain"):
                a_project(session, nowhere)
            with pytest.raises(NotFound, match="domain"):
                a_user(session, nowhere)

    def test_projects_are_listed_by_id_and_by_what_is_asked(self, records: Records) -> None:
        with records.writing() as session:
            one, other = a_domain(session, "one"), a_domain(session, "other")
            kept = sorted((a_project(session, one, f"p{n}") for n in range(5)), key=lambda project: project.id)
            alien = a_project(session, other, "p1")
            user = a_user(session, one)
            for role in (Role.MEMBER, Role.READER):
                session.identity.grant(user.id, Where.project(alien.id), role)
            assert session.identity.projects(domain_id=one.id) == kept
            assert session.identity.projects(domain_id=one.id, after=kept[1].id, limit=2) == kept[2:4]
            assert {project.domain.name for project in session.identity.projects(name="p1")} == {"one", "other"}
            assert session.identity.projects(user_id=user.id) == [alien]

    def test_users_are_listed_by_id_and_by_what_is_asked(self, records: Records) -> None:
        with records.writing() as session:
            one, other = a_domain(session, "one"), a_domain(session, "other")
            kept = sorted((a_user(session, one, f"u{n}") for n in range(5)), key=lambda user: user.id)
            a_user(session, other, "u1")
            assert session.identity.users(domain_id=one.id) == kept
            assert session.identity.users(domain_id=one.id, after=kept[1].id, limit=2) == kept[2:4]
            assert len(session.identity.users(name="u1")) == 2

    def test_a_changed_project_or_user_is_kept(self, records: Records) -> None:
        with records.writing() as session:
            domain = a_domain(session)
            project = replace(a_project(session, domain), name="new", description="d", enabled=False)
            new = {"name": "new", "default_project_id": project.id, "enabled": False}
            user = replace(a_user(session, domain), **new, description="who", email="who@example.org")
            session.identity.update_project(project)
            session.identity.update_user(user)
        with records.reading() as session:
            assert session.identity.project(project.id) == project
            assert session.identity.user(user.id) == user
            assert session.identity.user_by_name("new", domain.id) == user

    def test_a_name_that_is_taken_cannot_be_changed_to_and_the_transaction_goes_on(self, records: Records) -> None:
        with records.writing() as session:
            domain = a_domain(session)
            a_project(session, domain, "taken")
            a_user(session, domain, "taken")
            project, user = a_project(session, domain, "mine"), a_user(session, domain, "mine")
            with pytest.raises(AlreadyExists, match="taken"):
                session.identity.update_project(replace(project, name="taken"))
            with pytest.raises(AlreadyExists, match="taken"):
                session.identity.update_user(replace(user, name="taken"))
        with records.reading() as session:
            assert session.identity.project(project.id) == project
            assert session.identity.user(user.id) == user

    def test_what_is_not_there_cannot_be_changed(self, records: Records) -> None:
        with records.writing() as session:
            domain = a_domain(session)
            with pytest.raises(NotFound):
                session.identity.update_project(Project(id=NOWHERE, name="x", domain=domain))
            with pytest.raises(NotFound):
                session.identity.update_user(User(id=NOBODY, name="x", domain=domain))
            with pytest.raises(NotFound):
                session.identity.delete_project(NOWHERE)
            with pytest.raises(NotFound):
                session.identity.delete_user(NOBODY)
            with pytest.raises(NotFound):
                session.identity.set_password_hash(NOBODY, "x")

    def test_grants_and_tokens_go_with_the_project_or_the_user(self, records: Records) -> None:
        with records.writing() as session:
            domain = a_domain(session)
            project = a_project(session, domain)
            user, other = a_user(session, domain, "one"), a_user(session, domain, "other")
            session.identity.update_user(replace(other, default_project_id=project.id))
            for person in (user, other):
                session.identity.grant(person.id, Where.project(project.id), Role.MEMBER)
                session.identity.add_token(a_token(person.id, project.id, person.name))
            session.identity.delete_user(user.id)
            assert session.identity.token("one") is None
            assert session.identity.grants() == [(other.id, Where.project(project.id), Role.MEMBER)]
            session.identity.delete_project(project.id)
            assert session.identity.token("other") is None
            assert session.identity.grants() == []
            assert session.identity.user(other.id) == other

    def test_a_new_password_revokes_every_token_of_the_user(self, records: Records) -> None:
        with records.writing() as session:
            domain = a_domain(session)
            user, other = a_user(session, domain, "one"), a_user(session, domain, "other")
            for person in (user, other):
                session.identity.add_token(a_token(person.id, text=person.name))
            session.identity.set_password_hash(user.id, "new")
            assert session.identity.password_hash(user.id) == "new"
            assert session.identity.password_hash(other.id) == "hash"
            assert session.identity.password_hash(NOBODY) is None
            assert session.identity.token("one") is None
            assert session.identity.token("other") is not None

    def test_roles_are_granted_and_taken_back_as_often_as_one_likes(self, records: Records) -> None:
        with records.writing() as session:
            domain = a_domain(session)
            user, project = a_user(session, domain), a_project(session, domain)
            for _ in range(2):
                session.identity.grant(user.id, Where.project(project.id), Role.ADMIN)
                session.identity.grant(user.id, Where.project(project.id), Role.READER)
            assert session.identity.granted(user.id, Where.project(project.id)) == {Role.ADMIN, Role.READER}
            for _ in range(2):
                session.identity.ungrant(user.id, Where.project(project.id), Role.ADMIN)
            assert session.identity.granted(user.id, Where.project(project.id)) == {Role.READER}
            assert session.identity.grants(user_id=user.id) == [(user.id, Where.project(project.id), Role.READER)]
            assert session.identity.grants(where=Where.project(NOWHERE)) == []

    def test_a_grant_needs_a_user_and_a_project(self, records: Records) -> None:
        with records.writing() as session:
            domain = a_domain(session)
            user, project = a_user(session, domain), a_project(session, domain)
            with pytest.raises(NotFound, match="user"):
                session.identity.grant(NOBODY, Where.project(project.id), Role.MEMBER)
            with pytest.raises(NotFound, match="project"):
                session.identity.grant(user.id, Where.project(NOWHERE), Role.MEMBER)

    def test_roles_in_domains_and_on_the_system_are_kept_apart_from_those_in_projects(self, records: Records) -> None:
        with records.writing() as session:
            domain = a_domain(session)
            user, project = a_user(session, domain), a_project(session, domain)
            places = [Where.project(project.id), Where.domain(domain.id), SYSTEM]
            for where, role in zip(places, Role, strict=True):
                for _ in range(2):
                    session.identity.grant(user.id, where, role)
            for where, role in zip(places, Role, strict=True):
                assert session.identity.granted(user.id, where) == {role}
                assert session.identity.grants(where=where) == [(user.id, where, role)]
                assert session.identity.granted(NOBODY, where) == frozenset()
            everything = [(user.id, where, role) for where, role in zip(places, Role, strict=True)]
            assert session.identity.grants() == session.identity.grants(user_id=user.id) == everything
            assert (
                session.identity.grants(user_id=NOBODY) == session.identity.grants(where=Where.domain(NO_DOMAIN)) == []
            )
            for where in places:
                session.identity.ungrant(user.id, where, Role.ADMIN)
                session.identity.ungrant(user.id, where, Role.ADMIN)
            assert session.identity.grants() == everything[1:]

    def test_they_need_a_user_and_a_domain(self, records: Records) -> None:
        with records.writing() as session:
            domain = a_domain(session)
            user = a_user(session, domain)
            with pytest.raises(NotFound, match="user"):
                session.identity.grant(NOBODY, SYSTEM, Role.READER)
            with pytest.raises(NotFound, match="domain"):
                session.identity.grant(user.id, Where.domain(NO_DOMAIN), Role.READER)
            with pytest.raises(NotFound, match="domain"):
                session.identity.add_token(replace(a_token(user.id), where=Where.domain(NO_DOMAIN)))
            assert session.identity.grants() == []

    def test_they_and_their_tokens_go_with_the_domain_or_the_user(self, records: Records) -> None:
        with records.writing() as session:
            home, other = a_domain(session), a_domain(session, "other")
            user, guest = a_user(session, home), a_user(session, home, "guest")
            for person in (user, guest):
                for where in (Where.domain(other.id), SYSTEM):
                    session.identity.grant(person.id, where, Role.READER)
                    row = replace(a_token(person.id, text=f"{person.name}-{where.scope}"), where=where)
                    session.identity.add_token(row)
                    assert session.identity.token(row.hash) == row
            session.identity.delete_domain(other.id)
            assert session.identity.token("user-domain") is None
            assert session.identity.grants() == [(who, SYSTEM, Role.READER) for who in sorted((user.id, guest.id))]
            session.identity.delete_user(user.id)
            assert session.identity.token("user-system") is None
            assert session.identity.token("guest-system") is not None
            assert session.identity.grants() == [(guest.id, SYSTEM, Role.READER)]

    def test_a_token_is_kept_as_it_was_given_and_deleted_once(self, records: Records) -> None:
        with records.writing() as session:
            domain = a_domain(session)
            user, project = a_user(session, domain), a_project(session, domain)
            scoped, unscoped = a_token(user.id, project.id, "scoped"), a_token(user.id, None, "unscoped")
            session.identity.add_token(scoped)
            session.identity.add_token(unscoped)
            assert session.identity.token("scoped") == scoped
            assert session.identity.token("unscoped") == unscoped
            assert session.identity.delete_token("scoped")
            assert not session.identity.delete_token("scoped")
            assert session.identity.token("scoped") is None

    def test_the_tokens_of_a_user_and_a_method_are_deleted_and_no_others(self, records: Records) -> None:
        with records.writing() as session:
            domain = a_domain(session)
            user, other = a_user(session, domain, "one"), a_user(session, domain, "other")
            for text, person, methods in (
                ("handed", user, ("admin",)),
                ("made-from-it", user, ("token", "admin")),
                ("logged-in", user, ("password",)),
                ("administered", user, ("administration",)),
                ("another's", other, ("admin",)),
            ):
                session.identity.add_token(replace(a_token(person.id, text=text), methods=methods))
            assert session.identity.delete_tokens_of(user.id, method="admin") == 2
            assert session.identity.delete_tokens_of(user.id, method="admin") == 0
            assert session.identity.delete_tokens_of(NOBODY, method="admin") == 0
            left = ("logged-in", "administered", "another's")
            assert all(session.identity.token(text) is not None for text in left)
            assert session.identity.token("handed") is session.identity.token("made-from-it") is None

    def test_a_token_of_nobody_is_not_kept(self, records: Records) -> None:
        with records.writing() as session, pytest.raises(NotFound, match="user"):
            session.identity.add_token(a_token(NOBODY))

    def test_tokens_that_expired_before_a_moment_are_removed_and_counted(self, records: Records) -> None:
        with records.writing() as session:
            user = a_user(session, a_domain(session))
            for end in (10, 20, 30):
                session.identity.add_token(a_token(user.id, text=str(end), end=end))
            assert session.identity.delete_tokens(expired_before=at(20)) == 1
            assert session.identity.token("10") is None
            assert session.identity.token("20") is not None
