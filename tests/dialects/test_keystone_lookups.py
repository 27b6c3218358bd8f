"""Discovery, look-ups and the catalog: specs/openstack.md 2.1, 2.4, 2.5; specs/k5.md 3.2."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import pytest

from imageferry.dialects.edge.http import status_for
from imageferry.dialects.edge.statuses import STATUSES
from imageferry.domain import errors
from imageferry.domain.access import Role
from imageferry.domain.errors import BadInput, FerryError
from imageferry.domain.region import Region, region_for_host
from imageferry.wire import catalog
from tests.dialects.openstack_service import BASE, Cloud, running_cloud

VERSION = {
    "id": "v3.14",
    "status": "stable",
    "updated": "2020-04-07T00:00:00Z",
    "links": [{"rel": "self", "href": f"{BASE}/v3/"}],
    "media-types": [{"base": "application/json", "type": "application/vnd.openstack.identity-v3+json"}],
}


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    with running_cloud(tmp_path_factory.mktemp("keystone")) as made:
        yield made


def test_discovery_needs_no_token(cloud: Cloud) -> None:
    reply = cloud.get("/")
    assert (reply.status, reply.headers["location"]) == (300, f"{BASE}/v3/")
    assert reply.json == {"versions": {"values": [VERSION]}}
    for path in ("/v3", "/v3/"):
        reply = cloud.get(path)
        assert (reply.status, reply.json) == (200, {"version": VERSION})
    for path in ("/v2.0", "/v2.0/tokens", "/v3/nothing", "/v3/auth/nothing", "/nothing"):
        reply = cloud.get(path)
        assert (reply.status, reply.json["error"]["title"]) == (404, "Not Found")


@pytest.mark.parametrize("host", ['a"><script>', "a b", "a/b", "", "a:b", "x" * 5000 + "/"])
def test_a_strange_host_is_not_repeated(cloud: Cloud, host: str) -> None:
    reply = cloud.get("/v3", host=host)
    assert reply.json["version"]["links"][0]["href"] == "http://localhost/v3/"


def test_ones_own_projects(cloud: Cloud) -> None:
    demo = cloud.projects["demo"].id
    expected = {
        "id": demo,
        "name": "demo",
        "domain_id": "default",
        "description": "",
        "enabled": True,
        "parent_id": "default",
        "is_domain": False,
        "tags": [],
        "options": {},
        "links": {"self": f"{BASE}/v3/projects/{demo}"},
    }
    mine = cloud.as_("mira")  # unscoped: this list is what one scopes by
    for path in ("/v3/auth/projects", f"/v3/users/{cloud.users['mira']}/projects"):
        reply = mine.get(path)
        assert reply.status == 200
        links = {"next": None, "self": f"{BASE}{path}", "previous": None}
        assert reply.json == {"projects": [expected], "links": links}
    assert cloud.as_("nobody").get("/v3/auth/projects").json["projects"] == []


def test_a_disabled_project_is_nothing_to_scope_to(cloud: Cloud) -> None:
    admin = cloud.services.admin
    project, user = admin.add_project("shut"), admin.user("nobody")
    admin.grant(user, project, Role.ADMIN)
    admin.set_enabled(project, enabled=False)
    nobody = cloud.as_("nobody")
    assert nobody.get("/v3/auth/projects").json["projects"] == []
    assert [p["enabled"] for p in nobody.get(f"/v3/users/{user.id}/projects").json["projects"]] == [False]
    admin.delete(project)


def test_lists_that_are_always_empty(cloud: Cloud) -> None:
    mine = cloud.as_("mira")
    for path, name in (
        ("/v3/auth/domains", "domains"),
        ("/v3/auth/system", "system"),
        ("/v3/limits", "limits"),
        ("/v3/registered_limits", "registered_limits"),
    ):
        assert mine.get(path).json[name] == []


def test_the_catalog_of_a_scoped_token(cloud: Cloud) -> None:
    mine = cloud.as_("mira", "demo")
    reply = mine.get("/v3/auth/catalog")
    token = mine.get("/v3/auth/tokens", headers={"x-subject-token": mine.token or ""}).json["token"]
    assert (reply.status, reply.json["catalog"]) == (200, token["catalog"])
    assert cloud.as_("mira").get("/v3/auth/catalog").status == 403


_PATHS = [
    "/v3/auth/projects",
    "/v3/auth/domains",
    "/v3/auth/system",
    "/v3/auth/catalog",
    "/v3/projects",
    "/v3/projects/x",
    "/v3/users",
    "/v3/users/x",
    "/v3/users/x/projects",
    "/v3/domains",
    "/v3/domains/default",
    "/v3/roles",
    "/v3/regions",
    "/v3/services",
    "/v3/endpoints",
    "/v3/limits",
]


@pytest.mark.parametrize("path", _PATHS)
def test_nothing_is_told_without_a_token(cloud: Cloud, path: str) -> None:
    assert cloud.as_(None).get(path).status == 401
    assert cloud.get(path, headers={"x-auth-token": "nonsense"}).status == 401


def test_what_only_the_administrator_may_list(cloud: Cloud) -> None:
    for name in ("projects", "users", "domains", "roles", "services", "endpoints"):
        assert cloud.as_("mira", "demo").get(f"/v3/{name}").status == 403
        reply = cloud.as_("admin", "admin").get(f"/v3/{name}")
        assert reply.status == 200
        assert reply.json[name]
        first = reply.json[name][0]
        shown = cloud.as_("admin", "admin").get(f"/v3/{name}/{first['id']}")
        assert (shown.status, shown.json) == (200, {name.removesuffix("s"): first})
        assert cloud.as_("admin", "admin").get(f"/v3/{name}/no%20such").status == 404


def test_a_look_up_by_name_is_a_404_and_then_a_list(cloud: Cloud) -> None:
    admin = cloud.as_("admin", "admin")
    reply = admin.get("/v3/projects/demo")
    assert reply.status == 404
    assert reply.json == {"error": {"code": 404, "message": "Could not find project: demo.", "title": "Not Found"}}
    reply = admin.get("/v3/projects?name=demo&domain_id=default")
    assert [project["name"] for project in reply.json["projects"]] == ["demo"]
    assert reply.json["links"]["self"] == f"{BASE}/v3/projects?name=demo&domain_id=default"
    assert admin.get("/v3/projects?name=demo&domain_id=other").json["projects"] == []
    assert [user["id"] for user in admin.get("/v3/users?name=mira").json["users"]] == [cloud.users["mira"]]
    assert [domain["id"] for domain in admin.get("/v3/domains?name=Default").json["domains"]] == ["default"]
    assert [role["name"] for role in admin.get("/v3/roles?name=member").json["roles"]] == ["member"]
    assert len(admin.get("/v3/services?type=image").json["services"]) == 1
    assert admin.get("/v3/users?name=%F0%9F%98%80").json["users"] == []


def test_lists_are_filtered_by_what_is_asked(cloud: Cloud) -> None:
    admin = cloud.as_("admin", "admin")
    closed = cloud.services.admin.add_project("closed")
    cloud.services.admin.set_enabled(closed, enabled=False)
    cloud.services.admin.set_enabled(cloud.services.admin.user("nobody"), enabled=False)

    def names(query: str) -> set[str]:
        kind = query.partition("?")[0]
        return {row["name"] for row in admin.get(f"/v3/{query}").json[kind]}

    for yes, no in (("True", "False"), ("true", "false"), ("1", "0"), ("", "0")):
        assert "closed" not in names(f"projects?enabled={yes}")
        assert names(f"projects?enabled={no}") == {"closed"}
        assert {"nobody", "mira"} & names(f"users?enabled={yes}") == {"mira"}
        assert names(f"users?enabled={no}") == {"nobody"}
        assert names(f"domains?enabled={no}") == set()
        assert "Default" in names(f"domains?enabled={yes}")
    assert names("projects?tags=a") == names("domains?tags=a,b") == names("projects?is_domain=true") == set()
    assert names("projects?parent_id=default&is_domain=false") == names("projects?domain_id=default")
    assert names("roles?domain_id=default") == set()
    assert admin.get("/v3/services?type=image&name=nova").json["services"] == []
    cloud.services.admin.delete(closed)
    cloud.services.admin.set_enabled(cloud.services.admin.user("nobody"), enabled=True)


def test_ones_own_user_and_project(cloud: Cloud) -> None:
    mine = cloud.as_("mira", "demo")
    user = mine.get(f"/v3/users/{cloud.users['mira']}").json["user"]
    assert user == {
        "id": cloud.users["mira"],
        "name": "mira",
        "domain_id": "default",
        "enabled": True,
        "password_expires_at": None,
        "options": {},
        "links": {"self": f"{BASE}/v3/users/{cloud.users['mira']}"},
        "default_project_id": cloud.projects["demo"].id,
    }
    assert mine.get(f"/v3/users/{cloud.users['alex']}").status == 403
    assert mine.get(f"/v3/users/{cloud.users['alex']}/projects").status == 403
    assert mine.get(f"/v3/projects/{cloud.projects['demo'].id}").status == 200
    assert mine.get(f"/v3/projects/{cloud.projects['alt'].id}").status == 404
    assert mine.get("/v3/regions/RegionOne").json["region"]["parent_region_id"] is None


def test_long_lists_come_whole(cloud: Cloud) -> None:
    """Clients of these lists know no pages."""
    admin, wanted = cloud.services.admin, 1005
    made = [admin.add_project(f"many {number}") for number in range(wanted)]
    try:
        projects = cloud.as_("admin", "admin").get("/v3/projects").json["projects"]
        assert len({project["id"] for project in projects}) == len(projects) >= wanted
    finally:
        for project in made:
            admin.delete(project)


def test_a_slash_or_a_line_feed_in_a_name_is_a_clean_404(cloud: Cloud) -> None:
    admin = cloud.as_("admin", "admin")
    for name in ("a%2Fb", "a%0Ab", "%F0%9F%98%80", "..%2F..%2Fetc", "%E2%80%AE", "x" * 5000):
        assert admin.get(f"/v3/projects/{name}").status == 404
    assert admin.get("/v3/projects/%FF").status == 400


# -- catalog and regions ---------------------------------------------------------------

_UK = Region(name="uk-1", url="https://{service}.{region}.cloud.example")
_HERE = Region(name="RegionOne")


def test_each_endpoint_has_what_any_client_looks_for() -> None:
    services = catalog.services([_HERE, _UK], base="http://h", first=_UK)
    assert [service.type for service in services] == ["identity", "object-store", "image", "vmimport", "import-export"]
    for service in services:
        assert [(e.region, e.interface) for e in service.endpoints] == [
            (region, interface) for region in ("uk-1", "RegionOne") for interface in ("public", "internal", "admin")
        ]
        assert len({endpoint.url for endpoint in service.endpoints[:3]}) == 1
    names = [service.endpoints[0].name for service in services]
    assert names == ["identityv3", "objectstorage", "image", "vmimport", "import-export"]
    assert [service.endpoints[0].url for service in services] == [
        "https://identity.uk-1.cloud.example/v3",
        "https://objectstorage.uk-1.cloud.example/v1/AUTH_%(project_id)s",
        "https://image.uk-1.cloud.example",
        "https://vmimport.uk-1.cloud.example",
        "https://import-export.uk-1.cloud.example",
    ]
    ids = [endpoint.id for service in services for endpoint in service.endpoints]
    assert len(set(ids)) == len(ids) == 30
    assert services == catalog.services([_HERE, _UK], base="http://h", first=_UK)


def test_the_region_that_a_request_came_to_stands_first(tmp_path_factory: pytest.TempPathFactory) -> None:
    with running_cloud(tmp_path_factory.mktemp("regions"), regions=(_HERE, _UK)) as cloud:
        mine = cloud.as_("mira", "demo")
        for host, region in (("identity.uk-1.cloud.example", "uk-1"), ("cloud.example:8765", "RegionOne")):
            endpoints = [service["endpoints"] for service in mine.get("/v3/auth/catalog", host=host).json["catalog"]]
            assert {rows[0]["region"] for rows in endpoints} == {region}
            assert all(row["region"] == row["region_id"] for rows in endpoints for row in rows)
        entries = cloud.as_("admin", "admin").get("/v3/endpoints?interface=public&region_id=uk-1").json["endpoints"]
        assert len(entries) == 5


@pytest.mark.parametrize(
    ("host", "region"),
    [
        ("vmimport.uk-1.cloud.example", "uk-1"),
        ("VMIMPORT.UK-1.cloud.example:443", "uk-1"),
        ("cloud.example", "RegionOne"),
        ("uk-10.example", "RegionOne"),
        ("", "RegionOne"),
        ("[::1]:80", "RegionOne"),
    ],
)
def test_the_region_is_a_label_of_the_host(host: str, region: str) -> None:
    assert region_for_host(host, [_HERE, _UK]).name == region


def test_a_region_checks_itself() -> None:
    for wrong in ("", "a b", 'x"', "a/b"):
        with pytest.raises(BadInput):
            Region(name=wrong)
    with pytest.raises(BadInput):
        dataclasses.replace(_UK, profile="D")  # type: ignore[arg-type]


def test_every_error_has_words_here() -> None:
    for name in dir(errors):
        kind = getattr(errors, name)
        if isinstance(kind, type) and issubclass(kind, FerryError):
            status, title = status_for(kind.__new__(kind), STATUSES)
            assert 400 <= status < 600
            assert title


def test_everybody_may_look_at_the_domain_of_their_project(cloud: Cloud) -> None:
    assert cloud.as_("rita", "demo").get("/v3/domains/default").json["domain"]["name"] == "Default"
    other = cloud.projects["contract"].domain.id
    assert cloud.as_("rita", "demo").get(f"/v3/domains/{other}").status == 403
    assert cloud.as_("kay", "contract").get(f"/v3/domains/{other}").status == 200
    assert cloud.as_("nobody").get("/v3/domains/default").status == 403
