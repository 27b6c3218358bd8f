"""Images of stored objects, metafiles, filters of lists and changes, where images have bytes of their own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.journeys.person import NewPerson, Person


@pytest.fixture
def stored(person: Person, disk: Path) -> Person:
    """Somebody whose container "images" has the object web.qcow2."""
    person("object", "put", disk, "images", "web.qcow2")
    return person


def _metafile(person: Person, document: object, name: str = "web.meta") -> str:
    (person.folder / name).write_text(document if isinstance(document, str) else json.dumps(document))
    return name


def test_an_object_becomes_an_image_with_what_the_metafile_and_the_command_line_say(stored: Person) -> None:
    wishes = {"properties": {"OS": "Debian", "USERS": "root", "ROOT-PARTITION": 1}, "disk-format": "qcow2"}
    register = ("image", "register", "web", "/images/web.qcow2", "--metafile", _metafile(stored, wishes))
    done = stored(*register, "-p", "os=Ubuntu", "-p", "users=", "-f", "json")
    image = json.loads(done.stdout)
    assert (image["name"], image["status"], image["disk_format"]) == ("web", "active", "qcow2")
    told = {key: image["properties"][key] for key in ("os", "root_partition")}
    assert told == {"os": "Ubuntu", "root_partition": "1"}
    assert "users" not in image["properties"]
    assert "Metadata file uploaded as /images/web.qcow2.meta" in done.stderr
    written = json.loads(stored("object", "cat", "images", "web.qcow2.meta").stdout)
    assert written["properties"]["OS"] == "Ubuntu"
    assert (written["id"], written["is-public"], written["disk-format"]) == (image["id"], "False", "qcow2")


def test_a_metafile_that_is_there_is_not_overwritten_and_nothing_is_registered(stored: Person) -> None:
    stored("image", "register", "web", "images:web.qcow2")
    done = stored("image", "register", "web-2", "images/web.qcow2", ends_with=5)
    assert "Metadata file /images/web.qcow2.meta already exists" in done.stderr
    assert [image["name"] for image in stored.json("image", "list")] == ["web"]


def test_registering_again_says_everything_anew_and_keeps_the_id(stored: Person) -> None:
    first = stored.json("image", "register", "web", "web.qcow2", "-p", "os=Debian", "-p", "gui=none", "--public")
    assert first["visibility"] == "community"  # everybody's list is for administrators
    again = stored.json("image", "register", "web-2", "web.qcow2", "-p", "os=Ubuntu", "--force")
    assert (again["id"], again["name"], again["visibility"]) == (first["id"], "web-2", "private")
    assert again["properties"]["os"] == "Ubuntu"
    assert "gui" not in again["properties"]
    assert len(stored.json("image", "list", "--owner", stored.project_id)) == 1


def test_an_object_with_other_bytes_is_another_image(stored: Person) -> None:
    stored("image", "register", "web", "web.qcow2", "--no-metafile-upload")
    (stored.folder / "other").write_bytes(b"\0" * 510 + b"\x55\xaa" + b"x" * 5000)
    upload = ("--upload", "other", "--disk-format", "raw")
    stored("image", "register", "web", "web.qcow2", *upload, ends_with=5)  # the object is there
    done = stored("image", "register", "web", "web.qcow2", *upload, "--force", ends_with=5)
    assert "bytes that the object had before" in done.stderr
    stored("image", "unregister", "web")
    assert stored.json("image", "register", "web", "web.qcow2", "--no-metafile-upload")["disk_format"] == "raw"


def test_a_file_is_stored_and_registered_at_once(person: Person, disk: Path) -> None:
    image = person.json("image", "register", "web", "web.qcow2", "--upload", disk, "--no-metafile-upload")
    assert image["status"] == "active"
    assert [found["name"] for found in person.json("object", "list", "images")] == ["web.qcow2"]


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        ('{"properties": {\n "OS" "x"}}', 3, "line 2, column 7"),
        ("[]", 3, "one JSON object"),
        ('{"status": "checked", "disk-format": "nonsense"}', 3, "one of diskdump"),
        ('{"container-format": "ovf"}', 3, "container format"),
        ("{" * 100_000, 3, "line 1"),
        ("\0" * 2_000_000, 3, "at most"),
    ],
)
def test_a_broken_metafile_is_refused_and_nothing_is_registered(
    stored: Person, text: str, code: int, words: str
) -> None:
    name = _metafile(stored, text)
    done = stored("image", "register", "web", "web.qcow2", "--metafile", name, ends_with=code)
    assert words in done.stderr
    assert stored.json("image", "list") == []
    assert len(stored.json("object", "list", "images")) == 1


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("web", "no.qcow2"), 4),
        (("web", "nowhere:web.qcow2"), 4),
        (("web", "/images"), 3),
        (("", "web.qcow2"), 3),
        (("web", "web.qcow2", "--metafile", "absent"), 4),
        (("web", "web.qcow2", "--metafile", "."), 3),
        (("web", "web.qcow2", "--status", "checked"), 3),
        (("web", "web.qcow2", "--disk-format", "raw", "--container-format", "x\ny"), 3),
        (("web", "pithos://nobody/images/web.qcow2"), 6),
    ],
)
def test_what_cannot_be_registered_is_refused(stored: Person, words: tuple[str, ...], code: int) -> None:
    stored("image", "register", *words, ends_with=code)
    assert stored.json("image", "list") == []


def test_lists_are_filtered_sorted_and_paged(person: Person, disk: Path) -> None:
    for number, name in enumerate(("alpha", "beta", "gamma")):
        person("push", disk, "--name", name, "--property", f"os=Linux{number}")
    raw = person.folder / "small"
    raw.write_bytes(b"\0" * 510 + b"\x55\xaa" + b"x" * 5000)
    person("push", raw, "--name", "small", "--disk-format", "raw")

    def names(*words: str) -> list[str]:
        return person("image", "list", "-f", "value", "-c", "name", *words).stdout.split()

    assert names("--sort", "name") == ["alpha", "beta", "gamma", "small"]
    assert names("--sort", "name:desc", "--limit", "2") == ["small", "gamma"]
    assert names("--name-like", "ET") == ["beta"]
    assert names("--name", "alpha") == ["alpha"]
    assert names("-p", "OS=linux2") == ["gamma"]
    assert names("--disk-format", "RAW") == ["small"]
    assert names("--size-max", "10k") == ["small"]
    assert "small" not in names("--size-min", "10k", "--status", "ACTIVE")
    assert len(names("--owner", person.project_id, "--private")) == 4
    assert names("--public") == names("--owner", "nobody") == names("--status", "queued") == names("--limit", "0") == []
    page = person.json("image", "list", "--sort", "name", "--limit", "2")
    assert names("--sort", "name", "--marker", page[-1]["id"]) == ["gamma", "small"]
    person("image", "list", "--sort", "colour", ends_with=3)
    person("image", "list", "--marker", "nothing", ends_with=3)


def test_members_are_listed(person: Person, new_person: NewPerson, disk: Path) -> None:
    friend = new_person()
    person("push", disk, "--name", "web", "--share", friend.project_id)
    assert person.json("image", "list", "--members-of", "web")[0]["project_id"] == friend.project_id
    assert person.value("image", "list", "--members-of", "web", "-c", "status") == "pending"


def test_an_image_is_changed_and_values_are_taken_away(person: Person, disk: Path) -> None:
    person("push", disk, "--name", "web", "--property", "os=Linux", "--property", "gui=none")
    changed = person.json("image", "set", "web", "--name", "web-2", "-p", "os=BSD", "--publish")
    assert (changed["name"], changed["properties"]["os"], changed["visibility"]) == ("web-2", "BSD", "community")
    assert person.json("image", "set", "web-2", "--unpublish")["visibility"] == "private"
    assert "gui" not in person.json("image", "unset", "web-2", "-p", "gui", "-p", "absent")["properties"]
    done = person("image", "set", "web-2", "--status", "checked", ends_with=3)
    assert "status" in done.stderr
    person("image", "unset", "web-2", ends_with=2)
    person("image", "set", "web-2", "--publish", "--visibility", "private", ends_with=2)


def test_another_projects_image_is_not_changed(person: Person, new_person: NewPerson, disk: Path) -> None:
    friend = new_person()
    image_id = person.json("push", disk, "--name", "web", "--share", friend.project_id)["image_id"]
    for words in (("set", image_id, "--name", "mine"), ("unregister", image_id), ("set", image_id, "--publish")):
        done = friend("image", *words, ends_with=6)
        assert f"It belongs to project {person.project_id}" in done.stderr
    assert person.json("image", "show", image_id)["name"] == "web"
