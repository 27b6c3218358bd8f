"""Somebody at a shell, with a project and a clouds.yaml of their own."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.running import RunningService

PASSWORD = "s3cret-of-the-test"


@dataclass
class Person:
    """Call it with the words of a command; it checks the exit code, and that no secret is shown."""

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


def new_person_of(service: RunningService, parent: Path) -> Person:
    """A fresh user in a fresh project, who knows it as the cloud "here", and "k5" for its K5 side."""
    name = "p" + os.urandom(4).hex()
    project = service.add_user(name, name, password=PASSWORD)
    auth = {"auth_url": f"{service.url}/v3", "username": name, "password": PASSWORD, "project_name": name}
    auth |= {"user_domain_name": "Default", "project_domain_name": "Default"}
    folder = parent / name
    folder.mkdir()
    plain = {"auth": auth, "region_name": "RegionOne"}
    k5 = {**plain, "type": "k5", "k5_profile": "B", "contract": "Default"}
    clouds = folder / "clouds.yaml"
    clouds.write_text(yaml.safe_dump({"clouds": {"here": plain, "k5": k5}}))
    return Person(service, folder, project, {"OS_CLIENT_CONFIG_FILE": str(clouds), "OS_CLOUD": "here"})


def small_disk(folder: Path) -> Path:
    """A real disk: qcow2, 64 MiB as a guest sees it, with 3 MiB of data."""
    raw, path = folder / "raw", folder / "disk.qcow2"
    with raw.open("wb") as file:
        file.write(b"\0" * 510 + b"\x55\xaa" + os.urandom(3 << 20))
        file.truncate(64 << 20)
    subprocess.run(["qemu-img", "convert", "-f", "raw", "-O", "qcow2", raw, path], check=True)
    return path
