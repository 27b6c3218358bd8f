"""Who may do what: the table of acts, by role and by what the token is for."""

from __future__ import annotations

import pytest

from imageferry.domain.access import IMPLIED, NEEDED, Act, Caller, DomainId, ProjectId, Role, Scope, UserId, allow, may
from imageferry.domain.errors import Forbidden, NotAuthenticated

IDENTITY = {Act.READ_IDENTITY, Act.READ_SERVICES, Act.MANAGE_IDENTITY}


def a_caller(role: Role, scope: Scope | None) -> Caller:
    return Caller(
        user_id=UserId("u"),
        project_id=ProjectId("p") if scope is Scope.PROJECT else None,
        domain_id=DomainId("d") if scope is Scope.DOMAIN else None,
        system=scope is Scope.SYSTEM,
        roles=IMPLIED[role] if scope is not None else frozenset(),
    )


@pytest.mark.parametrize("scope", [Scope.DOMAIN, Scope.SYSTEM, None])
@pytest.mark.parametrize("act", [act for act in Act if NEEDED[act] is not None and act not in IDENTITY])
def test_without_a_project_nothing_that_belongs_to_projects_is_open(act: Act, scope: Scope | None) -> None:
    caller = a_caller(Role.ADMIN, scope)
    assert not may(caller, act)
    for owner in (None, ProjectId("p")):
        with pytest.raises(Forbidden, match="project scope"):
            allow(caller, act, owner=owner)
    assert not caller.is_admin


@pytest.mark.parametrize(
    ("act", "scope", "least"),
    [
        (Act.READ_IDENTITY, Scope.PROJECT, Role.ADMIN),
        (Act.READ_IDENTITY, Scope.SYSTEM, Role.READER),
        (Act.READ_IDENTITY, Scope.DOMAIN, Role.READER),
        (Act.MANAGE_IDENTITY, Scope.PROJECT, Role.ADMIN),
        (Act.MANAGE_IDENTITY, Scope.SYSTEM, Role.ADMIN),
        (Act.MANAGE_IDENTITY, Scope.DOMAIN, None),
        (Act.READ_SERVICES, Scope.SYSTEM, Role.READER),
        (Act.READ_SERVICES, Scope.DOMAIN, None),
    ],
)
def test_identity_by_scope_and_role(act: Act, scope: Scope, least: Role | None) -> None:
    for role in Role:
        enough = least is not None and least in IMPLIED[role]
        assert may(a_caller(role, scope), act) is enough
        if enough:
            assert allow(a_caller(role, scope), act)
        else:
            with pytest.raises(Forbidden):
                allow(a_caller(role, scope), act)


def test_every_act_has_a_row_and_nobody_may_do_anything() -> None:
    assert set(NEEDED) == set(Act)
    for act in Act:
        for nobody in (None, Caller.guest()):
            with pytest.raises(NotAuthenticated):
                allow(nobody, act)


def test_what_is_ones_own_stays_ones_own() -> None:
    stranger, admin = a_caller(Role.READER, Scope.SYSTEM), a_caller(Role.ADMIN, Scope.SYSTEM)
    for act in (Act.READ_CREDENTIALS, Act.DELETE_CREDENTIALS):
        assert allow(admin, act, user=UserId("other"))
        with pytest.raises(Forbidden):
            allow(stranger, act, user=UserId("other"))
    with pytest.raises(Forbidden):
        allow(admin, Act.CHANGE_LOGIN, user=UserId("other"))
