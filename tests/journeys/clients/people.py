"""Who walks the rows, and what the programs are given."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.journeys.clients import driver
from tests.journeys.clients.table import Said, Trip
from tests.peers import Peer, program
from tests.running import RunningService

_DEBIAN = ("rclone", "restic", "curl")


@dataclass
class Programs:
    """The clients of PyPI in one process of their environment, those of Debian in processes of their own."""

    _driver: subprocess.Popen[str] | None = field(default=None)

    def need(self, client: str) -> None:
        """Skips the test where the client is not installed."""
        if client not in _DEBIAN:
            program(client)
        elif not any((Path(place) / client).exists() for place in os.get_exec_path()):
            pytest.skip(f"{client} is not installed; scripts/setup --test brings it")

    def run(self, client: str, words: list[str], env: Mapping[str, str], folder: Path) -> Said:
        if client in _DEBIAN:
            return _by_itself(client, words, env, folder)
        if self._driver is None:
            self._driver = subprocess.Popen(
                [program("python"), driver.__file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
            )
        assert self._driver.stdin is not None
        assert self._driver.stdout is not None
        asked = {"client": client, "words": words, "env": dict(env), "folder": str(folder)}
        print(json.dumps(asked), file=self._driver.stdin, flush=True)
        return Said(**json.loads(self._driver.stdout.readline()))

    def close(self) -> None:
        if self._driver is not None:
            self._driver.communicate(timeout=30)


def _by_itself(client: str, words: list[str], env: Mapping[str, str], folder: Path) -> Said:
    """A process; ``< file`` as the last words is what it reads."""
    source = subprocess.DEVNULL
    if "<" in words:
        source = os.open(folder / words[-1], os.O_RDONLY)
        words = words[: words.index("<")]
    try:
        done = subprocess.run(
            [client, *words],
            env={**os.environ, **env},
            cwd=folder,
            capture_output=True,
            timeout=120,
            stdin=source,
        )
    finally:
        if source != subprocess.DEVNULL:
            os.close(source)
    return Said(done.returncode, done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace"))


def trip(service: RunningService, programs: Programs, folder: Path) -> Trip:
    """Somebody with a project, a friend with another, and the administrator."""
    run = os.urandom(3).hex()
    known = {"run": run, "password": "pw-of-the-matrix", "user": f"u-{run}", "project": f"p-{run}"}
    projects = {}
    for who in ("member", "friend"):
        name = known["user"] if who == "member" else f"f-{run}"
        project = known["project"] if who == "member" else f"fp-{run}"
        projects[who] = service.add_user(name, project, password=known["password"])
    known |= {"project_id": projects["member"], "friend_id": projects["friend"]}
    account = f"AUTH_{known['project_id']}"
    known |= {"storage_url": f"{service.url}/v1/{account}", "swift": f"swift://{account}"}
    known |= {"base": service.url, "auth_url": f"{service.url}/v3", "image_url": f"{service.url}/image"}
    admin = service.cloud["auth"]
    peers = {
        "member": Peer.of(service, folder, known["user"], known["project"], known["password"]),
        "friend": Peer.of(service, folder, f"f-{run}", f"fp-{run}", known["password"]),
        "admin": Peer.of(service, folder, admin["username"], admin["project_name"], admin["password"]),
    }
    more = {
        "RCLONE_CONFIG": str(folder / "rclone.conf"),
        "RCLONE_CONFIG_FERRY_TYPE": "swift",
        "RCLONE_CONFIG_FERRY_ENV_AUTH": "true",
        "RESTIC_REPOSITORY": "swift:backup:/",
        "RESTIC_PASSWORD": "a password of the repository",
        "XDG_CACHE_HOME": str(folder / "cache"),
    }
    write_files(folder)
    namespace = {"namespace": f"imported-{run}", "display_name": "Imported", "visibility": "private"}
    (folder / "namespace.json").write_text(json.dumps(namespace))
    return Trip(
        folder, lambda client, words, who: programs.run(client, words, {**peers[who].env, **more}, folder), known
    )


def write_files(folder: Path) -> None:
    """disk.raw, 3,000,000 bytes; big.raw, 3 MiB; disk.qcow2, 64 MiB as a guest sees it; a tree of small files."""
    disk = os.urandom(3_000_000)
    (folder / "disk.raw").write_bytes(disk)
    (folder / "big.raw").write_bytes(disk[:1_000_000] + b"0123456789" + disk[: (3 << 20) - 1_000_010])
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", folder / "disk.qcow2", "64M"], check=True)
    for name, text in (("one.txt", "one of the tree"), ("two/three.txt", "deeper"), ("two/ü f.txt", "odd")):
        path = folder / "tree" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
