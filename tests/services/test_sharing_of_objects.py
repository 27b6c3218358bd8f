"""What the sharing of an object lets others do, through the same use-cases that its owner has."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from imageferry.db.records import SqlRecords
from imageferry.domain.access import Act, Caller, Pass, ProjectId, Role
from imageferry.domain.errors import AccessDenied, NotFound
from imageferry.domain.sharing import SharingChange, sharing_of
from imageferry.domain.versioning import VersioningChange
from imageferry.service.blobs import Blobs
from imageferry.service.objects import Objects, Traits
from imageferry.service.objects.shares import Shares
from tests.services.conftest import Clock

Member = Callable[..., Caller]
OURS, THEIRS, THIRD = ProjectId("ours"), ProjectId("theirs"), ProjectId("third")
READ, WRITE = Act.READ_OBJECTS, Act.WRITE_OBJECTS
DIRECTORY = "application/directory"


@pytest.fixture
def objects(records: SqlRecords, blobs: Blobs, clock: Clock, member: Member) -> Objects:
    objects = Objects(records, blobs, clock)
    objects.create_container(member(OURS), OURS, "c", {}, versioning=VersioningChange(enabled=True))
    objects.create_container(member(THEIRS), THEIRS, "t", {})
    return objects


def put(objects: Objects, caller: Caller, name: str, data: bytes = b"hello", **more: object) -> None:
    traits = Traits(metadata={}, headers={}, **more)  # type: ignore[arg-type]
    with objects.upload(caller, OURS, "c", name, traits=traits) as upload:
        upload.write(data)
        upload.commit()


def shared(*readers: str, writers: tuple[str, ...] = (), public: bool | None = None) -> SharingChange:
    return SharingChange(sharing=sharing_of(readers, writers), public=public)


def rights(objects: Objects, caller: Caller | None, name: str) -> str:
    """Of r(ead), w(rite), d(elete) those that the caller may."""
    found = ""
    for letter, act, by_share in (("r", READ, True), ("w", WRITE, True), ("d", WRITE, False)):
        try:
            objects.may(caller, act, OURS, "c", name, by_share=by_share)
            found += letter
        except AccessDenied:
            pass
    return found


@pytest.mark.parametrize(
    ("readers", "writers", "right"),
    [
        ([], [], ""),
        ([THEIRS], [], "r"),
        ([], [THEIRS], "rw"),
        (["*"], [], "r"),
        ([], ["*"], "rw"),
        ([THIRD], [], ""),
        (["ours:team"], [], "r"),
        ([THIRD], ["ours:team"], "rw"),
        (["ours:others"], [], ""),
        (["third:team"], [], ""),
    ],
)
def test_a_sharing_lets_its_grantees_read_or_change_and_never_delete(
    objects: Objects, records: SqlRecords, member: Member, readers: list[str], writers: list[str], right: str
) -> None:
    with records.writing() as session:
        session.groups.set(OURS, {"team": [THEIRS], "others": [THIRD]})
        session.groups.set(THIRD, {"team": [OURS]})
    put(objects, member(OURS), "a", sharing=shared(*readers, writers=tuple(writers)))
    assert rights(objects, member(THEIRS), "a") == right
    assert rights(objects, member(OURS), "a") == "rwd"
    assert rights(objects, member(THEIRS), "b") == ""


def test_a_reader_of_another_project_only_reads_what_the_project_may_change(objects: Objects, member: Member) -> None:
    put(objects, member(OURS), "a", sharing=shared(writers=(THEIRS,)))
    assert rights(objects, member(THEIRS, Role.READER), "a") == "r"


def test_nobody_without_a_project_is_everybody(objects: Objects, member: Member) -> None:
    put(objects, member(OURS), "a", sharing=shared(writers=("*",), public=True))
    no_role = Caller(user_id=member(THEIRS).user_id, project_id=THEIRS, roles=frozenset())
    unscoped = Caller(user_id=member(THEIRS).user_id, project_id=None, roles=frozenset())
    signed = Caller.guest(signed=Pass(act=READ, project_id=OURS, container="c", name="other", whole_account=False))
    for caller in (None, Caller.guest(), no_role, unscoped, signed):
        assert rights(objects, caller, "a") == ""


def test_what_is_public_may_be_read_by_everybody_with_a_token(objects: Objects, member: Member) -> None:
    put(objects, member(OURS), "a", sharing=SharingChange(public=True))
    assert rights(objects, member(THEIRS), "a") == "r"
    put(objects, member(OURS), "a", sharing=SharingChange(public=False))
    assert rights(objects, member(THEIRS), "a") == ""


def test_a_share_of_a_directory_holds_for_what_is_in_it_and_for_what_is_to_come(
    objects: Objects, member: Member
) -> None:
    put(objects, member(OURS), "d", b"", content_type=DIRECTORY, sharing=shared(writers=(THEIRS,)))
    put(objects, member(THEIRS), "d/new")
    put(objects, member(OURS), "d/own", sharing=shared(THIRD))
    assert [rights(objects, member(THEIRS), name) for name in ("d/new", "d/x/y", "d/own", "d2/a", "d!")] == [
        "rw",
        "rw",
        "",
        "",
        "",
    ]
    objects.delete(member(OURS), OURS, "c", "d")
    assert rights(objects, member(THEIRS), "d/new") == ""
    put(objects, member(OURS), "d", b"", content_type=DIRECTORY)
    assert rights(objects, member(THEIRS), "d/new") == ""


def test_sharing_stays_through_overwriting_by_whom_it_may_and_ends_with_the_object(
    objects: Objects, member: Member
) -> None:
    put(objects, member(OURS), "a", sharing=shared(writers=(THEIRS,), public=True))
    put(objects, member(THEIRS), "a", b"theirs")
    assert rights(objects, member(THEIRS), "a") == "rw"
    with pytest.raises(AccessDenied):
        objects.delete(member(THEIRS), OURS, "c", "a")
    objects.delete(member(OURS), OURS, "c", "a")
    put(objects, member(OURS), "a")
    assert rights(objects, member(THEIRS), "a") == ""


def test_what_has_expired_is_public_no_more_and_a_directory_that_has_shares_nothing(
    objects: Objects, records: SqlRecords, clock: Clock, member: Member
) -> None:
    change = shared(THEIRS, public=True)
    put(objects, member(OURS), "d", b"", content_type=DIRECTORY, sharing=change, delete_after_s=60)
    put(objects, member(OURS), "d/a")
    assert rights(objects, member(THEIRS), "d/a") == "r"
    with records.reading() as session:
        container = session.objects.container(OURS, "c")
        token = None if container is None else session.links.of(container.id, "d")
    visitor, place = Shares(records, clock).behind(str(token))
    assert objects.open(visitor, *place).size == 0
    clock.pass_time(61)
    assert rights(objects, member(THEIRS), "d/a") == ""
    with pytest.raises(NotFound):
        objects.open(visitor, *place)


def test_who_does_not_delete_an_object_does_not_let_it_expire(objects: Objects, member: Member) -> None:
    put(objects, member(OURS), "a", sharing=shared(writers=(THEIRS,)), delete_after_s=3600)
    ending = Traits(metadata={}, headers={}, delete_after_s=60)
    for refused in (
        lambda: put(objects, member(THEIRS), "a", delete_after_s=60),
        lambda: objects.change(member(THEIRS), OURS, "c", "a", lambda _: ending),
        lambda: objects.copy(member(THEIRS), (OURS, "c", "a"), (OURS, "c", "a"), lambda _: ending),
    ):
        with pytest.raises(AccessDenied):
            refused()
    as_it_is = objects.show(member(OURS), OURS, "c", "a")
    same = Traits(metadata={"colour": "red"}, headers={}, delete_at=as_it_is.delete_at)
    assert objects.change(member(THEIRS), OURS, "c", "a", lambda _: same).metadata == {"colour": "red"}
    objects.change(member(OURS), OURS, "c", "a", lambda _: ending)


def test_a_copy_is_shared_with_nobody(objects: Objects, member: Member) -> None:
    put(objects, member(OURS), "a", sharing=shared("*", public=True))
    plain = Traits(metadata={}, headers={})
    objects.copy(member(OURS), (OURS, "c", "a"), (OURS, "c", "b"), lambda _: plain)
    assert rights(objects, member(THEIRS), "b") == ""
    objects.copy(member(THEIRS), (OURS, "c", "a"), (THEIRS, "t", "mine"), lambda _: plain)  # who reads may copy


def test_a_share_opens_the_present_and_not_what_was_before(objects: Objects, member: Member) -> None:
    put(objects, member(OURS), "a", b"secret")
    first = objects.show(member(OURS), OURS, "c", "a").version
    put(objects, member(OURS), "a", b"open", sharing=shared(writers=(THEIRS,)))
    with pytest.raises(AccessDenied):
        objects.open(member(THEIRS), OURS, "c", "a", version=first)
    with pytest.raises(AccessDenied):
        objects.restore(member(THEIRS), OURS, "c", "a", first)
    with pytest.raises(AccessDenied):
        objects.delete_version(member(THEIRS), OURS, "c", "a", first)
    opened = objects.open(member(THEIRS), OURS, "c", "a")
    assert b"".join(objects.read(opened)) == b"open"


def test_who_may_write_one_object_reads_no_other_through_it(objects: Objects, member: Member) -> None:
    put(objects, member(OURS), "secret/1", b"secret")
    put(objects, member(OURS), "a", sharing=shared(writers=(THEIRS,), public=True))
    put(objects, member(THEIRS), "a", b"", manifest="c/secret/")
    with pytest.raises(AccessDenied):
        objects.open(member(THEIRS), OURS, "c", "a")
    by_link = Pass(act=READ, project_id=OURS, container="c", name="a", whole_account=False, parts=False)
    with pytest.raises(AccessDenied):
        objects.open(Caller.guest(signed=by_link), OURS, "c", "a")
    link, _ = objects.link_to(member(THEIRS), (OURS, "c", "a"), (OURS, "c", "secret/1"))
    put(objects, member(THEIRS), "a", b"", link=link)
    for caller in (member(THEIRS), Caller.guest(signed=by_link)):
        with pytest.raises(AccessDenied):
            objects.open(caller, OURS, "c", "a")


def test_a_container_that_holds_something_shared_is_neither_listed_nor_told_of_by_swift(
    objects: Objects, member: Member
) -> None:
    put(objects, member(OURS), "a", sharing=shared("*"))
    with pytest.raises(AccessDenied):
        objects.container(member(THEIRS), OURS, "c")
    with pytest.raises(AccessDenied):
        objects.open(member(THEIRS), OURS, "none", "a")
    with pytest.raises(AccessDenied):
        objects.open(member(THEIRS), OURS, "c", "b")
    with pytest.raises(NotFound):
        objects.open(member(OURS), OURS, "c", "b")
