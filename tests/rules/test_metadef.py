"""The rules of metadata definitions: parts, who sees them, bounds; and that schemas promise what is read."""

from __future__ import annotations

from typing import Any

import pytest

from imageferry.domain.access import Caller, ProjectId, Role, UserId
from imageferry.domain.errors import AlreadyExists, BadInput, Forbidden, NotFound, TooLarge
from imageferry.domain.image import Visibility
from imageferry.domain.metadef import (
    MAX_PARTS,
    RESOURCE_TYPES,
    Kind,
    Namespace,
    NamespaceId,
    can_see,
    checked_namespace,
)
from imageferry.domain.moment import Moment
from imageferry.wire.glance_metadef_bodies import read_namespace, read_part, read_tags
from imageferry.wire.glance_metadef_schemas import SCHEMAS

FIRST, SECOND = Moment(1), Moment(2)


def a_namespace(*tags: str, **more: Any) -> Namespace:
    fields = {"name": "one", "owner": ProjectId("ours"), "created_at": FIRST, "updated_at": FIRST, **more}
    return Namespace(id=NamespaceId("id"), **fields).with_tags(tags, FIRST, append=True)


def tags(namespace: Namespace) -> list[tuple[str, int, int]]:
    return [(tag.name, tag.created_at, tag.updated_at) for tag in namespace.of(Kind.TAG)]


def test_a_name_is_used_once_among_those_of_its_kind() -> None:
    namespace = a_namespace("a").with_part(Kind.OBJECT, "a", {}, SECOND)
    with pytest.raises(AlreadyExists, match="tag 'a'"):
        namespace.with_part(Kind.TAG, "a", {}, SECOND)
    with pytest.raises(AlreadyExists):
        namespace.with_tags(["b", "b"], SECOND, append=False)
    assert namespace.part(Kind.OBJECT, "a").created_at == SECOND


def test_a_changed_part_keeps_its_place_and_its_beginning() -> None:
    namespace = a_namespace("a", "b", "c").with_changed(Kind.TAG, "b", "d", {"x": 1}, SECOND)
    assert tags(namespace) == [("a", 1, 1), ("d", 1, 2), ("c", 1, 1)]
    assert namespace.part(Kind.TAG, "d").body == {"x": 1}
    assert tags(namespace.with_changed(Kind.TAG, "d", "d", {}, SECOND)) == tags(namespace)
    with pytest.raises(AlreadyExists):
        namespace.with_changed(Kind.TAG, "a", "c", {}, SECOND)
    with pytest.raises(NotFound):
        namespace.with_changed(Kind.OBJECT, "a", "b", {}, SECOND)


def test_new_tags_take_the_place_of_the_old_or_follow_them() -> None:
    namespace = a_namespace("a", "b").with_part(Kind.OBJECT, "kept", {}, FIRST)
    assert [name for name, *_ in tags(namespace.with_tags(["b", "c"], SECOND, append=False))] == ["b", "c"]
    assert [name for name, *_ in tags(namespace.with_tags(["c"], SECOND, append=True))] == ["a", "b", "c"]
    assert namespace.with_tags([], SECOND, append=False) == namespace
    assert namespace.with_tags(["c"], SECOND, append=False).part(Kind.OBJECT, "kept")


def test_nothing_is_taken_from_a_protected_namespace() -> None:
    namespace = a_namespace("a", protected=True)
    for remove in (
        lambda: namespace.without(Kind.TAG, "a"),
        lambda: namespace.without_any(Kind.OBJECT),
        lambda: namespace.check_removal("it"),
    ):
        with pytest.raises(Forbidden, match="protected"):
            remove()
    assert tags(a_namespace("a", "b").without(Kind.TAG, "a")) == [("b", 1, 1)]
    assert a_namespace("a", "b").without_any(Kind.TAG).parts == ()
    with pytest.raises(NotFound):
        namespace.without(Kind.TAG, "b")


@pytest.mark.parametrize("kind", Kind)
def test_there_are_so_many_parts_of_a_kind_and_no_more(kind: Kind) -> None:
    namespace = a_namespace()
    for number in range(MAX_PARTS[kind]):
        namespace = namespace.with_part(kind, str(number), {}, FIRST)
    with pytest.raises(TooLarge, match=str(MAX_PARTS[kind])):
        namespace.with_part(kind, "one more", {}, FIRST)
    other = next(other for other in Kind if other is not kind)
    assert namespace.with_part(other, "one more", {}, FIRST)


@pytest.mark.parametrize(
    ("project", "role", "visibility", "seen"),
    [
        ("ours", Role.READER, Visibility.PRIVATE, True),
        ("theirs", Role.MEMBER, Visibility.PRIVATE, False),
        ("theirs", Role.READER, Visibility.PUBLIC, True),
        ("theirs", Role.ADMIN, Visibility.PRIVATE, True),
    ],
)
def test_who_sees_a_namespace(project: str, role: Role, visibility: Visibility, seen: bool) -> None:
    caller = Caller(user_id=UserId("u"), project_id=ProjectId(project), roles=frozenset({role}))
    assert can_see(a_namespace(visibility=visibility), caller) is seen


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"name": ""}, "namespace"),
        ({"name": "x" * 81}, "namespace"),
        ({"name": "a/b"}, "namespace"),
        ({"name": ".."}, "namespace"),
        ({"name": "a\n"}, "namespace"),
        ({"name": "\ud800"}, "namespace"),
        ({"display_name": "x" * 81}, "display_name"),
        ({"description": "x" * 501}, "description"),
        ({"owner": "x" * 256}, "owner"),
    ],
)
def test_a_namespace_out_of_bounds_is_refused(fields: dict[str, str], field: str) -> None:
    with pytest.raises(BadInput) as caught:
        checked_namespace(a_namespace(**fields))
    assert caught.value.field == field


def test_all_that_is_within_bounds_is_kept() -> None:
    full = a_namespace("é" * 80, "a/b", name="x" * 80, display_name="x" * 80, description="a\n" * 250, owner="x" * 255)
    assert checked_namespace(full) == full
    with pytest.raises(BadInput, match="name of the tag"):
        checked_namespace(a_namespace(""))
    with pytest.raises(TooLarge, match="namespace one"):
        checked_namespace(a_namespace().with_part(Kind.OBJECT, "a", {"x": "x" * (1 << 20)}, FIRST))


_SAMPLES: dict[str, Any] = {"type": "string", "array": [], "boolean": True, "number": 1, "object": {"type": "string"}}


def sample(name: str, schema: dict[str, Any]) -> Any:
    """Something that a member's schema takes."""
    if "$ref" in schema:
        return [] if schema["$ref"].endswith("Array") else {} if schema["$ref"].endswith("/property") else 0
    if "enum" in schema:
        return schema["enum"][0]
    return _SAMPLES.get(schema.get("type", ""), "x") if schema.get("type") != "string" else "x"


def members(schema: dict[str, Any]) -> dict[str, Any]:
    """A document with every member that clients may set."""
    return {name: sample(name, item) for name, item in schema["properties"].items() if not item.get("readOnly")}


def test_what_a_schema_lets_clients_send_is_read() -> None:
    document = members(SCHEMAS["namespace"])
    assert set(document) == {
        *("namespace", "display_name", "description", "visibility", "protected", "owner"),
        *("resource_type_associations", "properties", "objects", "tags"),
    }
    assert read_namespace(document).name == "x"
    for name, kind in (("property", Kind.PROPERTY), ("object", Kind.OBJECT), ("tag", Kind.TAG)):
        document = members(SCHEMAS[name])
        assert read_part(kind, document) == ("x", {key: value for key, value in document.items() if key != "name"})
    document = members(SCHEMAS["resource_type"])
    assert read_part(Kind.RESOURCE_TYPE, document)[0] == "x"
    assert read_tags({"tags": [members(SCHEMAS["tag"])]}) == ["x"]


def test_resource_types_that_are_well_known_can_be_named() -> None:
    for name in RESOURCE_TYPES:
        assert read_part(Kind.RESOURCE_TYPE, {"name": name}) == (name, {})
