"""A real service in a process of its own, as a user starts it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from imageferry.bootstrap import open_records
from imageferry.db.passwords import Argon2
from imageferry.domain.access import Role
from imageferry.domain.errors import NotFound
from imageferry.service.identity_admin import IdentityAdmin
from imageferry.settings import read_settings

START_S = 20.0


@dataclass(kw_only=True)
class RunningService:
    """``imageferry serve`` on a free port; start, stop and kill it as often as needed."""

    data: Path
    config: Path | None = None
    env: Mapping[str, str] = field(default_factory=dict)
    listen: str = "127.0.0.1:0"
    python: str = sys.executable  # that the service runs in
    url: str = ""
    process: subprocess.Popen[str] | None = None

    def start(self) -> RunningService:
        command = [self.python, "-m", "imageferry.cli.main", "serve", "--data", str(self.data)]
        command += ["--listen", self.listen]
        if self.config is not None:
            command += ["--config", str(self.config)]
        log = (self.data.parent / f"{self.data.name}.log").open("a")
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=log, text=True, env={**_clean_environment(), **self.env}
        )
        log.close()
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if "answers at" not in line:
            self.process.wait()
            raise AssertionError(f"the service did not start: {line}{self.log()[-3000:]}")
        self.url = line.split("answers at ")[1].split(",")[0]
        self.listen = self.url.removeprefix("http://")  # the same port after a restart
        return self

    def stop(self) -> int:
        """Ask it to end; returns the exit code."""
        assert self.process is not None
        self.process.terminate()
        return self._ended()

    def kill(self) -> None:
        """kill -9."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self._ended()

    def _ended(self) -> int:
        assert self.process is not None
        code = self.process.wait(timeout=30)
        if self.process.stdout is not None:
            self.process.stdout.close()
        self.process = None
        return code

    def log(self) -> str:
        return (self.data.parent / f"{self.data.name}.log").read_text()

    @property
    def cloud(self) -> dict[str, Any]:
        """The clouds.yaml entry of the administrator."""
        document = yaml.safe_load((self.data / "clouds.yaml").read_text())
        entry: dict[str, Any] = document["clouds"]["imageferry"]
        return entry

    def run(self, *arguments: str, check: bool = True, **options: Any) -> subprocess.CompletedProcess[str]:
        """Our own command line, with this service as its cloud."""
        env = {**_clean_environment(), **self.env, "OS_CLIENT_CONFIG_FILE": str(self.data / "clouds.yaml")}
        env |= {"OS_CLOUD": "imageferry", **options.pop("env", {})}
        done = subprocess.run(
            [sys.executable, "-m", "imageferry.cli.main", *arguments],
            env=env,
            capture_output=True,
            text=True,
            timeout=options.pop("timeout", 120),
            **options,
        )
        if check and done.returncode:
            raise AssertionError(f"imageferry {' '.join(arguments)} ended with {done.returncode}:\n{done.stderr}")
        return done

    def admin(self, *arguments: str, **options: Any) -> str:
        """``imageferry admin ...``; returns what it prints."""
        return self.run("admin", "--data", str(self.data), *arguments, **options).stdout.strip()

    def add_user(self, name: str, project: str, *, role: str = "member", password: str = "pw") -> str:
        """A user with a role in a project (made when missing); returns the project's id.

        As ``imageferry admin`` does it, without starting three processes.
        """
        records = open_records(read_settings({}, overrides={"data": str(self.data)}))
        admin = IdentityAdmin(records, Argon2())
        try:
            try:
                place = admin.project(project)
            except NotFound:
                place = admin.add_project(project)
            admin.grant(admin.add_user(name, password, default_project=place.id), place, Role(role))
            return place.id
        finally:
            records.close()


def _clean_environment() -> dict[str, str]:
    """Ours, without what would lead a client to another cloud."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("OS_", "IMAGEFERRY_"))}
