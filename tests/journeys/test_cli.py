"""The command line against a running service: every command, every format, nothing but data on stdout."""

from __future__ import annotations

import csv
import hashlib
import http.client
import io
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

from tests.running import RunningService

PASSWORD = "s3cret-of-the-test"


@dataclass
class Person:
    """Somebody at a shell, with a clouds.yaml of their own."""

    service: RunningService
    folder: Path
    project_id: str
    env: dict[str, str] = field(default_factory=dict)

    def __call__(
        self, *arguments: object, ends_with: int = 0, env: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        words = [str(argument) for argument in arguments]
        done = self.service.run(*words, check=False, env={**self.env, **(env or {})}, cwd=self.folder)
        assert done.returncode == ends_with, f"{words}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        assert "Traceback" not in done.stderr or "--debug" in words
        assert PASSWORD not in done.stdout + done.stderr
        return done

    def json(self, *arguments: object) -> Any:
        return json.loads(self(*arguments, "-f", "json").stdout)

    def value(self, *arguments: object) -> str:
        return self(*arguments, "-f", "value").stdout.strip()


NewPerson = Callable[[], Person]


@pytest.fixture
def new_person(service: RunningService, tmp_path: Path) -> NewPerson:
    def make() -> Person:
        name = "p" + os.urandom(4).hex()
        project = service.add_user(name, name, password=PASSWORD)
        auth = {"auth_url": f"{service.url}/v3", "username": name, "password": PASSWORD, "project_name": name}
        auth |= {"user_domain_name": "Default", "project_domain_name": "Default"}
        folder = tmp_path / name
        folder.mkdir()
        plain = {"auth": auth, "region_name": "RegionOne"}
        k5 = {**plain, "type": "k5", "k5_profile": "B", "contract": "Default"}
        clouds = folder / "clouds.yaml"
        clouds.write_text(yaml.safe_dump({"clouds": {"here": plain, "k5": k5}}))
        return Person(service, folder, project, {"OS_CLIENT_CONFIG_FILE": str(clouds), "OS_CLOUD": "here"})

    return make


@pytest.fixture
def person(new_person: NewPerson) -> Person:
    return new_person()


@pytest.fixture
def disk(tmp_path: Path) -> Path:
    """A real disk: qcow2, 64 MiB as a guest sees it, with 3 MiB of data."""
    raw, path = tmp_path / "raw", tmp_path / "disk.qcow2"
    with raw.open("wb") as file:
        file.write(b"\0" * 510 + b"\x55\xaa" + os.urandom(3 << 20))
        file.truncate(64 << 20)
    subprocess.run(["qemu-img", "convert", "-f", "raw", "-O", "qcow2", raw, path], check=True)
    return path


def test_a_disk_is_pushed_looked_at_changed_pulled_and_withdrawn(person: Person, disk: Path) -> None:
    pushed = person.json("push", disk, "--name", "one", "--os-type", "linux", "--property", "k=v", "--min-ram", "512")
    assert (pushed["cloud"], pushed["name"], pushed["format"]) == ("here", "one", "qcow2")
    assert (pushed["virtual_size"], pushed["sent"]) == (64 << 20, disk.stat().st_size)
    shown = person.json("image", "show", "one")
    assert (shown["id"], shown["status"], shown["min_ram"]) == (pushed["image_id"], "active", 512)
    assert (shown["properties"]["k"], shown["size"]) == ("v", disk.stat().st_size)
    changed = person.json("image", "set", "one", "--name", "two", "--tag", "t", "--protected", "--unset", "k")
    assert (changed["name"], changed["tags"], changed["protected"]) == ("two", ["t"], True)
    assert "k" not in changed["properties"]
    person("image", "unregister", "two", ends_with=6)
    person("image", "set", "two", "--unprotected")
    pulled = person.json("image", "pull", "two", person.folder / "back.qcow2")
    assert (person.folder / "back.qcow2").read_bytes() == disk.read_bytes()
    assert pulled["size"] == disk.stat().st_size
    person("image", "unregister", "two")
    done = person("image", "show", "two", ends_with=4)
    assert done.stdout == ""
    assert "two" in done.stderr


def test_lists_come_in_all_formats_and_agree(person: Person, disk: Path) -> None:
    for name in ("a", "b"):
        person("push", disk, "--name", name)
    columns = ["-c", "name", "-c", "status", "-c", "size"]
    size = disk.stat().st_size
    expected = [{"name": name, "status": "active", "size": size} for name in ("b", "a")]

    def listed(shape: str) -> str:
        return person("image", "list", "--status", "active", "-f", shape, *columns).stdout

    def by_name(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return sorted(rows, key=lambda row: str(row["name"]), reverse=True)

    assert by_name(json.loads(listed("json"))) == expected
    assert by_name(yaml.safe_load(listed("yaml"))) == expected
    rows = list(csv.DictReader(io.StringIO(listed("csv"))))
    assert by_name(rows) == [{name: str(value) for name, value in row.items()} for row in expected]
    assert sorted(listed("value").splitlines()) == [f"{name}\tactive\t{size}" for name in "ab"]
    table = listed("table").splitlines()
    assert table[0].split() == ["name", "status", "size"]
    assert len(table) == 4


def test_an_image_is_shared_accepted_rejected_and_taken_back(new_person: NewPerson, disk: Path) -> None:
    owner, friend = new_person(), new_person()
    image_id = owner.value("push", disk, "--name", "ours", "--share", friend.project_id, "-c", "image_id")
    assert friend.value("image", "list", "-c", "id") == ""
    owner("image", "share", "ours", friend.project_id)  # again is no error
    assert owner.json("image", "members", "ours")[0]["status"] == "pending"
    assert friend.json("image", "accept", image_id)["status"] == "accepted"
    assert friend.value("image", "list", "-c", "id") == image_id
    assert friend.json("image", "reject", image_id)["status"] == "rejected"
    assert friend.value("image", "list", "-c", "id") == ""
    owner("image", "unshare", "ours", friend.project_id)
    assert owner.json("image", "members", "ours") == []
    friend("image", "accept", image_id, ends_with=4)


def test_a_k5_cloud_imports_waits_and_exports(person: Person, disk: Path) -> None:
    k5 = ("--cloud", "k5")
    pushed = person.json("push", disk, "--name", "k5-one", "--os-type", "centos", "--no-wait", *k5)
    assert (pushed["converted_to"], pushed["task_status"]) == ("vmdk", None)
    waited = person.json("task", "wait", pushed["task_id"], "--timeout", "2m", *k5)
    assert waited[0]["status"] == "succeeded"
    assert person.json("task", "show", pushed["task_id"], *k5)["percent"] == 100
    assert pushed["task_id"] in person.value("task", "list", "--kind", "import", "-c", "id", *k5).split()
    assert person.json("image", "show", "k5-one", *k5)["status"] == "active"
    exported = person.json("export", "k5-one", "exports", "--timeout", "2m", *k5)
    assert (exported["kind"], exported["status"]) == ("export", "succeeded")
    assert person.json("task", "list", "--kind", "export", *k5)[0]["id"] == exported["id"]
    assert person.value("object", "list", "exports", "-c", "name", *k5)


def test_objects_go_up_in_segments_and_come_back(person: Person, disk: Path) -> None:
    put = person.json("object", "put", disk, "box", "dir/big", "--segment-size", "1MiB")
    assert (put["size"], put["sent"]) == (disk.stat().st_size, disk.stat().st_size)
    assert put["segments"]
    person("object", "put", disk, "box", "small")
    assert person.value("object", "list", "box", "-c", "name").split() == ["dir/big", "small"]
    assert person.value("object", "list", "box", "--prefix", "dir/", "-c", "name") == "dir/big"
    assert person.json("object", "show", "box", "small")["etag"] == hashlib.md5(disk.read_bytes()).hexdigest()
    person("object", "get", "box", "dir/big")
    assert (person.folder / "big").read_bytes() == disk.read_bytes()
    assert {row["name"] for row in person.json("container", "list")} >= {"box"}
    person("object", "delete", "box", "dir/big", "small")
    assert person.json("object", "list", "box") == []
    assert person.json("container", "list", "-c", "size", "-c", "count")[0]["count"] == 0
    person("object", "get", "box", "small", ends_with=4)
    person("object", "get", "box", "..", ends_with=3)


def test_a_bad_disk_or_a_wrong_checksum_is_refused_before_anything_is_sent(person: Person, disk: Path) -> None:
    photo = person.folder / "photo.img"
    photo.write_bytes(bytes.fromhex("ffd8ffe000104a46494600010100000100010000") + bytes(5000))
    done = person("push", photo, ends_with=3)
    assert "JPEG" in done.stderr
    done = person("push", disk, "--checksum", "sha256:" + "0" * 64, ends_with=3)
    assert "promised sha256:000" in done.stderr
    assert done.stdout == ""
    person("push", disk, "--checksum", hashlib.sha1(disk.read_bytes()).hexdigest())
    assert len(person.json("image", "list")) == 1
    assert person.json("container", "list") == []


def test_progress_is_json_lines_on_stderr_and_data_alone_on_stdout(person: Person, disk: Path) -> None:
    for style in (["--progress", "json"], []):  # not a terminal here
        done = person("push", disk, "-f", "json", *style)
        json.loads(done.stdout)
        lines = [json.loads(line) for line in done.stderr.splitlines()]
        upload = [line for line in lines if line["stage"] == "upload"]
        assert upload[-1]["transferred"] == upload[-1]["size"] == upload[-1]["sent"] == disk.stat().st_size
        assert {"skipped", "already_there", "elapsed", "rate"} <= upload[-1].keys()
    assert person("push", disk, "-f", "json", "--progress", "none").stderr == ""


HOSTILE = "x\u202egnp.exe\u2066 \u9b06\u9b31\u200b'\"<&;$(id)"


def test_a_strangers_image_cannot_command_the_terminal(new_person: NewPerson, disk: Path) -> None:
    """Controls are refused by our own service already; other clouds may let them in, see tests/rules/test_output.py."""
    owner, friend = new_person(), new_person()
    image_id = owner.value("push", disk, "--name", HOSTILE, "--share", friend.project_id, "-c", "image_id")
    friend("image", "accept", image_id)
    for shape in ("table", "json", "yaml", "csv", "value"):
        done = friend("image", "list", "-f", shape)
        assert not set("\u202e\u2066\u200b\x1b") & set(done.stdout)
        assert "\u9b06\u9b31" in done.stdout
    assert friend.json("image", "show", image_id)["name"] == HOSTILE
    assert not set("\u202e\u2066\x1b") & set(friend("image", "show", "\x1b[2J\u202e", ends_with=4).stderr)


def test_debug_says_what_is_asked_and_no_secret(person: Person, disk: Path) -> None:
    pushed = person("--debug", "push", disk, "--name", "d", "--progress", "none")
    listed = person("image", "list", "--debug")
    for stderr in (pushed.stderr, listed.stderr):
        assert "/v2/images" in stderr
        for name, secret in re.findall(r"(?i)(x-(?:auth|subject)-token)[\"']?: [\"']?([^\s\"',]*)", stderr):
            assert secret == "***", name
    assert pushed.stdout.startswith("field")


def test_a_wrong_password_ends_with_6_and_is_not_shown(person: Person) -> None:
    clouds = yaml.safe_load((person.folder / "clouds.yaml").read_text())
    clouds["clouds"]["here"]["auth"]["password"] = "wr0ng-one"
    (person.folder / "clouds.yaml").write_text(yaml.safe_dump(clouds))
    for done in (person("image", "list", ends_with=6), person("--debug", "image", "list", "--debug", ends_with=6)):
        assert done.stdout == ""
        assert "wr0ng-one" not in done.stderr


def test_a_cloud_that_is_away_ends_with_7(person: Person) -> None:
    clouds = yaml.safe_load((person.folder / "clouds.yaml").read_text())
    clouds["clouds"]["here"]["auth"]["auth_url"] = "http://127.0.0.1:9/v3"
    (person.folder / "clouds.yaml").write_text(yaml.safe_dump(clouds))
    assert person("image", "list", ends_with=7).stdout == ""


def test_a_wait_that_takes_too_long_ends_with_10_and_names_the_job(person: Person, disk: Path) -> None:
    done = person("push", disk, "--os-type", "centos", "--timeout", "0", "--cloud", "k5", ends_with=10)
    assert "imageferry task wait " in done.stderr
    task_id = done.stderr.split("imageferry task wait ")[1].split()[0]
    person("task", "wait", task_id, "--cloud", "k5")


def _cut_off_while_uploading(disk: Path, env: dict[str, str], sent: signal.Signals) -> tuple[int, str, str]:
    """Push the disk and send a signal in the middle: exit code, stdout and the rest of stderr."""
    env = {name: value for name, value in os.environ.items() if not name.startswith(("OS_", "IMAGEFERRY_"))} | env
    command = [sys.executable, "-m", "imageferry.cli.main", "push", str(disk), "--progress", "json"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, env=env, stdout=pipe, stderr=pipe, text=True, cwd=disk.parent) as process:
        assert process.stderr is not None
        assert any('"upload"' in line for line in process.stderr)
        process.send_signal(sent)
        out, err = process.communicate(timeout=60)
    return process.returncode, out, err


def _large(path: Path) -> Path:
    """A raw disk of 256 MiB without holes: its upload takes long enough to be cut off."""
    with path.open("wb") as file:
        file.write(b"\0" * 510 + b"\x55\xaa")
        for _ in range(256):
            file.write(os.urandom(1 << 20))
    return path


@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_upload_that_is_cut_off_leaves_no_image(person: Person, sent: signal.Signals, code: int) -> None:
    ended, out, err = _cut_off_while_uploading(_large(person.folder / "large.raw"), person.env, sent)
    assert (ended, out) == (code, "")
    assert "Traceback" not in err
    assert person.json("image", "list") == []


def test_the_cloud_is_chosen_before_or_after_the_command_or_by_the_environment(person: Person) -> None:
    for words in (["--cloud", "here", "image", "list"], ["image", "list", "--cloud", "here"]):
        person(*words, env={"OS_CLOUD": "nowhere"})
    done = person("image", "list", "--cloud", "nowhere", ends_with=4)
    assert "nowhere" in done.stderr
    assert [row["name"] for row in person.json("cloud", "list")] == ["here", "k5", "imageferry"]


def test_without_any_cloud_the_local_service_is_started_for_the_command(tmp_path: Path, disk: Path) -> None:
    service = RunningService(data=tmp_path / "data")
    env = {"IMAGEFERRY_DATA": str(tmp_path / "data"), "HOME": str(tmp_path), "OS_CLOUD": ""}
    env |= {"OS_CLIENT_CONFIG_FILE": str(tmp_path / "none.yaml")}
    pushed = json.loads(service.run("push", str(disk), "-f", "json", env=env, cwd=tmp_path).stdout)
    listed = service.run("image", "list", "-f", "value", "-c", "id", env=env, cwd=tmp_path).stdout
    assert listed.strip() == pushed["image_id"]


def test_a_local_service_that_was_started_for_a_command_ends_with_it(tmp_path: Path) -> None:
    env = {"IMAGEFERRY_DATA": str(tmp_path / "data"), "HOME": str(tmp_path)}
    ended, _, err = _cut_off_while_uploading(_large(tmp_path / "large.raw"), env, signal.SIGTERM)
    assert ended == 143, err
    address = urlsplit(RunningService(data=tmp_path / "data").cloud["auth"]["auth_url"])
    with pytest.raises(ConnectionRefusedError):
        http.client.HTTPConnection(address.netloc, timeout=5).connect()


def test_the_shell_completes_names_of_clouds(person: Person) -> None:
    words = {
        "_IMAGEFERRY_COMPLETE": "bash_complete",
        "COMP_WORDS": "imageferry image list --cloud h",
        "COMP_CWORD": "4",
    }
    assert person(env=words).stdout == "plain,here\n"


def test_old_k5_settings_are_taken_over_for_their_owners_eyes_only(person: Person) -> None:
    old, target = person.folder / "k5contractsettings.py", person.folder / "new.yaml"
    old.write_text(
        "region = 'uk-1'\ncontract = 'Ab3dEfgh'\nadminUser = 'mira'\n"
        f"adminPassword = '{PASSWORD}'\ndefaultProject = 'proj'\ndefaultProjectid = '{'5' * 32}'\n"
    )
    row = person.json("cloud", "import", old, "--name", "old", "--target", target)
    assert (row["name"], row["kind"], row["region"]) == ("old", "k5", "uk-1")
    assert target.stat().st_mode & 0o777 == 0o600
    assert PASSWORD in target.read_text()
    person("cloud", "import", old, "--name", "old", "--target", target, ends_with=5)
    old.write_text("import os\nos.system('touch ran')\n")
    person("cloud", "import", old, "--target", target, ends_with=3)
    assert not (person.folder / "ran").exists()
