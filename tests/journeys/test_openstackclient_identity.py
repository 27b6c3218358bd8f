"""What users and administrators do about identity with the openstack command as it is."""

from __future__ import annotations

import itertools
import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.peers import Peer, program
from tests.running import RunningService

_numbers = itertools.count(1)


@pytest.fixture
def peer(service: RunningService, tmp_path: Path) -> Peer:
    """A member with a project of its own."""
    program("openstack")
    name = f"osi-user-{os.getpid()}-{next(_numbers)}"
    service.add_user(name, f"{name}-project", password="pw")
    return Peer.of(service, tmp_path, name, f"{name}-project", "pw")


def told(peer: Peer, *arguments: str) -> Any:
    return json.loads(peer.run("openstack", *arguments, "-f", "json"))


def by_credential(peer: Peer, **credential: str) -> Peer:
    """The same client, which has nothing but an application credential."""
    kept = {name: value for name, value in peer.env.items() if not name.startswith("OS_")}
    names = ("OS_AUTH_URL", "OS_IDENTITY_API_VERSION", "OS_REGION_NAME")
    kept |= {name: peer.env[name] for name in names}
    kept |= {f"OS_APPLICATION_CREDENTIAL_{name.upper()}": value for name, value in credential.items()}
    return Peer({**kept, "OS_AUTH_TYPE": "v3applicationcredential"}, peer.folder)


def test_the_life_of_an_application_credential(peer: Peer) -> None:
    options = ["--description", "for the night", "--role", "reader", "--expiration", "2099-01-01T00:00:00"]
    made = told(peer, "application", "credential", "create", "night", *options)
    assert (made["Name"], made["Unrestricted"], made["Description"]) == ("night", False, "for the night")
    assert [row["ID"] for row in told(peer, "application", "credential", "list")] == [made["ID"]]
    shown = told(peer, "application", "credential", "show", "night")
    assert (shown["ID"], shown["Project ID"]) == (made["ID"], made["Project ID"])
    assert "Secret" not in shown

    night = by_credential(peer, id=made["ID"], secret=made["Secret"])
    assert told(night, "token", "issue")["project_id"] == made["Project ID"]
    assert told(night, "image", "list") == []
    assert "not allowed" in night.complaint("openstack", "image", "create", "no")
    assert "unrestricted" in night.complaint("openstack", "application", "credential", "create", "child")

    peer.run("openstack", "application", "credential", "delete", "night")
    assert told(peer, "application", "credential", "list") == []
    assert "401" in night.complaint("openstack", "token", "issue")


def test_an_application_credential_by_its_name_stores_an_object(peer: Peer) -> None:
    secret = "words of one's own"
    peer.run("openstack", "application", "credential", "create", "backup", "--secret", secret, "--unrestricted")
    who = {"OS_USERNAME": peer.env["OS_USERNAME"], "OS_USER_DOMAIN_NAME": "Default"}
    backup = by_credential(peer, name="backup", secret=secret)
    backup = Peer({**backup.env, **who}, peer.folder)
    (peer.folder / "note.txt").write_text("kept")
    backup.run("openstack", "container", "create", "box")
    backup.run("openstack", "object", "create", "box", "note.txt")
    assert [row["Name"] for row in told(peer, "object", "list", "box")] == ["note.txt"]
    assert told(backup, "application", "credential", "create", "child")["Secret"]


@pytest.fixture
def admin(service: RunningService, tmp_path: Path) -> Peer:
    program("openstack")
    auth = service.cloud["auth"]
    return Peer.of(service, tmp_path, auth["username"], auth["project_name"], auth["password"])


def test_an_administrator_lets_somebody_in_and_out(service: RunningService, admin: Peer) -> None:
    name = f"osi-new-{os.getpid()}-{next(_numbers)}"
    project = told(admin, "project", "create", name, "--description", "for a while")
    assert (project["name"], project["description"], project["enabled"]) == (name, "for a while", True)
    user = told(admin, "user", "create", name, "--password", "first", "--project", name)
    admin.run("openstack", "role", "add", "--project", name, "--user", name, "member")
    listed = told(admin, "role", "assignment", "list", "--names", "--user", name)
    assert [(row["Role"], row["User"], row["Project"]) for row in listed] == [
        ("member", f"{name}@Default", f"{name}@Default")
    ]
    assert [row["Role"] for row in told(admin, "role", "assignment", "list", "--project", name)] == ["member"]

    newcomer = Peer.of(service, admin.folder, name, name, "first")
    assert told(newcomer, "token", "issue")["user_id"] == user["id"]
    newcomer.run("openstack", "user", "password", "set", "--original-password", "first", "--password", "second")
    newcomer = Peer.of(service, admin.folder, name, name, "second")
    assert told(newcomer, "token", "issue")["project_id"] == project["id"]
    assert "not allowed" in newcomer.complaint("openstack", "project", "create", "mine")

    admin.run("openstack", "role", "remove", "--project", name, "--user", name, "member")
    assert told(admin, "role", "assignment", "list", "--user", name) == []
    admin.run("openstack", "user", "set", name, "--disable")
    assert told(admin, "user", "show", name)["enabled"] is False
    admin.run("openstack", "project", "set", name, "--name", f"{name}-old")
    admin.run("openstack", "user", "delete", name)
    admin.run("openstack", "project", "delete", f"{name}-old")
    assert name not in [row["Name"] for row in told(admin, "user", "list")]


def test_the_life_of_a_domain(admin: Peer) -> None:
    name = f"osi-domain-{os.getpid()}-{next(_numbers)}"
    made = told(admin, "domain", "create", name)
    assert made["enabled"] is True
    assert "enabled" in admin.complaint("openstack", "domain", "delete", name)
    admin.run("openstack", "domain", "set", "--disable", name)
    admin.run("openstack", "domain", "delete", name)
    assert name not in [row["Name"] for row in told(admin, "domain", "list")]


def for_scope(peer: Peer, **scope: str) -> Peer:
    """The same user, asking for tokens with another scope than the project."""
    kept = {name: value for name, value in peer.env.items() if not name.startswith("OS_PROJECT")}
    return Peer({**kept, **{f"OS_{name.upper()}": value for name, value in scope.items()}}, peer.folder)


def test_the_administrator_acts_on_the_system_and_lets_others_look(service: RunningService, admin: Peer) -> None:
    name = f"osi-auditor-{os.getpid()}-{next(_numbers)}"
    system = for_scope(admin, system_scope="all")
    assert told(system, "token", "issue")["user_id"]
    assert "object-store" in [row["Type"] for row in told(system, "catalog", "list")]
    service.add_user(name, f"{name}-project", role="reader", password="pw")
    auditor = for_scope(Peer.of(service, admin.folder, name, "", "pw"), system_scope="all")
    assert "401" in auditor.complaint("openstack", "token", "issue")
    system.run("openstack", "role", "add", "--system", "all", "--user", name, "reader")
    rows = told(system, "role", "assignment", "list", "--system", "all", "--names", "--user", name)
    assert [(row["Role"], row["User"], row["System"]) for row in rows] == [("reader", f"{name}@Default", "all")]
    assert name in [row["Name"] for row in told(auditor, "user", "list")]
    assert told(auditor, "endpoint", "list")
    assert "not allowed" in auditor.complaint("openstack", "project", "create", "mine")
    assert "not allowed" in auditor.complaint("openstack", "image", "list")
    system.run("openstack", "role", "remove", "--system", "all", "--user", name, "reader")
    assert "401" in auditor.complaint("openstack", "token", "issue")


def test_a_reader_of_a_domain_sees_who_is_in_it(service: RunningService, admin: Peer) -> None:
    name = f"osi-home-{os.getpid()}-{next(_numbers)}"
    domain = told(admin, "domain", "create", name)["id"]
    admin.run("openstack", "user", "create", "inside", "--domain", name, "--password", "pw")
    service.add_user(name, f"{name}-project", password="pw")
    admin.run("openstack", "role", "add", "--domain", name, "--user", name, "reader")
    reader = for_scope(Peer.of(service, admin.folder, name, "", "pw"), domain_name=name)
    assert told(reader, "token", "issue")["domain_id"] == domain
    assert [row["Name"] for row in told(reader, "user", "list")] == ["inside"]
    assert [row["Role"] for row in told(admin, "role", "assignment", "list", "--domain", name)] == ["reader"]


_SDK = """
import openstack
cloud = openstack.connect()
assert [user.name for user in cloud.identity.users(name="admin")] == ["admin"]
assert cloud.identity.find_project("admin")
assert [row.scope for row in cloud.identity.role_assignments(scope_system=True)] != []
"""


def test_the_sdk_asks_for_the_system(admin: Peer) -> None:
    (admin.folder / "sdk.py").write_text(_SDK)
    for_scope(admin, system_scope="all").run("python", "sdk.py")
