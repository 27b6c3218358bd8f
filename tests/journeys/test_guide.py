"""The image guide of Synnefo's old client, step by step with ours: against the service as Synnefo, and as OpenStack.

Source: specs/synnefo.md, sections 5 to 7 and 9; docs/from-kamaki.md has the old commands.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml

from tests.journeys.person import Person, new_person_of
from tests.journeys.quick import quick
from tests.running import RunningService

SNF, OPENSTACK = "snf", "here"
BOTH = pytest.mark.parametrize("alice", [SNF, OPENSTACK], indirect=True)
WISHES = {"disk-format": "diskdump", "properties": {"OSFAMILY": "linux", "ROOT_PARTITION": "1", "OS": "Debian"}}
FULL = ("-p", "OSFAMILY=linux", "-p", "ROOT_PARTITION=1")

Somebody = Callable[[str], Person]


@pytest.fixture
def somebody(service: RunningService, tmp_path: Path) -> Somebody:
    """Makes people who know the service as the Synnefo cloud "snf" and as the OpenStack cloud "here"; they use one."""

    def make(cloud: str) -> Person:
        person = quick(new_person_of(service, tmp_path))
        clouds = person.folder / "clouds.yaml"
        document = yaml.safe_load(clouds.read_text())
        name = document["clouds"]["here"]["auth"]["username"]
        entry = {"type": "synnefo", "url": f"{service.url}/identity/v2.0", "token": service.admin("token", name)}
        document["clouds"]["snf"] = entry
        clouds.write_text(yaml.safe_dump(document))
        person.env["OS_CLOUD"] = cloud
        return person

    return make


@pytest.fixture
def alice(somebody: Somebody, request: pytest.FixtureRequest) -> Person:
    """Alice has a disk, ``debian.diskdump``, and works with one of both clouds."""
    person = somebody(getattr(request, "param", SNF))
    _write_disk(person.folder / "debian.diskdump")
    return person


@pytest.fixture
def stored(alice: Person) -> Person:
    """Alice, whose disk lies in the container pithos."""
    alice("object", "put", "debian.diskdump", "pithos")
    return alice


@pytest.fixture
def bob(somebody: Somebody) -> Person:
    return somebody(SNF)


def _write_disk(path: Path, size: int = 6 << 20) -> None:
    path.write_bytes(b"\0" * 510 + b"\x55\xaa" + os.urandom(1 << 20))
    os.truncate(path, size)


def _is_synnefo(person: Person) -> bool:
    return person.env["OS_CLOUD"] == SNF


def _location(name: str = "debian.diskdump") -> str:
    return f"/pithos/{name}"


def _meta(person: Person, name: str = "debian.diskdump") -> dict[str, Any]:
    document: dict[str, Any] = json.loads(person("object", "cat", "pithos", f"{name}.meta").stdout)
    return document


def _names(person: Person, *words: str) -> list[str]:
    own = ("--owner", person.project_id)
    return person("image", "list", *own, "-f", "value", "-c", "name", *words).stdout.split()


# 1. Upload ----------------------------------------------------------------------------------------


@BOTH
def test_1_a_disk_is_uploaded_and_looked_at(alice: Person) -> None:
    put = alice.json("object", "put", "debian.diskdump", "pithos")
    assert put["size"] == 6 << 20
    assert [row["name"] for row in alice.json("object", "list", "pithos")] == ["debian.diskdump"]
    shown = alice.json("object", "show", "pithos", "debian.diskdump")
    assert shown["size"] == 6 << 20
    assert alice.json("container", "show", "pithos")["count"] == 1


# 2. Register --------------------------------------------------------------------------------------


@BOTH
def test_2_an_image_is_registered_with_properties_and_a_metafile_beside_it(stored: Person) -> None:
    done = stored("image", "register", "Debian Base", _location(), *FULL, "-p", "OS=Linux", "-f", "json")
    image = json.loads(done.stdout)
    assert (image["name"], image["status"], image["disk_format"]) == ("Debian Base", "available", "diskdump")
    assert image["location"] == f"pithos://{stored.project_id}/pithos/debian.diskdump"
    assert image["properties"] == {"os": "Linux", "osfamily": "linux", "root_partition": "1"}
    version = stored.json("object", "show", "pithos", "debian.diskdump.meta")["version"]
    told = f" (version {version})" if _is_synnefo(stored) else ""
    assert f"Metadata file uploaded as /pithos/debian.diskdump.meta{told}" in done.stderr
    meta = _meta(stored)
    assert meta["properties"] == {"OS": "Linux", "OSFAMILY": "linux", "ROOT_PARTITION": "1"}
    assert (meta["id"], meta["is-public"], meta["owner"]) == (image["id"], "False", stored.project_id)
    assert (meta["size"], meta["checksum"]) == (str(6 << 20), image["checksum"])


@BOTH
def test_2_all_ways_to_write_a_location_mean_the_same_image(stored: Person) -> None:
    full = f"pithos://{stored.project_id}/pithos/debian.diskdump"
    places = ("pithos:debian.diskdump", "pithos/debian.diskdump", full, _location())
    ids = {stored.json("image", "register", "web", place, "--force")["id"] for place in places}
    assert len(ids) == 1


def test_2_the_container_pithos_is_meant_where_none_is_named(stored: Person) -> None:
    assert stored.json("image", "register", "web", "debian.diskdump")["location"].endswith("/pithos/debian.diskdump")


def test_2_a_diskdump_that_may_not_be_deployed_is_warned_of(stored: Person) -> None:
    done = stored("image", "register", "web", _location(), "-p", "OSFAMILY=linux", "--no-metafile-upload")
    assert "without ROOT_PARTITION" in done.stderr
    assert "OSFAMILY" not in done.stderr
    done = stored("image", "register", "web", _location(), *FULL, "--no-metafile-upload")
    assert "without" not in done.stderr


@BOTH
def test_2_without_a_metafile_there_is_none(stored: Person) -> None:
    stored("image", "register", "web", _location(), "--no-metafile-upload")
    assert [row["name"] for row in stored.json("object", "list", "pithos")] == ["debian.diskdump"]


@BOTH
def test_2_a_disk_is_uploaded_and_registered_in_one_go(alice: Person) -> None:
    image = alice.json("image", "register", "web", "/pithos/new.diskdump", "--upload", "debian.diskdump", *FULL)
    assert image["size"] == 6 << 20
    names = [row["name"] for row in alice.json("object", "list", "pithos")]
    assert names == ["new.diskdump", "new.diskdump.meta"]


# 3. Register again --------------------------------------------------------------------------------


@BOTH
def test_3_a_metafile_that_is_there_stops_everything_before_it_begins(stored: Person) -> None:
    stored("image", "register", "web", _location(), *FULL)
    done = stored("image", "register", "other", _location(), ends_with=5)
    assert "Metadata file /pithos/debian.diskdump.meta already exists" in done.stderr
    assert _names(stored) == ["web"]


@BOTH
def test_3_registering_again_overrides_and_keeps_the_id(stored: Person) -> None:
    first = stored.json("image", "register", "web", _location(), *FULL, "-p", "GUI=none", "--public")
    again = stored.json("image", "register", "web-2", _location(), "-p", "OS=BSD", "--force")
    assert again["id"] == first["id"]
    assert (again["name"], again["properties"], again["visibility"]) == ("web-2", {"os": "BSD"}, "private")
    assert _meta(stored)["name"] == "web-2"


def test_3_the_metafile_has_versions(stored: Person) -> None:
    for name in ("one", "two"):
        stored("image", "register", name, _location(), *FULL, "--force")
    versions = stored.json("object", "versions", "pithos", "debian.diskdump.meta")
    first = min(versions, key=lambda row: int(row["version"]))
    old = stored("object", "cat", "pithos", "debian.diskdump.meta", "--version", first["version"]).stdout
    assert json.loads(old)["name"] == "one"
    assert _meta(stored)["name"] == "two"
    stored("object", "get", "pithos", "debian.diskdump.meta", "old.meta", "--version", first["version"])
    stored("image", "register", "three", _location(), "--metafile", "old.meta", "--force")
    assert stored.json("image", "show", "three")["properties"]["osfamily"] == "linux"


def test_3_members_are_lost_and_that_is_said(stored: Person, bob: Person) -> None:
    stored("image", "register", "web", _location(), *FULL)
    stored("image", "share", "web", bob.project_id)
    done = stored("image", "register", "web", _location(), *FULL, "--force")
    assert "members are dropped" in done.stderr
    assert bob.project_id in done.stderr
    assert stored.json("image", "members", "web") == []


# 4. Metafiles -------------------------------------------------------------------------------------


@BOTH
def test_4_the_command_line_wins_over_the_metafile_and_that_over_the_defaults(stored: Person) -> None:
    (stored.folder / "web.meta").write_text(json.dumps({**WISHES, "is-public": "true", "status": "checked"}))
    words = ("open", _location(), "--metafile", "web.meta", "-p", "os=BSD", "-p", "osfamily=")
    image = stored.json("image", "register", *words)
    assert image["properties"] == {"os": "BSD", "root_partition": "1"}
    assert (image["visibility"], image["status"]) == ("public", "checked")


@BOTH
def test_4_every_customisable_field_of_the_file_counts(stored: Person) -> None:
    wishes = {"Disk_Format": "EXTDUMP", "container-format": "ami", "status": "old", "name": "no", "id": "no"}
    (stored.folder / "web.meta").write_text(json.dumps(wishes))
    image = stored.json("image", "register", "web", _location(), "--metafile", "web.meta")
    assert (image["name"], image["disk_format"], image["container_format"]) == ("web", "extdump", "ami")
    assert image["status"] == "old"


@BOTH
def test_4_a_broken_metafile_is_refused_with_line_and_column_and_nothing_happens(stored: Person) -> None:
    (stored.folder / "web.meta").write_text('{\n  "properties": {"OS" "Debian"}\n}')
    done = stored("image", "register", "web", _location(), "--metafile", "web.meta", ends_with=3)
    assert "metafile web.meta, line 2, column 23" in done.stderr
    assert _names(stored) == []


# 5. Lists -----------------------------------------------------------------------------------------


@BOTH
def test_5_lists_are_filtered_and_sorted(alice: Person) -> None:
    for number, name in enumerate(("alpha", "beta", "gamma")):
        _write_disk(alice.folder / name, (4 << number) << 20)
        place = f"/pithos/{name}.diskdump"
        words = ("-p", f"OS=Linux {number}", "--no-metafile-upload", *(("--public",) if number == 2 else ()))
        alice("image", "register", name, place, "--upload", name, "--disk-format", "diskdump", *words)
    assert _names(alice, "--sort", "name:desc") == ["gamma", "beta", "alpha"]
    assert _names(alice, "--sort", "size") == ["alpha", "beta", "gamma"]
    assert _names(alice, "--name", "beta") == ["beta"]
    assert _names(alice, "--name-like", "ET") == ["beta"]
    assert _names(alice, "-p", "os=linux 1") == ["beta"]
    assert _names(alice, "--size-min", "8M", "--size-max", "8M") == ["beta"]
    assert sorted(_names(alice, "--private")) == ["alpha", "beta"]
    assert len(_names(alice, "--status", "AVAILABLE" if _is_synnefo(alice) else "ACTIVE")) == 3
    assert len(_names(alice, "--disk-format", "diskdump" if _is_synnefo(alice) else "raw")) == 3
    assert _names(alice, "--disk-format", "ntfsdump") == []
    page = alice.json("image", "list", "--owner", alice.project_id, "--sort", "name", "--limit", "2")
    assert [row["name"] for row in page] == ["alpha", "beta"]
    assert _names(alice, "--sort", "name", "--marker", page[-1]["id"]) == ["gamma"]


def test_5_public_images_of_others_and_members_are_listed(stored: Person, bob: Person) -> None:
    name = f"open-{stored.project_id}"  # names of public images are everybody's
    stored("image", "register", name, _location(), *FULL)
    stored("image", "share", name, bob.project_id)
    assert stored.json("image", "list", "--members-of", name)[0]["project_id"] == bob.project_id
    stored("image", "set", name, "--publish")
    assert name in bob("image", "list", "--public", "--owner", stored.project_id).stdout


# 6. Changes ---------------------------------------------------------------------------------------


def test_6_an_image_is_changed_and_values_are_taken_away(stored: Person) -> None:
    image_id = stored.json("image", "register", "web", _location(), *FULL)["id"]
    words = ("--name", "Changed Name", "-p", "OS=BSD", "-p", "GREET=Hi there é", "--status", "checked")
    changed = stored.json("image", "set", image_id, *words, "--disk-format", "extdump", "--container-format", "ari")
    assert (changed["id"], changed["name"], changed["status"]) == (image_id, "Changed Name", "checked")
    assert (changed["disk_format"], changed["container_format"]) == ("extdump", "ari")
    told = {"os": "BSD", "greet": "Hi there é", "osfamily": "linux", "root_partition": "1"}
    assert changed["properties"] == told
    left = stored.json("image", "unset", image_id, "-p", "GREET", "-p", "os", "--status")
    assert left["properties"] == {"osfamily": "linux", "root_partition": "1"}
    assert left["status"] == ""


def test_6_publishing_takes_the_metafile_along_both_ways(stored: Person, bob: Person) -> None:
    stored("image", "register", "web", _location(), *FULL)
    meta = f"/object-store/v1/{stored.project_id}/pithos/debian.diskdump.meta"
    assert _status_of(bob, meta) == 403
    assert stored.json("image", "set", "web", "--publish")["visibility"] == "public"
    assert _status_of(bob, meta) == 200
    assert stored.json("image", "set", "web", "--unpublish")["visibility"] == "private"
    assert _status_of(bob, meta) == 403


def _status_of(person: Person, path: str) -> int:
    token = yaml.safe_load((person.folder / "clouds.yaml").read_text())["clouds"]["snf"]["token"]
    return requests.get(person.service.url + path, headers={"X-Auth-Token": token}, timeout=30).status_code


# 7. Unregister ------------------------------------------------------------------------------------


@BOTH
def test_7_an_image_goes_and_the_object_stays_and_comes_back_as_the_same_image(stored: Person) -> None:
    image_id = stored.json("image", "register", "web", _location(), "--no-metafile-upload")["id"]
    stored("image", "unregister", "web")
    stored("image", "unregister", "web", ends_with=4)
    assert stored.json("object", "show", "pithos", "debian.diskdump")["size"] == 6 << 20
    assert stored.json("image", "register", "web", _location(), "--no-metafile-upload")["id"] == image_id


def test_7_an_object_that_everybody_can_still_read_is_told_of(stored: Person) -> None:
    stored("image", "register", "web", _location(), *FULL, "--public")
    done = stored("image", "unregister", "web")
    assert "everybody can still read the object /pithos/debian.diskdump" in done.stderr
    assert "imageferry object share pithos debian.diskdump --nobody" in done.stderr
    stored("object", "share", "pithos", "debian.diskdump", "--nobody")


def test_7_another_ones_image_is_not_unregistered(stored: Person, bob: Person) -> None:
    image_id = stored.json("image", "register", "open", _location(), *FULL, "--public")["id"]
    for words in (("unregister", image_id), ("set", image_id, "--name", "mine"), ("set", image_id, "--unpublish")):
        done = bob("image", *words, ends_with=6)
        assert f"It belongs to project {stored.project_id}: only its owner can" in done.stderr
    place = f"pithos://{stored.project_id}/pithos/debian.diskdump"
    bob("image", "register", "mine", place, "--no-metafile-upload", ends_with=6)
    assert stored.json("image", "show", image_id)["name"] == "open"


# 8. Batches ---------------------------------------------------------------------------------------


@BOTH
def test_8_many_are_registered_from_a_template_and_one_that_fails_keeps_no_other_from_it(alice: Person) -> None:
    folder = alice.folder / "images"
    folder.mkdir()
    for name in ("alpha", "beta", "gamma"):
        _write_disk(folder / f"{name}.diskdump")
    (folder / "empty.diskdump").touch()
    (alice.folder / "template.json").write_text(json.dumps(WISHES))
    done = alice("push", "images/*.diskdump", "--metafile", "template.json", "-p", "os=BSD", "-f", "json", ends_with=3)
    rows = {row["name"]: row for row in json.loads(done.stdout) if row["problem"] is None}
    assert list(rows) == ["alpha", "beta", "gamma"]
    (failed,) = [row for row in json.loads(done.stdout) if row["problem"]]
    assert failed["file"] == "images/empty.diskdump"
    assert sorted(_names(alice)) == ["alpha", "beta", "gamma"]
    assert alice.json("image", "show", "beta")["properties"]["os"] == "BSD"
    if _is_synnefo(alice):
        assert rows["alpha"]["metafile"] == "/pithos/alpha.diskdump.meta"
        assert _meta(alice, "alpha.diskdump")["properties"] == {"OS": "BSD", "OSFAMILY": "linux", "ROOT_PARTITION": "1"}


# 9. Files: versions, folders, sharing -------------------------------------------------------------


def test_9_versioning_is_switched_off_and_on(stored: Person) -> None:
    assert stored.json("container", "show", "pithos")["versioning"] == "auto"
    assert stored.json("container", "create", "papers", "--versioning", "none")["versioning"] == "none"
    for kept in (1, 1):
        stored("object", "put", "clouds.yaml", "papers")
        assert len(stored.json("object", "versions", "papers", "clouds.yaml")) == kept
    assert stored.json("container", "set", "papers", "--versioning", "auto")["versioning"] == "auto"
    stored("object", "put", "debian.diskdump", "papers", "clouds.yaml")
    assert len(stored.json("object", "versions", "papers", "clouds.yaml")) == 2


@BOTH
def test_9_folders_travel_with_their_folders(alice: Person) -> None:
    below = alice.folder / "tree" / "é 1"
    below.mkdir(parents=True)
    (below / "web.txt").write_text("web")
    alice("object", "put", "-R", "tree", "pithos")
    types = {row["name"]: row["content_type"] for row in alice.json("object", "list", "pithos")}
    assert types["tree"] == types["tree/é 1"] == "application/directory"
    alice("object", "get", "-R", "pithos", "tree", "back")
    assert (alice.folder / "back" / "é 1" / "web.txt").read_text() == "web"


@BOTH
def test_9_a_file_is_shared_and_published(stored: Person, bob: Person) -> None:
    path = f"/object-store/v1/{stored.project_id}/pithos/debian.diskdump"
    assert _status_of(bob, path) == 403
    shared = stored.json("object", "share", "pithos", "debian.diskdump", "--read", bob.project_id)
    assert shared["read"] == [bob.project_id]
    assert _status_of(bob, path) == 200
    stored("object", "share", "pithos", "debian.diskdump", "--nobody")
    assert _status_of(bob, path) == 403
    url = stored.json("object", "publish", "pithos", "debian.diskdump")["public_url"]
    assert requests.get(url, timeout=30).content == (stored.folder / "debian.diskdump").read_bytes()
    stored("object", "unpublish", "pithos", "debian.diskdump")
    assert requests.get(url, timeout=30).status_code == 404


# 10. The shell ------------------------------------------------------------------------------------


@BOTH
def test_10_the_whole_guide_in_one_shell(alice: Person) -> None:
    (alice.folder / "guide").write_text(
        f"""container pithos
        object put debian.diskdump -f value -c size
        image
        register Shelled /pithos/debian.diskdump -p OSFAMILY=linux -p ROOT_PARTITION=1 -f value -c name
        list --owner {alice.project_id} -f value -c name
        set Shelled --name Changed -f value -c name
        unregister Changed
        /exit
        """
    )
    assert _shell(alice, "guide").split() == [str(6 << 20), "Shelled", "Shelled", "Changed"]


def _shell(person: Person, script: str) -> str:
    done = person.service.run(
        "shell", input=(person.folder / script).read_text(), env=person.env, cwd=person.folder, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
