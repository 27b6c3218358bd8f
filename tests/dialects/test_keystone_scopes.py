"""Tokens for a domain and for the system: what they say, what they open, what can be made of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from imageferry.domain.access import Role
from imageferry.domain.identity import NamedDomain, Wanted
from tests.dialects.openstack_service import BASE, Cloud, Reply, running_cloud

SYSTEM = {"system": {"all": True}}


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """Mira reads the domain of the contract, rita reads the system; alex is admin of the contract's domain."""
    with running_cloud(tmp_path_factory.mktemp("keystone")) as made:
        admin = made.services.admin
        contract = made.projects["contract"].domain
        admin.grant(admin.user("mira"), contract, Role.READER)
        admin.grant(admin.user("alex"), contract, Role.ADMIN)
        admin.grant(admin.user("rita"), None, Role.READER)
        yield made


@pytest.fixture
def system(cloud: Cloud) -> Cloud:
    return cloud.as_("admin", scope=Wanted.SYSTEM)


@pytest.fixture
def system_reader(cloud: Cloud) -> Cloud:
    return cloud.as_("rita", scope=Wanted.SYSTEM)


@pytest.fixture
def home(cloud: Cloud) -> str:
    return cloud.projects["contract"].domain.id


@pytest.fixture
def domain_reader(cloud: Cloud, home: str) -> Cloud:
    return cloud.as_("mira", scope=NamedDomain(id=home))


def log_in(cloud: Cloud, who: str | None, scope: object = None) -> Reply:
    """By password, or by the token at hand when nobody is named."""
    identity: dict[str, Any] = {"methods": ["token"], "token": {"id": cloud.token}}
    if who is not None:
        user = {"name": who, "domain": {"id": "default"}, "password": f"pw of {who}"}
        identity = {"methods": ["password"], "password": {"user": user}}
    auth = {"identity": identity} if scope is None else {"identity": identity, "scope": scope}
    return cloud.as_(None).call("POST", "/v3/auth/tokens", {"auth": auth})


def test_the_first_administrator_has_a_token_for_the_system(cloud: Cloud) -> None:
    for scope in (SYSTEM, "system"):
        token = log_in(cloud, "admin", scope).json["token"]
        assert token["system"] == {"all": True}
        assert [role["name"] for role in token["roles"]] == ["admin", "member", "reader"]
        assert not {"project", "domain", "is_domain"} & token.keys()


def test_a_domain_is_named_by_id_or_by_name(cloud: Cloud, home: str) -> None:
    for scope in ({"id": home}, {"name": "Ab3dEfgh"}):
        token = log_in(cloud, "mira", {"domain": scope}).json["token"]
        assert token["domain"] == {"id": home, "name": "Ab3dEfgh"}
        assert [role["name"] for role in token["roles"]] == ["reader"]
        assert not {"project", "system", "is_domain"} & token.keys()


def test_who_has_no_role_there_gets_no_token(cloud: Cloud, home: str) -> None:
    for who, scope in (("mira", SYSTEM), ("rita", {"domain": {"id": home}}), ("admin", {"domain": {"id": home}})):
        assert log_in(cloud, who, scope).status == 401


def test_the_catalog_without_a_project_leaves_out_what_needs_one(system: Cloud, domain_reader: Cloud) -> None:
    for mine in (system, domain_reader):
        shown = mine.get("/v3/auth/tokens", headers={"x-subject-token": mine.token or ""}).json["token"]
        services = {service["type"]: service["endpoints"] for service in shown["catalog"]}
        assert services["object-store"] == []
        assert {endpoint["url"] for endpoint in services["image"]} == {f"{BASE}/image"}
        assert mine.get("/v3/auth/catalog").status == 403  # as in Keystone: that call is for projects


@pytest.mark.parametrize("scope", [SYSTEM, {"domain": {"name": "Ab3dEfgh"}}])
def test_showing_a_token_repeats_what_was_issued(cloud: Cloud, system: Cloud, scope: dict[str, object]) -> None:
    issued = log_in(cloud, "admin" if "system" in scope else "mira", scope)
    headers = {"x-subject-token": issued.headers["x-subject-token"]}
    assert system.get("/v3/auth/tokens", headers=headers).json == issued.json
    assert "catalog" not in system.get("/v3/auth/tokens?nocatalog", headers=headers).json["token"]


def test_what_one_could_have_a_token_for(cloud: Cloud, home: str) -> None:
    (domain,) = cloud.as_("mira").get("/v3/auth/domains").json["domains"]
    assert (domain["id"], domain["links"]) == (home, {"self": f"{BASE}/v3/domains/{home}"})
    assert cloud.as_("rita").get("/v3/auth/domains").json["domains"] == []
    assert cloud.as_("rita", "demo").get("/v3/auth/system").json["system"] == [{"all": True}]
    assert cloud.as_("mira", "demo").get("/v3/auth/system").json["system"] == []


# -- one token for another -------------------------------------------------------------


def test_a_token_for_the_system_makes_none_for_a_project_or_domain(system: Cloud, cloud: Cloud) -> None:
    for scope in ({"project": {"id": cloud.projects["admin"].id}}, {"domain": {"id": "default"}}):
        reply = log_in(system, None, scope)
        assert (reply.status, "token for the system" in reply.message) == (403, True)
    for scope in ("unscoped", None):
        token = log_in(system, None, scope).json["token"]
        assert not {"project", "domain", "system", "roles"} & token.keys()
    assert log_in(system, None, SYSTEM).json["token"]["methods"] == ["token", "password"]


def test_other_tokens_can_be_used_for_one_another(cloud: Cloud, home: str) -> None:
    demo = cloud.projects["demo"].id
    for mine in (cloud.as_("mira", "demo"), cloud.as_("mira"), cloud.as_("mira", scope=NamedDomain(id=home))):
        for scope in ({"project": {"id": demo}}, {"domain": {"id": home}}, "unscoped"):
            assert log_in(mine, None, scope).status == 201
        assert log_in(mine, None, SYSTEM).status == 401


def test_an_application_credential_stays_in_its_project(cloud: Cloud) -> None:
    rita = cloud.as_("rita", "demo")
    path = f"/v3/users/{cloud.users['rita']}/application_credentials"
    made = rita.call("POST", path, {"application_credential": {"name": "x"}}).json["application_credential"]
    offer = {"id": made["id"], "secret": made["secret"]}
    identity = {"methods": ["application_credential"], "application_credential": offer}
    token = rita.call("POST", "/v3/auth/tokens", {"auth": {"identity": identity}}).headers["x-subject-token"]
    by_token = {"methods": ["token"], "token": {"id": token}}
    for scope in (SYSTEM, "unscoped", {"domain": {"id": "default"}}):
        assert rita.call("POST", "/v3/auth/tokens", {"auth": {"identity": by_token, "scope": scope}}).status == 401


def test_a_token_for_a_domain_or_the_system_makes_no_application_credential(
    cloud: Cloud, system: Cloud, domain_reader: Cloud
) -> None:
    for mine, who in ((system, "admin"), (domain_reader, "mira")):
        path = f"/v3/users/{cloud.users[who]}/application_credentials"
        assert mine.call("POST", path, {"application_credential": {"name": "y"}}).status == 403
        assert mine.get(path).status == 200


# -- what they open ------------------------------------------------------------------------


def test_the_system_sees_everything_and_its_admin_changes_it(
    cloud: Cloud, system: Cloud, system_reader: Cloud, home: str
) -> None:
    everything = cloud.as_("admin", "admin")
    lists = ("projects", "users", "domains", "roles", "services", "endpoints", "role_assignments")
    for name in lists:
        expected = everything.get(f"/v3/{name}").json[name]
        assert expected
        for mine in (system, system_reader):
            assert mine.get(f"/v3/{name}").json[name] == expected
    assert system_reader.get(f"/v3/users/{cloud.users['alex']}").status == 200
    assert system_reader.get(f"/v3/domains/{home}").status == 200
    wish = {"project": {"name": "made by the system"}}
    assert system_reader.call("POST", "/v3/projects", wish).status == 403
    made = system.call("POST", "/v3/projects", wish)
    assert (made.status, made.json["project"]["domain_id"]) == (201, "default")
    path = f"/v3/projects/{made.json['project']['id']}"
    for method in ("PATCH", "DELETE"):
        assert system_reader.call(method, path, {"project": {"enabled": False}}).status == 403
        assert system.call(method, path, {"project": {"enabled": False}}).status in (200, 204)


def test_a_domain_shows_what_is_in_it_and_nothing_else(cloud: Cloud, domain_reader: Cloud, home: str) -> None:
    mine = domain_reader
    assert [domain["id"] for domain in mine.get("/v3/domains").json["domains"]] == [home]
    assert [user["name"] for user in mine.get("/v3/users").json["users"]] == ["kay"]
    assert [project["name"] for project in mine.get("/v3/projects").json["projects"]] == ["Ab3dEfgh-prj"]
    for kind in ("users", "projects"):
        assert mine.get(f"/v3/{kind}?domain_id=default").json[kind] == []
        assert mine.get(f"/v3/{kind}?domain_id={home}").json[kind] != []
    scopes = [row["scope"] for row in mine.get("/v3/role_assignments").json["role_assignments"]]
    contract = {"project": {"id": cloud.projects["contract"].id}}
    assert {str(scope) for scope in scopes} == {str({"domain": {"id": home}}), str(contract)}
    assert mine.get(f"/v3/users/{cloud.users['kay']}").status == 200
    for path in (
        f"/v3/users/{cloud.users['alex']}",
        f"/v3/users/{cloud.users['alex']}/projects",
        f"/v3/projects/{cloud.projects['alt'].id}",
        "/v3/domains/default",
        f"/v3/projects/{cloud.projects['alt'].id}/users/{cloud.users['kay']}/roles",
        f"/v3/domains/{home}/users/{cloud.users['alex']}/roles",
    ):
        assert mine.get(path).status == 404, path
    assert mine.get(f"/v3/users/{cloud.users['mira']}").status == 200  # oneself
    for path in ("/v3/services", "/v3/endpoints"):
        assert mine.get(path).status == 403


def test_what_somebody_has_in_another_domain_is_not_shown(cloud: Cloud, domain_reader: Cloud) -> None:
    admin = cloud.services.admin
    kay, demo = admin.user("kay", domain="Ab3dEfgh"), cloud.projects["demo"]
    admin.grant(kay, demo, Role.READER)
    path = f"/v3/users/{kay.id}/projects"
    assert [project["name"] for project in domain_reader.get(path).json["projects"]] == ["Ab3dEfgh-prj"]
    assert len(cloud.as_("rita", scope=Wanted.SYSTEM).get(path).json["projects"]) == 2
    mine = domain_reader.get(f"/v3/users/{cloud.users['mira']}/projects").json["projects"]
    assert [project["name"] for project in mine] == ["demo"]  # one's own are all there
    admin.ungrant(kay, demo, Role.READER)


def test_a_domain_is_not_changed_with_a_token_of_its_own(cloud: Cloud, home: str) -> None:
    mine = cloud.as_("alex", scope=NamedDomain(id=home))
    for method, path, document in (
        ("POST", "/v3/projects", {"project": {"name": "x", "domain_id": home}}),
        ("POST", "/v3/users", {"user": {"name": "x", "domain_id": home}}),
        ("PATCH", f"/v3/users/{cloud.users['kay']}", {"user": {"password": "x"}}),
        ("PATCH", f"/v3/domains/{home}", {"domain": {"name": "x"}}),
        ("PUT", f"/v3/domains/{home}/users/{cloud.users['alex']}/roles/admin", None),
        ("PUT", f"/v3/system/users/{cloud.users['alex']}/roles/admin", None),
    ):
        assert mine.call(method, path, document).status == 403, path


def test_neither_opens_objects_images_or_tasks(cloud: Cloud, system: Cloud, domain_reader: Cloud) -> None:
    """Real Glance and Swift say 403 too, even to the admin of the system."""
    account = f"/v1/AUTH_{cloud.projects['demo'].id}"
    image = cloud.as_("mira", "demo").call("POST", "/v2/images", {"name": "x", "visibility": "shared"}).json["id"]
    assert cloud.as_("mira", "demo").call("PUT", f"{account}/c").status == 201
    for mine in (system, domain_reader):
        for method, path, document in (
            ("GET", "/v2/images", None),
            ("POST", "/v2/images", {"name": "y"}),
            ("GET", f"/v2/images/{image}", None),
            ("DELETE", f"/v2/images/{image}", None),
            ("GET", f"/v2/images/{image}/file", None),
            ("GET", "/v2/tasks", None),
            ("POST", "/v2/tasks", {"type": "import", "input": {}}),
            ("GET", account, None),
            ("GET", f"{account}/c", None),
            ("PUT", f"{account}/d", None),
            ("PUT", f"{account}/c/o", None),
            ("DELETE", f"{account}/c", None),
        ):
            reply = mine.call(method, path, document, body=b"" if method == "PUT" else None)
            assert reply.status in (400, 403), (method, path)
            assert reply.status == 403 or path == "/v2/tasks", path
        refused = mine.get("/v1/imageimport")
        assert (refused.status, refused.json["error_code"]) == (400, "40005")


# -- roles there -----------------------------------------------------------------------------


@pytest.mark.parametrize("place", ["system", "domains/default"])
def test_a_role_is_given_and_taken(cloud: Cloud, place: str) -> None:
    admin = cloud.as_("admin", "admin")
    user, roles = cloud.users["nobody"], f"/v3/{place}/users/{cloud.users['nobody']}/roles"
    scope: dict[str, Any] = SYSTEM if place == "system" else {"domain": {"id": "default"}}
    assert [admin.call(method, f"{roles}/reader").status for method in ("HEAD", "GET", "DELETE")] == [404, 404, 404]
    assert admin.get(roles).json["roles"] == []
    assert log_in(cloud, "nobody", scope).status == 401
    for _ in range(2):
        assert admin.call("PUT", f"{roles}/reader").status == 204
    assert [admin.call(method, f"{roles}/reader").status for method in ("HEAD", "GET")] == [204, 204]
    assert [role["id"] for role in admin.get(roles).json["roles"]] == ["reader"]
    token = log_in(cloud, "nobody", scope).headers["x-subject-token"]
    query = "scope.system=all" if place == "system" else "scope.domain.id=default"
    rows = admin.get(f"/v3/role_assignments?user.id={user}&{query}").json["role_assignments"]
    link = {"assignment": f"{BASE}{roles}/reader"}
    assert rows == [{"user": {"id": user}, "scope": scope, "role": {"id": "reader"}, "links": link}]
    (named,) = admin.get(f"/v3/role_assignments?user.id={user}&{query}&include_names").json["role_assignments"]
    assert named["scope"] == (SYSTEM if place == "system" else {"domain": {"id": "default", "name": "Default"}})
    assert admin.call("DELETE", f"{roles}/reader").status == 204
    assert admin.get("/v3/auth/system", headers={"x-auth-token": token}).status == 401
    assert admin.get(f"/v3/role_assignments?user.id={user}").json["role_assignments"] == []


@pytest.mark.parametrize(
    "path",
    [
        "/v3/system/users/ghost/roles/reader",
        "/v3/system/users/{mira}/roles/ghost",
        "/v3/system/users/%00/roles/reader",
        "/v3/domains/ghost/users/{mira}/roles/reader",
        "/v3/domains/default/users/ghost/roles/reader",
        "/v3/domains/%00/users/{mira}/roles/reader",
        "/v3/domains/default/users/{mira}/roles/..%2Fadmin",
    ],
)
@pytest.mark.parametrize("method", ["PUT", "GET", "DELETE"])
def test_a_role_of_what_is_not_there_is_a_404(system: Cloud, method: str, path: str) -> None:
    assert system.call(method, path.format(**system.users)).status in (400, 404)


def test_a_token_ends_with_the_domain_that_it_is_for(cloud: Cloud, system: Cloud) -> None:
    admin = cloud.services.admin
    domain = admin.add_domain("short lived")
    admin.grant(admin.user("mira"), domain, Role.READER)
    mine = cloud.as_("mira", scope=NamedDomain(id=domain.id))
    assert mine.get("/v3/domains").status == 200
    path = f"/v3/domains/{domain.id}"
    assert system.call("PATCH", path, {"domain": {"enabled": False}}).status == 200
    assert mine.get("/v3/domains").status == 401
    assert log_in(cloud, "mira", {"domain": {"id": domain.id}}).status == 401
    assert domain.id not in [found["id"] for found in cloud.as_("mira").get("/v3/auth/domains").json["domains"]]
    assert system.call("DELETE", path).status == 204
