"""What is refused of metadata definitions: to whom, of which form, and how much. Never a 500."""

from __future__ import annotations

import contextlib
import itertools
import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from imageferry.domain.metadef import MAX_BYTES, MAX_PARTS, Kind
from imageferry.wire.glance_metadef_schemas import SCHEMAS
from tests.dialects.openstack_service import Cloud, running_cloud
from tests.drivers.postgres import running_cluster

SPACES = "/v2/metadefs/namespaces"
A_PROPERTY = {"title": "Title", "type": "string"}
_numbers = itertools.count(1)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def admin(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    with contextlib.ExitStack() as stack:
        url = stack.enter_context(running_cluster()).url() if request.param == "postgresql" else ""
        made = stack.enter_context(running_cloud(tmp_path_factory.mktemp("refusals"), database_url=url))
        yield made.as_("admin", "admin")


@pytest.fixture(scope="module")
def people(admin: Cloud) -> Mapping[str, Cloud]:
    """Each with one token: a log-in takes its time."""
    homes = {"mira": "demo", "rita": "demo", "alex": "alt", "nobody": None}
    return {"guest": admin.as_(None), **{name: admin.as_(name, home) for name, home in homes.items()}}


@pytest.fixture
def space(admin: Cloud) -> str:
    """The path of a public namespace with one part of each kind, called "x"."""
    name = f"Refusals{next(_numbers)}"
    parts = {
        "properties": {"x": A_PROPERTY},
        **{kind: [{"name": "x"}] for kind in ("objects", "tags", "resource_type_associations")},
    }
    assert admin.call("POST", SPACES, {"namespace": name, "visibility": "public", **parts}).status == 201
    return f"{SPACES}/{name}"


_WRITING: list[tuple[str, str, Any]] = [
    ("PUT", "", {"namespace": "renamed"}),
    ("DELETE", "", None),
    ("POST", "/objects", {"name": "y"}),
    ("PUT", "/objects/x", {"name": "y"}),
    ("DELETE", "/objects/x", None),
    ("DELETE", "/objects", None),
    ("POST", "/properties", {"name": "y", **A_PROPERTY}),
    ("PUT", "/properties/x", {"name": "y", **A_PROPERTY}),
    ("DELETE", "/properties/x", None),
    ("DELETE", "/properties", None),
    ("POST", "/tags", {"tags": [{"name": "y"}]}),
    ("POST", "/tags/y", None),
    ("PUT", "/tags/x", {"name": "y"}),
    ("DELETE", "/tags/x", None),
    ("DELETE", "/tags", None),
    ("POST", "/resource_types", {"name": "y"}),
    ("DELETE", "/resource_types/x", None),
]
_READING = ["", "/objects", "/objects/x", "/properties", "/properties/x", "/tags", "/tags/x", "/resource_types"]


class TestWho:
    @pytest.mark.parametrize(("method", "path", "document"), _WRITING)
    def test_only_an_administrator_writes(
        self, admin: Cloud, people: Mapping[str, Cloud], space: str, method: str, path: str, document: Any
    ) -> None:
        before = admin.get(space).json
        hidden = {**before, "visibility": "private"}
        for user, status in (("mira", 403), ("rita", 403), ("nobody", 403), ("guest", 401)):
            assert people[user].call(method, space + path, document).status == status
        assert admin.get(space).json == before
        assert admin.call("PUT", space, {"namespace": before["namespace"]}).status == 200
        assert people["mira"].call(method, space + path, document).status == 404
        after = admin.get(space).json
        assert after == {**hidden, "updated_at": after["updated_at"]}
        assert admin.call(method, space + path, document).status in (200, 201, 204)

    @pytest.mark.parametrize("path", _READING)
    def test_everybody_with_a_project_reads_what_is_public(
        self, admin: Cloud, people: Mapping[str, Cloud], space: str, path: str
    ) -> None:
        for user, status in (("mira", 200), ("rita", 200), ("alex", 200), ("nobody", 403), ("guest", 401)):
            assert people[user].get(space + path).status == status
        document = {"namespace": space.rpartition("/")[2], "owner": admin.projects["demo"].id}
        assert admin.call("PUT", space, document).status == 200
        assert people["rita"].get(space + path).status == 200
        assert people["alex"].get(space + path).status == 404

    def test_new_ones_and_lists(self, people: Mapping[str, Cloud]) -> None:
        for user, reading, writing in (
            ("mira", 200, 403),
            ("rita", 200, 403),
            ("nobody", 403, 403),
            ("guest", 401, 401),
        ):
            for path in (SPACES, "/v2/metadefs/resource_types"):
                assert people[user].get(path).status == reading
            assert people[user].call("POST", SPACES, {"namespace": "x"}).status == writing

    @pytest.mark.parametrize("name", SCHEMAS)
    def test_schemas_are_for_everybody_who_is_known(self, people: Mapping[str, Cloud], name: str) -> None:
        path = f"/v2/schemas/metadefs/{name}"
        assert people["guest"].get(path).status == 401
        reply = people["nobody"].get(path)
        assert reply.status == 200
        expected = {"resource_type": "resource_type_association", "resource_types": "resource_type_associations"}
        assert reply.json["name"] == expected.get(name, name)
        assert people["mira"].get("/v2/schemas/metadefs/none").status == 404
        assert people["mira"].call("POST", path, {}).status == 405


def _namespaces() -> Iterator[tuple[Any, int]]:
    for whole in ([], "x", 5, None, {}):
        yield whole, 400
    for name in ("", "x" * 81, 5, None, "a/b", ".", "..", "a\0b", "a\nb", "a\rb", "\x7f"):
        yield {"namespace": name}, 400
    for name in ("self", "schema", "created_at", "updated_at"):
        yield {"namespace": "x", name: "x"}, 403
    for more in (
        {"unknown": 1},
        {"display_name": "x" * 81},
        {"display_name": None},
        {"description": "x" * 501},
        {"owner": "x" * 256},
        {"visibility": "shared"},
        {"visibility": ["public"]},
        {"protected": "yes"},
        {"tags": ["a"]},
        {"tags": [{}]},
        {"tags": None},
        {"tags": {"name": "a"}},
        {"tags": [{"name": "x" * 81}]},
        {"tags": [{"name": "a", "x": 1}]},
        {"objects": [{"name": "a", "required": ["b", "b"]}]},
        {"objects": [{"name": "a", "properties": []}]},
        {"objects": [{"name": "a", "properties": {"b": {}}}]},
        {"objects": [{"name": "a", "properties": {"b": {**A_PROPERTY, "x": 1}}}]},
        {"properties": {"": A_PROPERTY}},
        {"properties": {"a\0": A_PROPERTY}},
        {"properties": {"x" * 81: A_PROPERTY}},
        {"properties": [A_PROPERTY]},
        {"resource_type_associations": [{"prefix": "x"}]},
        {"resource_type_associations": [{"name": "x", "prefix": "x" * 81}]},
    ):
        yield {"namespace": "x", **more}, 400
    for kind in ("tags", "objects", "resource_type_associations"):
        yield {"namespace": "x", kind: [{"name": "a"}, {"name": "a"}]}, 409


_BAD_PROPERTIES: list[dict[str, Any]] = [
    {},
    {"title": "x"},
    {"type": "string"},
    *({**A_PROPERTY, "type": kind} for kind in ("text", None, 5, [], {})),
    *({**A_PROPERTY, "title": title} for title in (None, 5, "x" * 65_536, "\0")),
    *({**A_PROPERTY, "minimum": number} for number in ("1", True, None, 2**63 + 2**40, 1e300, -1e300, [])),
    *({**A_PROPERTY, "minLength": number} for number in (-1, 1.5, "1", True, None, 2**70)),
    *({**A_PROPERTY, "enum": values} for values in ("a", [1], [None], [["a"]], {"a": 1})),
    *({**A_PROPERTY, "items": items} for items in ({}, None, [], {"type": "x"}, {"type": "string", "enum": [1]})),
    {**A_PROPERTY, "readonly": "true"},
    {**A_PROPERTY, "operators": [1]},
    {**A_PROPERTY, "unknown": 1},
]


class TestForm:
    @pytest.mark.parametrize(("document", "status"), list(_namespaces()))
    def test_a_namespace_of_another_form_is_refused(self, admin: Cloud, document: Any, status: int) -> None:
        reply = admin.call("POST", SPACES, body=json.dumps(document).encode())
        assert (reply.status, bool(reply.message)) == (status, True)
        assert admin.get(f"{SPACES}/x").status == 404

    @pytest.mark.parametrize("document", _BAD_PROPERTIES)
    def test_a_property_of_another_form_is_refused_wherever_it_stands(
        self, admin: Cloud, space: str, document: dict[str, Any]
    ) -> None:
        before = admin.get(space).json
        inner = {"name": "y", "properties": {"p": document}}
        assert admin.call("POST", f"{space}/properties", {"name": "y", **document}).status == 400
        assert admin.call("PUT", f"{space}/properties/x", {"name": "x", **document}).status == 400
        assert admin.call("POST", f"{space}/objects", inner).status == 400
        assert admin.call("PUT", f"{space}/objects/x", inner).status == 400
        assert admin.call("POST", SPACES, {"namespace": "y", "properties": {"p": document}}).status == 400
        assert admin.get(space).json == before

    @pytest.mark.parametrize("path", ["/objects", "/tags", "/resource_types", "/properties", "/tags/x", "/objects/x"])
    @pytest.mark.parametrize(
        "body", [b"", b"{", b"[]", b"\xff", b"[" * 100_000, b'{"name": "\\ud800"}', b'{"name": 1e999}']
    )
    def test_a_body_that_is_none_is_refused(self, admin: Cloud, space: str, path: str, body: bytes) -> None:
        method = "PUT" if path.endswith("/x") else "POST"
        assert admin.call(method, space + path, body=body).status == 400

    @pytest.mark.parametrize("name", ["a%00b", "%0d%0aa", "x" * 81, "", "%7f", ".", "%2e%2e"])
    def test_a_tag_that_cannot_be_named_is_refused(self, admin: Cloud, space: str, name: str) -> None:
        assert admin.call("POST", f"{space}/tags/{name}").status == 400
        assert admin.get(f"{space}/tags/{name}").status == 404

    @pytest.mark.parametrize("path", ["a%00b", "%2e%2e", "a%2Fb", "a/b", "x" * 5000, "%ff", ""])
    def test_a_namespace_that_cannot_be_there_is_not_found(self, admin: Cloud, path: str) -> None:
        assert admin.get(f"{SPACES}/{path}").status in (400, 404)
        assert admin.call("DELETE", f"{SPACES}/{path}").status in (400, 404)

    def test_other_methods_are_refused(self, admin: Cloud, space: str) -> None:
        for method, path in (("PATCH", ""), ("POST", ""), ("PUT", "/objects"), ("POST", "/objects/x"), ("HEAD", "")):
            assert admin.call(method, space + path, {}).status == 405


class TestHowMuch:
    @pytest.mark.parametrize(
        ("member", "kind"),
        [("tags", Kind.TAG), ("objects", Kind.OBJECT), ("resource_type_associations", Kind.RESOURCE_TYPE)],
    )
    def test_a_namespace_has_so_many_parts_and_no_more(self, admin: Cloud, member: str, kind: Kind) -> None:
        parts = [{"name": str(number)} for number in range(MAX_PARTS[kind] + 1)]
        assert admin.call("POST", SPACES, {"namespace": f"many {kind}", member: parts}).status == 413
        assert admin.call("POST", SPACES, {"namespace": f"many {kind}", member: parts[:-1]}).status == 201
        path = f"{SPACES}/many%20{kind.replace(' ', '%20')}"
        assert len(admin.get(path).json[member]) == MAX_PARTS[kind]
        last = member.replace("_associations", "s")
        document = {"tags": parts[-1:]} if kind is Kind.TAG else parts[-1]
        headers = {"x-openstack-append": "true"}
        reply = admin.call("POST", f"{path}/{last}", document, headers=headers)
        assert (reply.status, str(MAX_PARTS[kind]) in reply.message) == (413, True)
        assert admin.call("DELETE", path).status == 204

    def test_a_hundred_thousand_tags_are_refused_at_once(self, admin: Cloud, space: str) -> None:
        tags = [{"name": str(number)} for number in range(60_000)]
        assert admin.call("POST", f"{space}/tags", {"tags": tags}).status == 413

    def test_a_namespace_does_not_grow_for_ever(self, admin: Cloud, space: str) -> None:
        document = {"name": "x", "properties": {str(n): {**A_PROPERTY, "description": "x" * 60_000} for n in range(8)}}
        statuses = [
            admin.call("POST", f"{space}/objects", {**document, "name": str(number)}).status for number in range(4)
        ]
        assert statuses == [201, 201, 413, 413]
        assert len(admin.get(space).body) < MAX_BYTES + 10_000

    def test_a_huge_body_is_refused(self, admin: Cloud, space: str) -> None:
        body = json.dumps({"name": "x", "description": "x" * (2 << 20)}).encode()
        assert admin.call("POST", f"{space}/objects", body=body).status == 413

    def test_what_is_deep_is_not_kept(self, admin: Cloud, space: str) -> None:
        deep = b"[" * 200 + b"]" * 200
        body = b'{"name": "deep", "title": "x", "type": "string", "default": ' + deep + b"}"
        reply = admin.call("POST", f"{space}/properties", body=body)
        assert (reply.status, reply.json["default"]) == (201, None)


_NAMES = st.text(max_size=12) | st.sampled_from(["x", "\0", "\ud83d\ude00", "\u202e", "a/b", "..", "y" * 90])
_LEAF = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | _NAMES
_ANY = st.recursive(
    _LEAF, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_NAMES, inner, max_size=3), max_leaves=8
)
_WORDS = st.sampled_from(["string", "integer", "array", "public", "private"])


def _members(**kinds: Any) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional={name: kind | _ANY for name, kind in kinds.items()})


_PROPERTY = _members(
    **dict.fromkeys(("name", "title", "description", "pattern"), _NAMES),
    **{name: st.integers() | st.floats() for name in ("minimum", "maximum", "minLength", "maxItems")},
    type=_WORDS,
    default=_ANY,
    enum=st.lists(_NAMES, max_size=3),
    items=_members(type=_WORDS, enum=st.lists(_NAMES, max_size=2)),
    readonly=st.booleans(),
)
_PROPERTIES = st.dictionaries(_NAMES, _PROPERTY, max_size=2)
_OBJECT = _members(name=_NAMES, description=_NAMES, required=st.lists(_NAMES, max_size=3), properties=_PROPERTIES)
_TYPE = _members(name=_NAMES, prefix=_NAMES, properties_target=_NAMES)
_TAG = _members(name=_NAMES)
_NAMESPACE = _members(
    namespace=_NAMES,
    description=_NAMES,
    visibility=_WORDS,
    protected=st.just(False),
    owner=_NAMES,
    properties=_PROPERTIES,
    objects=st.lists(_OBJECT, max_size=2),
    tags=st.lists(_TAG, max_size=3),
    resource_type_associations=st.lists(_TYPE, max_size=2),
)
_RELAXED = settings(deadline=None, max_examples=60, suppress_health_check=list(HealthCheck))


class TestAnything:
    @_RELAXED
    @given(
        document=_NAMESPACE | _ANY,
        part=st.sampled_from(["objects", "properties", "tags", "resource_types"]),
        body=_OBJECT | _PROPERTY | _TYPE | _members(tags=st.lists(_TAG, max_size=3)) | _ANY,
    )
    def test_whatever_is_sent_is_kept_whole_or_refused(
        self, admin: Cloud, space: str, document: Any, part: str, body: Any
    ) -> None:
        for method, path, sent in (
            ("POST", SPACES, document),
            ("PUT", space, document),
            ("POST", f"{space}/{part}", body),
            ("PUT", f"{space}/{part}/x", body),
        ):
            reply = admin.call(method, path, body=json.dumps(sent).encode())
            assert reply.status in (200, 201, 400, 403, 404, 405, 409), reply.body
            if reply.status == 201 and path == SPACES:
                assert admin.get(reply.json["self"]).json == reply.json
                assert admin.call("DELETE", reply.json["self"]).status == 204
            if reply.status == 200 and path == space:  # it may have another name now
                name = space.rpartition("/")[2]
                assert admin.call("PUT", reply.json["self"], {"namespace": name, "visibility": "public"}).status == 200
        assert admin.get(space).status == 200
