"""Access lists of containers: their grammar, and whom they let in."""

from __future__ import annotations

import pytest

from imageferry.domain.access import IMPLIED, Act, Caller, Pass, ProjectId, Role, UserId
from imageferry.domain.acl import checked_acl, may_read, may_write
from imageferry.domain.errors import BadInput

OURS = ProjectId("ours")
FRIEND = Caller(user_id=UserId("mira"), project_id=ProjectId("theirs"), roles=IMPLIED[Role.MEMBER])
UNSCOPED = Caller(user_id=UserId("mira"), project_id=None, roles=frozenset())
OWN_READER = Caller(user_id=UserId("kim"), project_id=OURS, roles=IMPLIED[Role.READER])


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("", ""),
        (" .r:* , .rlistings,, ", ".r:*,.rlistings"),
        (".ref:*, .referer: h, .referrer:*.example.org", ".r:*,.r:h,.r:.example.org"),
        (".r:- bad.example.org", ".r:-bad.example.org"),
        ("p : u, *:u,p:*,*:*", "p:u,*:u,p:*,*:*"),
        ("member", "member"),
    ],
)
def test_a_list_is_kept_in_one_spelling(text: str, kept: str) -> None:
    assert checked_acl(text, field="X-Container-Read", writing=False) == kept
    assert checked_acl(kept, field="X-Container-Read", writing=False) == kept


@pytest.mark.parametrize(
    "text",
    [
        ".r:",
        ".r:-",
        ".r:.",
        ".r",
        ".x:*",
        ".rlistings:*",
        ".r:a b",
        ".r:http://x",
        "p:",
        ":u",
        "a:b:c",
        "a\nb",
        "w" * 9000,
    ],
)
def test_what_is_no_list_is_refused(text: str) -> None:
    with pytest.raises(BadInput):
        checked_acl(text, field="X-Container-Read", writing=False)


@pytest.mark.parametrize("text", [".r:*", ".rlistings", ".referrer:h", "p:u,.r:*"])
def test_nobody_writes_without_a_token(text: str) -> None:
    with pytest.raises(BadInput):
        checked_acl(text, field="X-Container-Write", writing=True)
    assert not may_write(text.replace("p:u", ""), Caller.guest(referer="http://h/"), owner=OURS)


@pytest.mark.parametrize(
    ("acl", "referer", "allowed"),
    [
        (".r:*", "", True),
        (".r:h", "http://h/page", True),
        (".r:h", "http://other/", False),
        (".r:h", "http://h.evil/", False),
        (".r:h", "h", False),
        (".r:.example.org", "https://a.example.org:8080/x", True),
        (".r:.example.org", "https://badexample.org/", False),
        (".r:*,.r:-h", "http://h/", False),
        (".r:-h,.r:*", "http://h/", True),
        (".r:*,.r:-.example.org", "http://a.example.org", False),
        (".r:h", "http://[", False),
        (".r:-h", "", False),
        (".rlistings", "", False),
        ("*:*", "", False),
        ("", "", False),
    ],
)
def test_guests_are_judged_by_their_page_of_origin(acl: str, referer: str, allowed: bool) -> None:
    assert may_read(acl, Caller.guest(referer=referer), owner=OURS, listing=False) is allowed
    assert not may_read(acl, Caller.guest(referer=referer), owner=OURS, listing=True)
    listed = f"{acl},.rlistings"
    assert may_read(listed, Caller.guest(referer=referer), owner=OURS, listing=True) is allowed


@pytest.mark.parametrize(
    ("acl", "allowed"),
    [
        ("theirs:mira", True),
        ("theirs:*", True),
        ("*:mira", True),
        ("*:*", True),
        ("theirs:kim", False),
        ("ours:mira", False),
        ("member", False),
        ("theirs", False),
        ("x,theirs:mira", True),
        ("", False),
    ],
)
def test_a_token_opens_what_names_its_project_and_user(acl: str, allowed: bool) -> None:
    assert may_read(acl, FRIEND, owner=OURS, listing=False) is allowed
    assert may_read(acl, FRIEND, owner=OURS, listing=True) is allowed
    assert may_write(acl, FRIEND, owner=OURS) is allowed
    assert not may_write(acl, None, owner=OURS)
    assert not may_write(acl, UNSCOPED, owner=OURS)


def test_a_role_counts_in_the_containers_own_project_only() -> None:
    assert may_write("reader", OWN_READER, owner=OURS)
    assert not may_write("member", OWN_READER, owner=OURS)
    assert not may_write("reader", FRIEND, owner=OURS)


def test_a_pass_is_for_one_object_and_the_parts_in_its_reach() -> None:
    read = Pass(act=Act.READ_OBJECTS, project_id=OURS, container="c", name="o", whole_account=False)
    assert read.allows(Act.READ_OBJECTS, OURS, "c", "o")
    assert read.allows(Act.READ_OBJECTS, OURS, "c", None)
    assert not read.allows(Act.READ_OBJECTS, OURS, "d", None)
    assert not read.allows(Act.READ_OBJECTS, OURS, "c", "p")
    assert not read.allows(Act.WRITE_OBJECTS, OURS, "c", "o")
    assert not read.allows(Act.READ_OBJECTS, ProjectId("theirs"), "c", "o")
