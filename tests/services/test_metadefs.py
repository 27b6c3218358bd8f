"""The use-cases of metadata definitions: who may do what, all or nothing, and many at once."""

from __future__ import annotations

from dataclasses import replace

import pytest

from imageferry.db.records import SqlRecords
from imageferry.domain.access import Caller, ProjectId, Role, UserId
from imageferry.domain.errors import AlreadyExists, Forbidden, NotAuthenticated, NotFound
from imageferry.domain.image import Visibility
from imageferry.domain.metadef import RESOURCE_TYPES, Kind, Outline
from imageferry.ports.records import NamespaceQuery
from imageferry.service.metadefs import Metadefs
from tests.contracts.records_things import run_at_once
from tests.services.conftest import Clock


def a_caller(role: Role, project: str = "ours") -> Caller:
    return Caller(user_id=UserId("user"), project_id=ProjectId(project), roles=frozenset({role, Role.READER}))


ADMIN = a_caller(Role.ADMIN)
MEMBER = a_caller(Role.MEMBER)
STRANGER = a_caller(Role.READER, "theirs")
PUBLIC = Outline(name="one", visibility=Visibility.PUBLIC)


@pytest.fixture
def metadefs(records: SqlRecords, clock: Clock) -> Metadefs:
    return Metadefs(records, clock)


def test_the_owner_is_the_callers_project_unless_another_is_named(metadefs: Metadefs) -> None:
    assert metadefs.create(ADMIN, PUBLIC).owner == "ours"
    theirs = metadefs.update(ADMIN, "one", replace(PUBLIC, owner=ProjectId("theirs"), visibility=Visibility.PRIVATE))
    assert theirs.owner == "theirs"
    assert metadefs.show(STRANGER, "one") == theirs
    with pytest.raises(NotFound):
        metadefs.show(MEMBER, "one")
    assert metadefs.update(ADMIN, "one", PUBLIC).owner == "ours"


def test_who_may_not_see_a_namespace_is_told_that_there_is_none_and_others_that_they_may_not(
    metadefs: Metadefs,
) -> None:
    metadefs.create(ADMIN, PUBLIC)
    for name, error in (("one", Forbidden), ("none", NotFound)):
        with pytest.raises(error):
            metadefs.delete(MEMBER, name)
        with pytest.raises(error):
            metadefs.update(MEMBER, name, PUBLIC)
    metadefs.update(ADMIN, "one", replace(PUBLIC, visibility=Visibility.PRIVATE))
    with pytest.raises(NotFound):
        metadefs.delete(STRANGER, "one")
    with pytest.raises(NotFound):
        metadefs.page(STRANGER, NamespaceQuery(marker="one"))
    with pytest.raises(NotAuthenticated):
        metadefs.show(None, "one")


def test_a_change_that_fails_changes_nothing(metadefs: Metadefs) -> None:
    made = metadefs.create(ADMIN, replace(PUBLIC, parts=[(Kind.TAG, "a", {})]))
    with pytest.raises(AlreadyExists):
        metadefs.change(ADMIN, "one", lambda space, now: space.with_tags(["b", "b"], now, append=False))
    with pytest.raises(AlreadyExists):
        metadefs.create(ADMIN, replace(PUBLIC, name="two", parts=[(Kind.TAG, "a", {}), (Kind.TAG, "a", {})]))
    assert metadefs.page(ADMIN, NamespaceQuery()) == [replace(made, parts=())]
    assert metadefs.show(ADMIN, "one") == made


def test_parts_that_are_added_at_once_are_all_there(metadefs: Metadefs) -> None:
    metadefs.create(ADMIN, PUBLIC)

    def add(number: int) -> None:
        metadefs.change(ADMIN, "one", lambda space, now: space.with_part(Kind.TAG, str(number), {}, now))

    run_at_once(add, 8)
    assert {part.name for part in metadefs.show(ADMIN, "one").parts} == set("01234567")


def test_resource_types_are_known_before_any_is_used(metadefs: Metadefs) -> None:
    assert metadefs.resource_types(MEMBER) == dict.fromkeys(RESOURCE_TYPES)
    made = metadefs.create(
        ADMIN,
        Outline(
            name="hidden", parts=[(Kind.RESOURCE_TYPE, "OS::New", {}), (Kind.RESOURCE_TYPE, "OS::Nova::Server", {})]
        ),
    )
    found = metadefs.resource_types(STRANGER)
    assert found["OS::New"] == found["OS::Nova::Server"] == made.created_at
    assert len(found) == len(RESOURCE_TYPES) + 1
