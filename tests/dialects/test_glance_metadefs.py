"""Metadata definitions as Glance's clients see them: docs/metadefs.md."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest

from tests.dialects.openstack_service import BASE, Cloud, Reply, running_cloud

SPACES = "/v2/metadefs/namespaces"
_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def admin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    with running_cloud(tmp_path_factory.mktemp("metadefs")) as cloud:
        yield cloud.as_("admin", "admin")


@pytest.fixture
def space(admin: Cloud) -> str:
    """The path of an empty namespace, to be seen by everybody."""
    name = f"OS::Test::{next(_numbers)}"
    assert made(admin, SPACES, {"namespace": name, "visibility": "public"})["namespace"] == name
    return f"{SPACES}/{name}"


def made(cloud: Cloud, path: str, document: object = None, **options: Any) -> Any:
    reply = cloud.call("POST", path, document, **options)
    assert reply.status == 201, reply.body
    return reply.json


def shown(cloud: Cloud, path: str) -> Any:
    reply = cloud.get(path)
    assert reply.status == 200, reply.body
    return reply.json


def a_property(**more: Any) -> dict[str, Any]:
    return {"title": "Title", "type": "string", **more}


def tag_names(cloud: Cloud, path: str) -> list[str]:
    return [tag["name"] for tag in shown(cloud, path)["tags"]]


FULL: dict[str, Any] = {
    "display_name": "All of it",
    "description": "Every kind of part",
    "visibility": "public",
    "properties": {
        "cpu": {"title": "CPUs", "type": "integer", "minimum": 1, "maximum": 8.9, "default": 4},
        "arch": a_property(enum=["x86_64", "aarch64"], operators=["<or>"], readonly=False, default="x86_64"),
        "list": {"title": "List", "type": "array", "items": {"type": "string", "enum": ["a"]}, "uniqueItems": True},
    },
    "objects": [
        {"name": "web", "description": "A server", "required": ["port"], "properties": {"port": a_property()}},
        {"name": "bare"},
    ],
    "resource_type_associations": [
        {"name": "OS::Glance::Image", "prefix": "hw_", "properties_target": "image"},
        {"name": "OS::Test::Only"},
    ],
    "tags": [{"name": "first"}, {"name": "second"}],
}


class TestNamespaces:
    def test_one_with_all_its_parts_is_made_and_shown(self, admin: Cloud) -> None:
        name = "OS::Test::Full"
        reply = admin.call("POST", SPACES, {"namespace": name, **FULL})
        assert (reply.status, reply.headers["location"]) == (201, f"{BASE}{SPACES}/{name}")
        assert reply.json == shown(admin, f"{SPACES}/{name}")
        document = reply.json
        times = {"created_at": document["created_at"], "updated_at": document["updated_at"]}
        assert document["owner"] == admin.projects["admin"].id
        assert document["protected"] is False
        assert (document["self"], document["schema"]) == (f"{SPACES}/{name}", "/v2/schemas/metadefs/namespace")
        assert document["properties"] == {
            "arch": FULL["properties"]["arch"],
            "cpu": {"title": "CPUs", "type": "integer", "minimum": 1, "maximum": 8, "default": "4"},
            "list": FULL["properties"]["list"],
        }
        assert [item["name"] for item in document["objects"]] == ["bare", "web"]
        assert document["objects"][1] == {
            **FULL["objects"][0],
            **times,
            "self": f"{SPACES}/{name}/objects/web",
            "schema": "/v2/schemas/metadefs/object",
        }
        assert document["resource_type_associations"] == [
            {**item, **times} for item in FULL["resource_type_associations"]
        ]
        assert document["tags"] == [{"name": "second"}, {"name": "first"}]
        assert admin.call("POST", SPACES, {"namespace": name}).status == 409

    def test_names_of_properties_are_shown_as_a_resource_type_has_them(self, admin: Cloud, space: str) -> None:
        name = space.rpartition("/")[2]
        assert admin.call("DELETE", space).status == 204
        made(admin, SPACES, {"namespace": name, **FULL})
        prefixed = shown(admin, f"{space}?resource_type=OS::Glance::Image")
        assert set(prefixed["properties"]) == {"hw_arch", "hw_cpu", "hw_list"}
        assert prefixed["objects"][1]["required"] == ["hw_port"] == list(prefixed["objects"][1]["properties"])
        for other in ("OS::Test::Only", "none", ""):
            assert shown(admin, f"{space}?resource_type={other}") == shown(admin, space)
        assert shown(admin, f"{space}/properties/hw_cpu?resource_type=OS::Glance::Image")["name"] == "cpu"
        for path in ("cpu?resource_type=OS::Glance::Image", "cpu?resource_type=OS::Test::Only", "cpu?resource_type=x"):
            assert admin.get(f"{space}/properties/{path}").status == 404

    def test_little_is_needed_and_little_is_shown(self, admin: Cloud) -> None:
        document = made(admin, SPACES, {"namespace": "OS::Test::Bare"})
        assert set(document) == {
            *("namespace", "visibility", "protected", "owner", "created_at", "updated_at", "self", "schema")
        }
        assert document["visibility"] == "private"

    def test_a_change_says_everything_anew_but_for_the_parts(self, admin: Cloud, space: str) -> None:
        made(admin, f"{space}/tags/kept")
        name = space.rpartition("/")[2]
        said = {"namespace": name, "description": "x", "protected": True, "visibility": "public", "owner": "somebody"}
        reply = admin.call("PUT", space, {**said, "tags": [{"name": "ignored"}]})
        assert reply.status == 200
        assert {key: reply.json[key] for key in said} == said
        assert reply.json["updated_at"] >= reply.json["created_at"]
        assert tag_names(admin, f"{space}/tags") == ["kept"]
        reply = admin.call("PUT", space, {"namespace": f"{name}::new"})
        assert (reply.json["visibility"], reply.json["protected"]) == ("private", False)
        assert "description" not in reply.json
        assert reply.json["owner"] == admin.projects["admin"].id
        assert admin.get(space).status == 404
        assert tag_names(admin, f"{space}::new/tags") == ["kept"]
        assert admin.call("PUT", f"{space}::new", {"namespace": "OS::Test::taken"}).status == 200
        made(admin, SPACES, {"namespace": name})
        assert admin.call("PUT", space, {"namespace": "OS::Test::taken"}).status == 409
        assert admin.call("PUT", space, {}).status == 400
        assert admin.call("PUT", f"{SPACES}/none", {"namespace": "none"}).status == 404

    def test_a_deleted_one_is_gone(self, admin: Cloud, space: str) -> None:
        made(admin, f"{space}/objects", {"name": "a"})
        assert admin.call("DELETE", space).status == 204
        for path in (space, f"{space}/objects", f"{space}/objects/a", f"{space}/tags", f"{space}/resource_types"):
            assert admin.get(path).status == 404
        assert admin.call("DELETE", space).status == 404

    def test_nothing_is_taken_from_a_protected_one(self, admin: Cloud) -> None:
        parts = {
            "properties": {"a": a_property()},
            "objects": [{"name": "a"}],
            "tags": [{"name": "a"}],
            "resource_type_associations": [{"name": "a"}],
        }
        made(admin, SPACES, {"namespace": "OS::Test::Protected", "protected": True, **parts})
        space = f"{SPACES}/OS::Test::Protected"
        for kind in ("properties", "objects", "tags"):
            assert admin.call("DELETE", f"{space}/{kind}").status == 403
        for kind in ("properties", "objects", "tags", "resource_types"):
            reply = admin.call("DELETE", f"{space}/{kind}/a")
            assert (reply.status, "protected" in reply.message) == (403, True)
        assert admin.call("DELETE", space).status == 403
        assert admin.call("PUT", f"{space}/objects/a", {"name": "b"}).status == 200
        assert admin.call("PUT", space, {"namespace": "OS::Test::Protected"}).status == 200
        assert admin.call("DELETE", space).status == 204


@pytest.fixture(scope="module")
def listed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    with running_cloud(tmp_path_factory.mktemp("lists")) as cloud:
        admin = cloud.as_("admin", "admin")
        for name, visibility, types in (
            ("b", "public", ["OS::Glance::Image"]),
            ("a", "private", ["OS::Glance::Image", "OS::Other"]),
            ("d", "private", []),
            ("c", "public", ["OS::Other"]),
        ):
            document: dict[str, Any] = {"namespace": name, "visibility": visibility, "tags": [{"name": "t"}]}
            document["resource_type_associations"] = [{"name": item} for item in types]
            made(admin, SPACES, document)
        made(admin, SPACES, {"namespace": "of demo", "owner": cloud.projects["demo"].id})
        yield admin


class TestLists:
    @pytest.mark.parametrize(
        ("query", "expected"),
        [
            ("", ["of demo", "c", "d", "a", "b"]),
            ("sort_dir=asc", ["b", "a", "d", "c", "of demo"]),
            ("sort_key=namespace&sort_dir=asc", ["a", "b", "c", "d", "of demo"]),
            ("sort_key=visibility", ["c", "b", "of demo", "d", "a"]),
            ("visibility=public", ["c", "b"]),
            ("visibility=private&sort_key=namespace", ["of demo", "d", "a"]),
            ("resource_types=OS::Other", ["c", "a"]),
            ("resource_types=OS::Other,OS::Glance::Image,x", ["c", "a", "b"]),
            ("resource_types=none", []),
            ("limit=2", ["of demo", "c"]),
            ("limit=0", []),
            ("limit=9999999999", ["of demo", "c", "d", "a", "b"]),
            ("limit=2&marker=d", ["a", "b"]),
            ("unknown=x", ["of demo", "c", "d", "a", "b"]),
        ],
    )
    def test_a_list_shows_what_is_asked_for(self, listed: Cloud, query: str, expected: list[str]) -> None:
        assert [item["namespace"] for item in shown(listed, f"{SPACES}?{query}")["namespaces"]] == expected

    def test_pages_lead_to_the_next_one(self, listed: Cloud) -> None:
        page = shown(listed, f"{SPACES}?limit=2&sort_key=namespace&sort_dir=asc&marker=b")
        assert [item["namespace"] for item in page["namespaces"]] == ["c", "d"]
        assert page["first"] == f"{SPACES}?limit=2&sort_key=namespace&sort_dir=asc"
        assert page["next"] == f"{page['first']}&marker=d"
        assert page["schema"] == "/v2/schemas/metadefs/namespaces"
        last = shown(listed, page["next"])
        assert [item["namespace"] for item in last["namespaces"]] == ["of demo"]
        assert "next" not in last

    def test_of_the_parts_the_resource_types_are_shown(self, listed: Cloud) -> None:
        first = shown(listed, f"{SPACES}?marker=of%20demo&limit=1")["namespaces"][0]
        assert [item["name"] for item in first["resource_type_associations"]] == ["OS::Other"]
        assert "tags" not in first

    def test_everybody_is_shown_the_own_and_the_public_ones(self, listed: Cloud) -> None:
        for user, project, expected in (
            ("mira", "demo", ["of demo", "c", "b"]),
            ("rita", "demo", ["of demo", "c", "b"]),
            ("alex", "alt", ["c", "b"]),
        ):
            caller = listed.as_(user, project)
            assert [item["namespace"] for item in shown(caller, SPACES)["namespaces"]] == expected
        assert listed.as_("alex", "alt").get(f"{SPACES}?marker=d").status == 404

    @pytest.mark.parametrize(
        ("query", "status"),
        [
            ("limit=x", 400),
            ("limit=-1", 400),
            ("sort_key=id", 400),
            ("sort_key=none", 400),
            ("sort_dir=up", 400),
            ("visibility=shared", 400),
            ("visibility=", 400),
            ("marker=none", 404),
            ("marker=", 404),
        ],
    )
    def test_a_list_that_makes_no_sense_is_refused(self, listed: Cloud, query: str, status: int) -> None:
        assert listed.get(f"{SPACES}?{query}").status == status

    def test_resource_types_are_well_known_ones_and_those_in_use(self, listed: Cloud) -> None:
        found = shown(listed, "/v2/metadefs/resource_types")["resource_types"]
        names = {item["name"]: set(item) for item in found}
        assert len(names) == len(found)
        assert names["OS::Other"] == names["OS::Glance::Image"] == {"name", "created_at"}
        assert names["OS::Nova::Server"] == {"name"}


class TestParts:
    def test_objects(self, admin: Cloud, space: str) -> None:
        document = {"name": "b", "description": "x", "required": ["p"], "properties": {"p": a_property(minLength=0)}}
        reply = made(admin, f"{space}/objects", document)
        assert reply == {
            **document,
            "created_at": reply["created_at"],
            "updated_at": reply["created_at"],
            "self": f"{space}/objects/b",
            "schema": "/v2/schemas/metadefs/object",
        }
        assert shown(admin, f"{space}/objects/b") == reply
        assert admin.call("POST", f"{space}/objects", {"name": "b"}).status == 409
        made(admin, f"{space}/objects", {"name": "a"})
        found = shown(admin, f"{space}/objects")
        assert [item["name"] for item in found["objects"]] == ["a", "b"]
        assert found["schema"] == "/v2/schemas/metadefs/objects"
        admin.clock.pass_time(5)
        changed = admin.call("PUT", f"{space}/objects/b", {"name": "c"})
        assert changed.status == 200
        assert (changed.json["properties"], changed.json["required"]) == ({}, [])
        assert changed.json["created_at"] == reply["created_at"] < changed.json["updated_at"]
        assert admin.call("PUT", f"{space}/objects/c", {"name": "a"}).status == 409
        assert admin.call("PUT", f"{space}/objects/b", {"name": "b"}).status == 404
        assert admin.call("DELETE", f"{space}/objects/c").status == 204
        assert admin.call("DELETE", f"{space}/objects/c").status == admin.get(f"{space}/objects/c").status == 404
        for _ in "12":
            assert admin.call("DELETE", f"{space}/objects").status == 204
        assert shown(admin, f"{space}/objects")["objects"] == []

    def test_properties(self, admin: Cloud, space: str) -> None:
        reply = made(admin, f"{space}/properties", a_property(name="b", default=True, items={"type": "string"}))
        assert reply == {"name": "b", **a_property(default="True", items={"type": "string"})}
        assert shown(admin, f"{space}/properties/b") == reply
        assert admin.call("POST", f"{space}/properties", a_property(name="b")).status == 409
        assert made(admin, f"{space}/properties", a_property(name="a", default=[1]))["default"] is None
        assert list(shown(admin, f"{space}/properties")["properties"]) == ["a", "b"]
        assert "name" not in shown(admin, f"{space}/properties")["properties"]["a"]
        changed = admin.call("PUT", f"{space}/properties/b", a_property(name="c"))
        assert (changed.status, changed.json) == (200, {"name": "c", **a_property()})
        assert admin.call("PUT", f"{space}/properties/c", a_property(name="a")).status == 409
        assert admin.call("PUT", f"{space}/properties/c", a_property()).status == 400
        assert admin.call("DELETE", f"{space}/properties/c").status == 204
        assert admin.get(f"{space}/properties/c").status == 404
        assert admin.call("DELETE", f"{space}/properties").status == 204
        assert shown(admin, f"{space}/properties") == {"properties": {}}

    def test_tags_one_by_one(self, admin: Cloud, space: str) -> None:
        one = made(admin, f"{space}/tags/one")
        assert set(one) == {"name", "created_at", "updated_at"}
        assert shown(admin, f"{space}/tags/one") == one
        assert admin.call("POST", f"{space}/tags/one").status == 409
        made(admin, f"{space}/tags/One")
        assert tag_names(admin, f"{space}/tags") == ["One", "one"]
        assert admin.call("PUT", f"{space}/tags/one", {"name": "two"}).json["name"] == "two"
        assert admin.call("PUT", f"{space}/tags/two", {"name": "One"}).status == 409
        assert admin.call("DELETE", f"{space}/tags/two").status == 204
        assert admin.get(f"{space}/tags/two").status == 404
        assert admin.call("DELETE", f"{space}/tags").status == 204
        assert tag_names(admin, f"{space}/tags") == []

    def test_tags_all_at_once(self, admin: Cloud, space: str) -> None:
        def send(*names: str, append: str = "") -> Reply:
            headers = {"x-openstack-append": append} if append else {}
            return admin.call("POST", f"{space}/tags", {"tags": [{"name": name} for name in names]}, headers=headers)

        assert (send("c", "a").status, send("c", "a").json) == (201, {"tags": [{"name": "c"}, {"name": "a"}]})
        assert tag_names(admin, f"{space}/tags") == ["a", "c"]
        assert send("b").status == 201
        assert tag_names(admin, f"{space}/tags") == ["b"]
        assert send("d", "e", append="True").json == {"tags": [{"name": "d"}, {"name": "e"}]}
        assert tag_names(admin, f"{space}/tags") == ["e", "d", "b"]
        assert send("d", append="True").status == send("x", "x").status == 409
        assert send().status == 201
        assert tag_names(admin, f"{space}/tags") == ["e", "d", "b"]
        assert send("f", append="False").status == 201
        assert tag_names(admin, f"{space}/tags") == ["f"]

    @pytest.mark.parametrize(
        ("query", "expected"),
        [
            ("limit=2", "bc"),
            ("limit=0", ""),
            ("marker=c", "a"),
            ("sort_dir=asc", "acb"),
            ("sort_key=name", "cba"),
            ("sort_key=name&sort_dir=asc&marker=a&limit=1", "b"),
        ],
    )
    def test_tags_and_objects_are_paged(self, admin: Cloud, space: str, query: str, expected: str) -> None:
        made(admin, f"{space}/tags", {"tags": [{"name": name} for name in "acb"]})
        assert "".join(tag_names(admin, f"{space}/tags?{query}")) == expected
        if "sort" in query:
            for name in "acb":
                made(admin, f"{space}/objects", {"name": name})
            found = shown(admin, f"{space}/objects?{query}")["objects"]
            assert "".join(item["name"] for item in found) == expected
        for nonsense, status in (("limit=x", 400), ("sort_key=x", 400), ("sort_dir=x", 400), ("marker=x", 404)):
            assert admin.get(f"{space}/tags?{nonsense}").status == status

    def test_resource_types(self, admin: Cloud, space: str) -> None:
        document = {"name": "OS::Z", "prefix": "z:", "properties_target": "image"}
        reply = made(admin, f"{space}/resource_types", document)
        assert {key: reply[key] for key in document} == document
        assert {"created_at", "updated_at"} < set(reply)
        assert admin.call("POST", f"{space}/resource_types", {"name": "OS::Z"}).status == 409
        made(admin, f"{space}/resource_types", {"name": "OS::A"})
        found = shown(admin, f"{space}/resource_types")["resource_type_associations"]
        assert [item["name"] for item in found] == ["OS::Z", "OS::A"]
        assert admin.call("DELETE", f"{space}/resource_types/OS::Z").status == 204
        assert admin.call("DELETE", f"{space}/resource_types/OS::Z").status == 404
        assert admin.get(f"{space}/resource_types/OS::A").status == 405

    def test_names_of_parts_may_be_anything_that_can_be_said_in_a_path(self, admin: Cloud, space: str) -> None:
        for name in ("a/b", "a b", "é☃", "%2f", "?x=1", "#", "a:b", "..a", "a\\b", "\u202eabc", "😀" * 80):
            made(admin, f"{space}/objects", {"name": name})
            reply = shown(admin, f"{space}/objects/{quote(name, safe='')}")
            assert reply["name"] == name
            assert shown(admin, reply["self"]) == reply
            made(admin, f"{space}/tags/{quote(name)}")
            assert admin.call("DELETE", f"{space}/tags/{quote(name, safe='')}").status == 204
