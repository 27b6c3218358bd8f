"""The unchanged kamaki 0.16, where there is a Python 2.7 to run it."""

from __future__ import annotations

import itertools
import os
import re
import subprocess
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.running import RunningService

PROGRAM = Path(__file__).parents[2] / ".venv-kamaki" / "bin" / "kamaki"

pytestmark = pytest.mark.skipif(
    not PROGRAM.exists(), reason="there is no Python 2.7 to run it with: scripts/setup --kamaki"
)

_numbers = itertools.count(1)


@dataclass
class Kamaki:
    """kamaki in a folder of its own, with the token of a user who is alone in a project."""

    service: RunningService
    folder: Path
    user: str
    token: str = ""

    def __call__(self, *words: str, token: str = "", yes: int = 0) -> str:
        """``kamaki WORDS...``: what it says. ``yes``: how many of its questions are answered so."""
        self.token = self.token or self.service.admin("token", self.user).strip()
        settings = self.folder / "kamakirc"
        cloud = f'[cloud "local"]\nurl = {self.service.url}/identity/v2.0\ntoken = {token or self.token}\n'
        settings.write_text(f"[global]\ndefault_cloud = local\nignore_ssl = on\n{cloud}")
        env = {"PATH": os.environ["PATH"], "HOME": str(self.folder), "KAMAKI_CONFIG": str(settings)}
        where: dict[str, Any] = {"env": env | {"LC_ALL": "C.UTF-8"}, "cwd": self.folder, "input": "y\n" * yes}
        done = subprocess.run([PROGRAM, *words], capture_output=True, text=True, timeout=60, **where)
        return done.stdout + done.stderr


@pytest.fixture
def kamaki(service: RunningService, tmp_path: Path) -> Kamaki:
    return someone(service, tmp_path, "alice")


def test_it_knows_who_it_is_and_translates_names(service: RunningService, kamaki: Kamaki) -> None:
    friend = service.admin("project", "add", "bob@example.org").strip()
    said = kamaki("user", "info")
    assert re.search(r"^id: [0-9a-f]{32}$", said, re.MULTILINE), said
    assert re.search(rf"^name: {kamaki.user}$", said, re.MULTILINE), said
    said = kamaki("user", "name2uuid", "bob@example.org", "nobody")
    assert f"bob@example.org: {friend}" in said
    assert "Unresolved usernames: nobody" in said
    said = kamaki("user", "uuid2name", friend, "no-such")
    assert f"{friend}: bob@example.org" in said
    assert "Unresolved uuids: no-such" in said
    assert "failed to authenticate" in kamaki("user", "info", token="wrong")


def test_it_uploads_lists_tells_and_downloads(kamaki: Kamaki) -> None:
    disk = os.urandom(4 << 20) + bytes(4 << 20) + b"tail"
    (kamaki.folder / "disk").write_bytes(disk)
    assert "Upload completed" in kamaki("file", "upload", "disk", "/pithos/disks/a b ü.raw")
    assert "already exists" in kamaki("file", "upload", "disk", "/pithos/disks/a b ü.raw")
    assert re.search(r"8MiB disks/a b ü\.raw$", kamaki("file", "list", "/pithos/disks"), re.MULTILINE)
    told = kamaki("file", "info", "/pithos/disks/a b ü.raw")
    assert f"content-length: {len(disk)}" in told
    assert re.search(r"^x-object-hash: [0-9a-f]{64}$", told, re.MULTILINE)
    assert "Download completed" in kamaki("file", "download", "/pithos/disks/a b ü.raw", "again")
    assert (kamaki.folder / "again").read_bytes() == disk
    assert "Upload completed" in kamaki("file", "upload", "-f", "again", "/pithos/disks/a b ü.raw")
    kamaki("file", "delete", "/pithos/disks/a b ü.raw", "--yes")
    assert "is empty" in kamaki("file", "list", "/pithos")


def test_it_makes_changes_and_deletes_containers(kamaki: Kamaki) -> None:
    assert "pithos (0B, 0 objects)" in kamaki("container", "list")
    kamaki("container", "create", "images", "--limit", "100")
    (kamaki.folder / "large").write_bytes(bytes(101))
    assert "100B" in kamaki("file", "upload", "large", "/images")
    kamaki(
        "container", "modify", "images", "--size-limit", "0", "--versioning", "none", "--metadata-add", "for=vm disks"
    )
    told = kamaki("container", "info", "images")
    for fact in ("policy-versioning: none", "policy-quota: 0", "meta-for: vm disks", "block-size: 4194304"):
        assert f"x-container-{fact}" in told
    assert "Upload completed" in kamaki("file", "upload", "large", "/images")
    assert "not empty" in kamaki("container", "delete", "images")
    kamaki("file", "delete", "/images/large", "--yes")
    kamaki("container", "delete", "images", "--yes")
    assert "images" not in kamaki("container", "list")
    assert 'Container "images" does not exist' in kamaki("file", "list", "/images")


def test_it_takes_whole_folders_there_and_back(kamaki: Kamaki) -> None:
    (kamaki.folder / "tree" / "sub").mkdir(parents=True)
    (kamaki.folder / "tree" / "sub" / "file").write_text("hello")
    assert "mkdir /pithos/tree/sub" in kamaki("file", "upload", "-r", "tree", "/pithos")
    assert re.search(r"^ +D tree/sub/$", kamaki("file", "list", "/pithos"), re.MULTILINE)
    assert "Download completed" in kamaki("file", "download", "-r", "/pithos/tree", "back")
    assert (kamaki.folder / "back" / "sub" / "file").read_text() == "hello"


def test_it_changes_parts_of_objects_and_knows_their_versions(kamaki: Kamaki) -> None:
    for name, data in {
        "hello": b"hello",
        "world": b" world",
        "big": bytes(range(256)) * (5 << 12),
        "xy": b"XXYY",
    }.items():
        (kamaki.folder / name).write_bytes(data)
    kamaki("file", "upload", "hello", "/pithos/o")
    kamaki("file", "append", "world", "/pithos/o")
    kamaki("file", "append", "big", "/pithos/o")  # in two blocks, each a state
    assert f"content-length: {11 + (5 << 20)}" in kamaki("file", "info", "/pithos/o")
    kamaki("file", "truncate", "/pithos/o", "--size", "11")
    kamaki("file", "overwrite", "xy", "/pithos/o", "--from", "2", "--to", "5")
    assert kamaki("file", "cat", "/pithos/o").startswith("heXXYYworld")
    assert "x-object-meta-colour: deep blue" in kamaki(
        "file", "modify", "/pithos/o", "--metadata-add", "colour=deep blue"
    )
    kamaki("file", "modify", "/pithos/o", "--metadata-del", "colour")
    assert "colour" not in kamaki("file", "info", "/pithos/o")
    ids = re.findall(r"^ +version_id: (\d+)$", kamaki("file", "info", "/pithos/o", "--object-versions"), re.MULTILINE)
    assert len(ids) == 8
    assert kamaki("file", "cat", "/pithos/o", "--object-version", ids[1]).startswith("hello world")
    assert "Download completed" in kamaki("file", "download", "/pithos/o", "first", "--object-version", ids[0])
    assert (kamaki.folder / "first").read_bytes() == b"hello"
    assert "x-object-meta-colour: deep blue" in kamaki("file", "info", "/pithos/o", "--object-version", ids[6])
    kamaki("file", "copy", "/pithos/o", "/pithos/o", "--source-version", ids[0], "--force")
    assert kamaki("file", "cat", "/pithos/o").startswith("helloWARNING")
    kamaki("file", "delete", "/pithos/o", "--until", "01-01-2100 00:00:00", "--yes")
    assert kamaki("file", "info", "/pithos/o", "--object-versions").count("version_id") == 1


def test_it_copies_moves_and_deletes_one_by_one_and_by_directories(kamaki: Kamaki) -> None:
    (kamaki.folder / "hello").write_bytes(b"hello")
    kamaki("file", "mkdir", "/pithos/dir")
    kamaki("file", "upload", "hello", "/pithos/dir/a")
    key = re.search(r"x-object-uuid: (\S+)", kamaki("file", "info", "/pithos/dir/a"))
    assert key is not None
    assert "copy //pithos/dir/a  -->  /pithos/b" in kamaki("file", "copy", "/pithos/dir/a", "/pithos/b")
    assert "Destination object exists" in kamaki("file", "copy", "/pithos/dir/a", "/pithos/b")
    kamaki("container", "create", "other")
    kamaki("file", "move", "/pithos/dir/a", "/other/deep er/ü")
    assert key[0] in kamaki("file", "info", "/other/deep er/ü")
    assert key[0] not in kamaki("file", "info", "/pithos/b")
    kamaki("file", "copy", "-r", "/other/deep er", "/pithos/dir")
    assert re.search(r" dir/\n +5B dir/ü$", kamaki("file", "list", "/pithos"), re.MULTILINE)
    kamaki("file", "delete", "-r", "/pithos/dir", "--yes", yes=1)
    assert re.findall(r"^ +\S+ (\S+)$", kamaki("file", "list", "/pithos"), re.MULTILINE) == ["b"]
    listed = kamaki("file", "list", "/pithos", "--until", "01-01-2100 00:00:00")
    assert re.findall(r"^ +\S+ (\S+)$", listed, re.MULTILINE) == ["b"]
    kamaki("container", "empty", "other", "--yes")
    assert "is empty" in kamaki("file", "list", "/other")
    assert "not empty" in kamaki("container", "delete", "pithos", "--yes")
    kamaki("container", "delete", "-r", "pithos", "--yes")
    kamaki("container", "delete", "other", "--yes")
    assert "other" not in kamaki("container", "list")


def test_it_shares_with_groups_and_users_who_read_and_write_what_they_may(
    service: RunningService, tmp_path: Path
) -> None:
    ann, ben = (someone(service, tmp_path, name) for name in ("ann", "ben"))
    owner, reader = uuid_of(ann), uuid_of(ben)
    (ann.folder / "disk").write_bytes(b"hello")
    (ben.folder / "disk").write_bytes(os.urandom(5 << 20))
    ann("file", "upload", "disk", "/pithos/disk")
    theirs = f"pithos://{owner}/pithos"
    assert "Forbidden" in ben("file", "cat", f"{theirs}/disk")
    assert f"read: {reader}" in ann("file", "modify", "/pithos/disk", "--read-permission", reader)
    assert f"{owner} {ann.user}@example.org" in ben("sharer", "list")
    assert ben("file", "cat", f"{theirs}/disk").startswith("hello")
    assert "Forbidden" in ben("file", "upload", "-f", "disk", f"{theirs}/disk")
    assert f"team: {reader}" in ann("group", "create", "Team", "--username", f"{ben.user}@example.org")
    assert "(400)" in ann("group", "create", "no_name", "--uuid", reader)
    ann("file", "mkdir", "/pithos/shared")
    ann("file", "modify", "/pithos/shared", "--write-permission", f"{owner}:team")
    assert "Upload completed" in ben("file", "upload", "disk", f"{theirs}/shared/new")
    assert f"write: {owner}:team" in ben("file", "info", f"{theirs}/shared/new", "--sharing")
    assert "(403)" in ben("file", "delete", f"{theirs}/shared/new", "--yes")
    assert "(403)" in ben("file", "modify", f"{theirs}/shared/new", "--read-permission", "*")
    listed = ben("file", "list", theirs)
    assert re.findall(r"^ +\S+ (\S+)$", listed, re.MULTILINE) == ["disk", "shared/", "shared/new"]
    assert ben("container", "list", "-A", owner).startswith("pithos\n")
    assert "copy" in ben("file", "copy", f"{theirs}/disk", "/pithos/mine")
    listed = ann("file", "list", "/pithos", "--shared-by-me")
    assert re.findall(r"^ +\S+ (\S+)$", listed, re.MULTILINE) == ["disk", "shared/", "shared/new"]
    ann("file", "modify", "/pithos/disk", "--no-permissions")
    ann("group", "delete", "team")
    assert owner not in ben("sharer", "list")
    assert "(403)" in ben("file", "list", theirs)
    assert ben("file", "cat", "/pithos/mine").startswith("hello")


def test_it_publishes_for_whoever_has_the_address(kamaki: Kamaki) -> None:
    (kamaki.folder / "page").write_bytes(b"<script>alert(1)</script>")
    kamaki("file", "upload", "page", "/pithos/page.html", "--content-type", "text/html")
    address = re.search(r"^http://\S+$", kamaki("file", "publish", "/pithos/page.html"), re.MULTILINE)
    assert address is not None
    with urllib.request.urlopen(address[0]) as reply:  # noqa: S310 - our own service
        assert reply.read() == b"<script>alert(1)</script>"
        assert reply.headers["content-security-policy"] == "sandbox"
    assert address[0] in kamaki("file", "publish", "/pithos/page.html")
    assert "page.html" in kamaki("file", "list", "/pithos", "--public")
    kamaki("file", "unpublish", "/pithos/page.html")
    with pytest.raises(urllib.error.HTTPError, match="404"):
        urllib.request.urlopen(address[0])  # noqa: S310
    assert "is empty" in kamaki("file", "list", "/pithos", "--public")


def someone(service: RunningService, folder: Path, name: str) -> Kamaki:
    """kamaki for a new user, alone in a project that is called after the user."""
    user = f"{name}{next(_numbers)}"
    service.add_user(user, f"{user}@example.org")
    (folder / user).mkdir()
    return Kamaki(service, folder / user, user)


def uuid_of(kamaki: Kamaki) -> str:
    found = re.search(r"^id: ([0-9a-f]{32})$", kamaki("user", "info"), re.MULTILINE)
    assert found is not None
    return found[1]
