"""Images of stored objects, metafiles, batches, lists and changes: in an OpenStack cloud that is ours, and in K5."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.journeys.person import NewPerson, Person
from tests.journeys.quick import quick


@pytest.fixture
def person(new_person: NewPerson) -> Person:
    return quick(new_person())


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
    assert (image["name"], image["status"], image["disk_format"]) == ("web", "available", "qcow2")
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
    assert first["visibility"] == "public"
    assert stored.json("image", "show", "web")["visibility"] == "community"  # everybody's list is for administrators
    again = stored.json("image", "register", "web-2", "web.qcow2", "-p", "os=Ubuntu", "--force")
    assert (again["id"], again["name"], again["visibility"]) == (first["id"], "web-2", "private")
    assert again["properties"]["os"] == "Ubuntu"
    assert "gui" not in again["properties"]
    assert len(stored.json("image", "list", "--owner", stored.project_id)) == 1


def test_an_object_that_is_overwritten_stays_the_same_image(stored: Person) -> None:
    first = stored.json("image", "register", "web", "web.qcow2", "--no-metafile-upload")
    (stored.folder / "other").write_bytes(b"\0" * 510 + b"\x55\xaa" + b"x" * 5000)
    upload = ("--upload", "other", "--disk-format", "raw", "--no-metafile-upload")
    stored("image", "register", "web", "web.qcow2", *upload, ends_with=5)  # the object is there
    again = stored.json("image", "register", "web", "web.qcow2", *upload, "--force")
    assert (again["id"], again["size"], again["disk_format"]) == (first["id"], 5512, "raw")


def test_a_file_is_stored_and_registered_at_once(person: Person, disk: Path) -> None:
    image = person.json("image", "register", "web", "web.qcow2", "--upload", disk, "--no-metafile-upload")
    assert image["status"] == "available"
    assert [found["name"] for found in person.json("object", "list", "images")] == ["web.qcow2"]


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        ('{"properties": {\n "OS" "x"}}', 3, "line 2, column 7"),
        ("[]", 3, "one JSON object"),
        ('{"status": "checked", "disk-format": "nonsense"}', 3, "one of diskdump"),
        ('{"container-format": "nonsense"}', 3, "container-format"),
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
    friend = quick(new_person())
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
    friend = quick(new_person())
    image_id = person.json("push", disk, "--name", "web", "--share", friend.project_id)["image_id"]
    for words in (("set", image_id, "--name", "mine"), ("unregister", image_id), ("set", image_id, "--publish")):
        done = friend("image", *words, ends_with=6)
        assert f"It belongs to project {person.project_id}" in done.stderr
    assert person.json("image", "show", image_id)["name"] == "web"


@pytest.fixture
def vmdk(person: Person, disk: Path) -> Person:
    """Somebody whose container "images" has the object web.vmdk, for a cloud whose images have bytes of their own."""
    file = person.folder / "web.vmdk"
    convert = ["qemu-img", "convert", "-O", "vmdk", "-o", "subformat=streamOptimized", disk, file]
    subprocess.run(convert, check=True)
    person("object", "put", file, "images")
    return person


def test_elsewhere_an_image_gets_a_copy_of_the_objects_bytes(vmdk: Person) -> None:
    register = ("image", "register", "web", "web.vmdk", "--cloud", "k5", "-p", "os_type=centos")
    first = vmdk.json(*register, "-p", "OS=Linux", "-p", "gui=none")
    assert (first["name"], first["status"], first["properties"]["os"]) == ("web", "active", "Linux")
    assert first["properties"]["imageferry_object"] == "/images/web.vmdk"
    vmdk(*register, ends_with=5)
    again = vmdk.json(*register, "-p", "os=BSD", "--force")
    assert (again["id"], again["properties"]["os"]) == (first["id"], "BSD")
    assert "gui" not in again["properties"]
    vmdk("object", "put", "clouds.yaml", "images", "web.vmdk")  # other bytes
    done = vmdk(*register, "--force", ends_with=5)
    assert "bytes that the object had before" in done.stderr
    done = vmdk(*register, "--force", "--container-format", "ovf", ends_with=3)
    assert "another container format" in done.stderr


@pytest.fixture
def disks_of_three(person: Person, disk: Path) -> Person:
    """images/: two disks, one file that is none, and a metafile that is not meant."""
    folder = person.folder / "images"
    folder.mkdir()
    for name in ("alpha.qcow2", "beta.qcow2"):
        shutil.copy(disk, folder / name)
    (folder / "cat.qcow2").write_text("no disk\n")
    (folder / "alpha.qcow2.meta").write_text("{}")
    return person


def test_many_disks_are_brought_and_one_that_is_none_keeps_no_other_from_it(disks_of_three: Person) -> None:
    person = disks_of_three
    name = _metafile(person, {"disk-format": "qcow2", "properties": {"OS": "Linux", "USERS": "root"}}, "template.json")
    done = person("push", "images/*", "--metafile", name, "-p", "users=admin", "-f", "json", ends_with=3)
    rows = {Path(row["file"]).name: row for row in json.loads(done.stdout)}
    assert list(rows) == ["alpha.qcow2", "beta.qcow2", "cat.qcow2"]
    assert rows["alpha.qcow2"]["problem"] is None
    assert "cat.qcow2" in rows["cat.qcow2"]["problem"]
    images = person.json("image", "list", "--owner", person.project_id, "--sort", "name")
    assert [image["name"] for image in images] == ["alpha", "beta"]
    shown = person.json("image", "show", "alpha")["properties"]
    assert (shown["os"], shown["users"]) == ("Linux", "admin")


def test_a_batch_in_which_all_goes_well_ends_well(disks_of_three: Person) -> None:
    person = disks_of_three
    rows = person.json("push", "images/alpha.qcow2", "images/b*.qcow2", "images/alpha.qcow2")
    assert [row["name"] for row in rows] == ["alpha", "beta"]
    assert all(row["problem"] is None for row in rows)


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("nothing*.img",), 4),
        (("images/alpha.qcow2", "absent"), 4),
        (("images/alpha.qcow2", "images/beta.qcow2", "--name", "both"), 2),
        (("images/*", "--checksum", "0" * 64), 2),
        (("images/*", "--metafile", "broken"), 3),
        (("images/*", "--metafile", "absent"), 4),
        (("images/[", "images/beta.qcow2"), 4),
    ],
)
def test_a_batch_that_makes_no_sense_says_so(disks_of_three: Person, words: tuple[str, ...], code: int) -> None:
    (disks_of_three.folder / "broken").write_text("{")
    disks_of_three("push", *words, ends_with=code)
