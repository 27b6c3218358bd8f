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
