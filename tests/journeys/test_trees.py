"""Folders into a container and out of it, old states of objects, and what a cloud without sharing says."""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import yaml

from tests.journeys.person import NewPerson, Person
from tests.journeys.quick import quick


@pytest.fixture
def person(new_person: NewPerson) -> Person:
    return quick(new_person())


@pytest.fixture
def folder(person: Person) -> Path:
    """images/: two files, one of them in a folder below, and an empty folder."""
    top = person.folder / "images"
    (top / "old" / "é 1").mkdir(parents=True)
    (top / "empty").mkdir()
    (top / "web.txt").write_text("web")
    (top / "old" / "é 1" / "web.txt").write_text("older")
    return top


def _files(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}


def test_a_folder_travels_there_and_back(person: Person, folder: Path) -> None:
    rows = person.json("object", "put", "-R", "images", "backups")
    assert all(row["problem"] is None for row in rows)
    types = {row["name"]: row["content_type"] for row in person.json("object", "list", "backups")}
    assert types["images"] == types["images/empty"] == types["images/old/é 1"] == "application/directory"
    person("object", "get", "-R", "backups", "images", "back")
    assert _files(person.folder / "back") == _files(folder)
    assert (person.folder / "back" / "empty").is_dir()
    person("object", "get", "-R", "backups", "images/old", "part")
    assert _files(person.folder / "part") == {"é 1/web.txt": "older"}


def test_the_current_folder_has_a_name_too(person: Person, folder: Path) -> None:
    done = person.service.run(
        "object", "put", "-R", ".", "backups", "-f", "json", env=person.env, cwd=folder, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "images/web.txt" in [row["name"] for row in json.loads(done.stdout)]


def test_what_one_file_meets_keeps_no_other_from_travelling(person: Person, folder: Path) -> None:
    (folder / "a-link").symlink_to(folder / "web.txt")
    (folder / "loop").symlink_to(folder)
    os.mkfifo(folder / "pipe")
    (folder / os.fsdecode(b"not-text-\xff")).write_text("x")
    done = person("object", "put", "-R", "images", "backups", "-f", "json", ends_with=3)
    rows = {row["name"]: row["problem"] for row in json.loads(done.stdout)}
    assert rows["images/web.txt"] is None
    assert "no link" in rows["images/a-link"]
    assert "no link" in rows["images/loop"]
    assert "regular file" in rows["images/pipe"]
    assert sum("UTF-8" in (problem or "") for problem in rows.values()) == 1
    assert "images/a-link" not in [row["name"] for row in person.json("object", "list", "backups")]


def test_only_new_objects_are_written_when_that_is_wanted(person: Person, folder: Path) -> None:
    person("object", "put", folder / "web.txt", "backups", "images/web.txt")
    done = person("object", "put", "-R", "images", "backups", "--only-new", "-f", "json", ends_with=5)
    problems = [row["problem"] for row in json.loads(done.stdout) if row["problem"]]
    assert len(problems) == 1
    person("object", "put", folder / "web.txt", "backups", "images/web.txt", "--only-new", ends_with=5)


@pytest.mark.parametrize(
    "name", ["d/../up.txt", "d//double", "d/./dot", "d/..", "d/link/x", "d/web.txt/below", "d/nul-%00"]
)
def test_no_name_leads_out_of_the_folder(person: Person, name: str) -> None:
    """Such objects are made by other clients, which put anything into a name."""
    person("object", "put", person.folder / "clouds.yaml", "bad", "d/web.txt")
    done = _raw_put(person, "bad", name)
    target = person.folder / "in" / "target"
    target.mkdir(parents=True)
    (target / "link").symlink_to(person.folder)
    answer = person.service.run(
        "object", "get", "-R", "bad", "d", str(target), "-f", "json", env=person.env, cwd=person.folder, check=False
    )
    rows = {row["name"]: row["problem"] for row in json.loads(answer.stdout)}
    if done:  # the service refuses some of them itself
        assert answer.returncode in (3, 5, 7), answer.stderr
        assert rows[name.replace("%00", "\0")] is not None
    assert rows["d/web.txt"] is None
    assert not (person.folder / "x").exists()
    assert sorted(path.name for path in (person.folder / "in").iterdir()) == ["target"]


def _raw_put(person: Person, container: str, name: str) -> bool:
    """Put an object without a client's tidying of paths; whether the service took it."""
    auth = yaml.safe_load((person.folder / "clouds.yaml").read_text())["clouds"]["here"]["auth"]
    domain = {"name": "Default"}
    user = {"name": auth["username"], "password": auth["password"], "domain": domain}
    scope = {"project": {"name": auth["project_name"], "domain": domain}}
    body = {"auth": {"identity": {"methods": ["password"], "password": {"user": user}}, "scope": scope}}
    line = http.client.HTTPConnection(urlsplit(person.service.url).netloc)
    try:
        line.request("POST", "/v3/auth/tokens", json.dumps(body), {"Content-Type": "application/json"})
        answer = line.getresponse()
        answer.read()
        token = {"X-Auth-Token": answer.headers["X-Subject-Token"]}
        line.request("PUT", f"/v1/AUTH_{person.project_id}/{container}/{name}", b"x", token)
        return line.getresponse().status == 201
    finally:
        line.close()


def test_old_states_are_kept_told_and_read(person: Person) -> None:
    file = person.folder / "notes.txt"
    assert person.json("container", "create", "papers", "--versioning", "auto")["versioning"] == "auto"
    for text in ("one", "two, longer", "three"):
        file.write_text(text)
        person("object", "put", "notes.txt", "papers")
    versions = person.json("object", "versions", "papers", "notes.txt")
    assert [row["size"] for row in versions] == [3, 11, 5]
    assert [row["latest"] for row in versions] == [False, False, True]
    first = versions[0]["version"]
    assert person("object", "cat", "papers", "notes.txt", "--version", first).stdout == "one"
    person("object", "get", "papers", "notes.txt", "back.txt", "--version", versions[1]["version"])
    assert (person.folder / "back.txt").read_text() == "two, longer"
    assert person.json("object", "show", "papers", "notes.txt", "--version", first)["size"] == 3
    assert person.json("container", "set", "papers", "--versioning", "none")["versioning"] == "none"
    person("container", "set", "papers", ends_with=2)
    person("container", "set", "absent", "--versioning", "auto", ends_with=4)
    person("object", "cat", "papers", "notes.txt", "--version", "12345.00000", ends_with=4)
    person("object", "get", "-R", "papers", "x", "y", "--version", first, ends_with=2)


def test_an_object_is_written_to_stdout_byte_for_byte(person: Person) -> None:
    data = bytes(range(256)) * 100
    (person.folder / "data").write_bytes(data)
    person("object", "put", "data", "papers")
    command = [sys.executable, "-m", "imageferry.cli.main", "object", "cat", "papers", "data"]
    done = subprocess.run(
        command, env={**os.environ, **person.env}, cwd=person.folder, capture_output=True, check=True, timeout=60
    )
    assert done.stdout == data
    person("object", "cat", "papers", "absent", ends_with=4)


@pytest.mark.parametrize(
    "words",
    [
        ("object", "share", "papers", "data"),
        ("object", "share", "papers", "data", "--read", "*"),
        ("object", "publish", "papers", "data"),
        ("object", "unpublish", "papers", "data"),
    ],
)
def test_where_a_cloud_cannot_share_single_objects_a_sentence_says_what_will_do(
    person: Person, words: tuple[str, ...]
) -> None:
    done = person(*words, "--cloud", "k5", ends_with=3)
    assert "cloud k5 cannot" in done.stderr
