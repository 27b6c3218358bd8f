"""Lists of images: every parameter of specs/openstack.md 4.8."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlencode

import pytest

from tests.dialects.openstack_service import Cloud, running_cloud


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    with running_cloud(tmp_path_factory.mktemp("lists")) as made:
        yield made


@pytest.fixture(scope="module")
def mine(cloud: Cloud) -> Cloud:
    """Six images, made in this order, a minute apart; "f" is hidden."""
    mira = cloud.as_("mira", "demo")
    for name, attributes in _IMAGES.items():
        assert mira.call("POST", "/v2/images", {"name": name, **attributes}).status == 201
        cloud.clock.pass_time(60)
    data = b"\0" * 1000
    key = mira.get("/v2/images?name=b").json["images"][0]["id"]
    sent = mira.call("PUT", f"/v2/images/{key}/file", body=data, headers={"content-type": "application/octet-stream"})
    assert sent.status == 204
    return mira


_RAW: dict[str, Any] = {"disk_format": "raw", "container_format": "bare"}
_IMAGES: dict[str, dict[str, Any]] = {
    "a": {"tags": ["one"], "os_distro": "debian", "visibility": "private"},
    "b": {"tags": ["one", "two"], "protected": True, **_RAW},
    "c": {"disk_format": "qcow2", "container_format": "bare", "min_ram": 5},
    "with, comma": {"os_distro": "debian", "os_version": "13"},
    'with "quotes"': {"visibility": "community"},
    "f": {"os_hidden": True},
}


def names(cloud: Cloud, query: str = "") -> list[str]:
    reply = cloud.get(f"/v2/images?{query}")
    assert reply.status == 200, reply.body
    return [image["name"] for image in reply.json["images"]]


def test_the_newest_come_first_and_hidden_ones_do_not(mine: Cloud) -> None:
    assert names(mine) == ['with "quotes"', "with, comma", "c", "b", "a"]


_QUERIES = [
    ("name=a", {"a"}),
    ("name=in:a,b", {"a", "b"}),
    ("name=" + quote('in:"with, comma",a'), {"with, comma", "a"}),
    ("name=" + quote('in:a,"with ""quotes"""'), {"a", 'with "quotes"'}),
    ("name=in:", set()),
    ("name=A", set()),
    ("name=%25", set()),
    ("status=active", {"b"}),
    ("status=in:active,queued", {"a", "b", "c", "with, comma", 'with "quotes"'}),
    ("status=killed", set()),
    ("status=nonsense", set()),
    ("disk_format=raw", {"b"}),
    ("disk_format=in:raw,qcow2", {"b", "c"}),
    ("disk_format=floppy", set()),
    ("container_format=bare", {"b", "c"}),
    ("min_ram=5", {"c"}),
    ("min_ram=5&min_disk=1", set()),
    ("size=1000", {"b"}),
    ("virtual_size=1000", {"b"}),
    ("tag=one", {"a", "b"}),
    ("tag=one&tag=two", {"b"}),
    ("tag=three", set()),
    ("os_distro=debian", {"a", "with, comma"}),
    ("os_distro=debian&os_version=13", {"with, comma"}),
    ("no_such_property=x", set()),
    ("protected=true", {"b"}),
    ("protected=False&tag=one", {"a"}),
    ("os_hidden=true", {"f"}),
    ("os_hidden=True", {"f"}),
    ("visibility=private", {"a"}),
    ("visibility=shared", {"b", "c", "with, comma"}),
    ("visibility=community", {'with "quotes"'}),
    ("visibility=public", set()),
    ("visibility=all", {"a", "b", "c", "with, comma", 'with "quotes"'}),
    ("size_min=1000", {"b"}),
    ("size_min=1001", set()),
    ("size_max=1000", {"b"}),
    ("size_max=999999999999999999999999", {"b"}),
    ("created_at=gte:2026-11-20T07:30:02Z", {"c", "with, comma", 'with "quotes"'}),
    ("created_at=lt:2026-11-20T07:29:02Z", {"a"}),
    ("created_at=gt:2026-11-20T07:28:30Z&created_at=lt:2026-11-20T07:29:30Z", {"b"}),
    ("updated_at=gt:2026-11-20T07:33:00Z", {"b"}),
    ("limit=1000000", {"a", "b", "c", "with, comma", 'with "quotes"'}),
    ("limit=0", set()),
    ("member_status=all", {"a", "b", "c", "with, comma", 'with "quotes"'}),
]


@pytest.mark.parametrize(("query", "expected"), _QUERIES)
def test_each_filter(mine: Cloud, query: str, expected: set[str]) -> None:
    assert set(names(mine, query)) == expected


def test_filters_by_what_the_service_set(cloud: Cloud, mine: Cloud) -> None:
    image = mine.get("/v2/images?name=b").json["images"][0]
    for query in (
        {"checksum": image["checksum"]},
        {"os_hash_value": image["os_hash_value"]},
        {"id": image["id"]},
        {"id": f"in:{image['id']},{uuid.uuid4()}"},
    ):
        assert names(mine, urlencode(query)) == ["b"]
    assert len(names(mine, f"owner={cloud.projects['demo'].id}")) == 5
    assert names(mine, "owner=another") == []


_WRONG = [
    "limit=-1",
    "limit=x",
    "limit=",
    "limit=1.5",
    "marker=x",
    f"marker={uuid.UUID(int=5)}",
    "sort=nonsense",
    "sort=name:sideways",
    "sort=name:asc&sort_key=name",
    "sort=name&sort_dir=asc",
    "sort_key=nonsense",
    "sort_key=owner",
    "sort_dir=up",
    "sort_key=name&sort_dir=asc&sort_dir=asc&sort_dir=asc",
    "visibility=secret",
    "visibility=",
    "member_status=maybe",
    "protected=maybe",
    "os_hidden=1",
    "size_min=x",
    "size_min=-1",
    "size_max=1e3",
    "created_at=yesterday",
    "created_at=gt:",
    "created_at=about:2026-11-20T07:28:02Z",
    "updated_at=2026-13-20T07:28:02Z",
    "changes-since=2026-11-20T07:28:02Z",
    "min_ram=x",
    "size=-5",
    "deleted=false",
    "name=" + quote('in:"open'),
    "&".join(f"tag=t{n}" for n in range(2000)),
]


@pytest.mark.parametrize("query", _WRONG, ids=lambda query: str(query)[:40])
def test_what_has_no_meaning_is_a_400(mine: Cloud, query: str) -> None:
    assert mine.get(f"/v2/images?{query}").status == 400


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("sort=status:asc&status=queued", ["a", "c", "with, comma", 'with "quotes"']),
        ("sort=status&status=queued", ['with "quotes"', "with, comma", "c", "a"]),
        ("sort=status:asc,size:asc&status=queued", ['with "quotes"', "with, comma", "c", "a"]),
        ("sort_key=status&sort_key=size&sort_dir=asc&status=queued", ["a", "c", "with, comma", 'with "quotes"']),
        ("sort=name:asc", ["a", "b", "c", 'with "quotes"', "with, comma"]),
        ("sort=name", ["with, comma", 'with "quotes"', "c", "b", "a"]),
        ("sort_key=name&sort_dir=asc", ["a", "b", "c", 'with "quotes"', "with, comma"]),
        ("sort_key=name", ["with, comma", 'with "quotes"', "c", "b", "a"]),
        ("sort_dir=asc", ["a", "b", "c", "with, comma", 'with "quotes"']),
        ("sort=disk_format:desc,name:asc", ["b", "c", "a", 'with "quotes"', "with, comma"]),
        (
            "sort_key=disk_format&sort_key=name&sort_dir=desc&sort_dir=asc",
            ["b", "c", "a", 'with "quotes"', "with, comma"],
        ),
        ("sort=created_at:asc,created_at:desc", ["a", "b", "c", "with, comma", 'with "quotes"']),
    ],
)
def test_order(mine: Cloud, query: str, expected: list[str]) -> None:
    assert names(mine, query) == expected


def test_pages_are_walked_by_their_links(mine: Cloud) -> None:
    reply = mine.get("/v2/images?limit=1&tag=one&tag=two&name=in%3Aa%2Cb")
    key = reply.json["images"][0]["id"]
    query = "limit=1&tag=one&tag=two&name=in%3Aa%2Cb"
    assert reply.json["first"] == f"/v2/images?{query}"
    assert reply.json["next"] == f"/v2/images?{query}&marker={key}"
    assert reply.json["schema"] == "/v2/schemas/images"
    last = mine.get(reply.json["next"]).json
    assert (last["images"], last["first"], "next" in last) == ([], f"/v2/images?{query}", False)
    seen, target = [], "/v2/images?limit=2&sort=name:asc"
    while target:
        page = mine.get(target).json
        seen += [image["name"] for image in page["images"]]
        target = page.get("next", "")
    assert seen == ["a", "b", "c", 'with "quotes"', "with, comma"]
    assert mine.get("/v2/images").json["first"] == "/v2/images"


def test_a_page_has_25_where_nobody_says_more(cloud: Cloud) -> None:
    alex = cloud.as_("alex", "alt")
    for _ in range(26):
        alex.call("POST", "/v2/images", {})
    page = alex.get("/v2/images").json
    assert len(page["images"]) == 25
    assert len(alex.get(page["next"]).json["images"]) == 1


def test_what_others_see_in_their_lists(cloud: Cloud, mine: Cloud) -> None:
    """Public ones always, shared ones once accepted, community ones when asked for, private ones never."""
    alex, admin = cloud.as_("alex", "alt"), cloud.as_("admin", "admin")
    admin.call("POST", "/v2/images", {"name": "for all", "visibility": "public"})
    names_seen = names(alex, "name=in:a,b,c," + quote('"with ""quotes""","for all"'))
    assert names_seen == ["for all"]
    key = mine.get("/v2/images?name=c").json["images"][0]["id"]
    alt = cloud.projects["alt"].id
    assert mine.call("POST", f"/v2/images/{key}/members", {"member": alt}).status == 200
    assert names(alex, "name=c") == []
    assert names(alex, "name=c&member_status=pending&visibility=shared") == ["c"]
    assert names(alex, "name=c&member_status=all") == ["c"]
    alex.call("PUT", f"/v2/images/{key}/members/{alt}", {"status": "accepted"})
    assert names(alex, "name=c") == ["c"]
    assert names(alex, f"owner={cloud.projects['demo'].id}") == ["c"]
    assert names(alex, "visibility=community") == ['with "quotes"']
    assert set(names(admin, f"owner={cloud.projects['demo'].id}&name=a")) == {"a"}
    assert cloud.as_(None).get("/v2/images").status == 401
    assert cloud.as_("mira").get("/v2/images").status == 403
