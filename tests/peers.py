"""The unchanged clients of other clouds, from a virtual environment of their own (scripts/setup makes it)."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.running import RunningService

VENV = Path(os.environ.get("IMAGEFERRY_PEERS_VENV") or Path(__file__).parents[1] / ".venv-peers")


def program(name: str) -> Path:
    """The path of a client program; the test is skipped where it is not installed."""
    path = VENV / "bin" / name
    if not path.exists():
        pytest.skip(f"{name} is not in {VENV}; scripts/setup installs it, or set IMAGEFERRY_PEERS_VENV")
    return path


@dataclass(frozen=True)
class Peer:
    """One user of one project at a running service, with the programs of the peers."""

    env: Mapping[str, str]
    folder: Path

    @classmethod
    def of(cls, service: RunningService, folder: Path, user: str, project: str, password: str) -> Peer:
        clean = {name: value for name, value in os.environ.items() if not name.startswith("OS_")}
        mine = {
            "HOME": str(folder),
            "OS_AUTH_URL": f"{service.url}/v3",
            "OS_USERNAME": user,
            "OS_PASSWORD": password,
            "OS_PROJECT_NAME": project,
            "OS_USER_DOMAIN_NAME": "Default",
            "OS_PROJECT_DOMAIN_NAME": "Default",
            "OS_IDENTITY_API_VERSION": "3",
            "OS_REGION_NAME": "RegionOne",
        }
        return cls({**clean, **mine}, folder)

    def run(self, name: str, *arguments: str, code: int = 0, timeout_s: float = 120) -> str:
        """Run a program; returns what it prints. Fails unless it ends with ``code``."""
        return self._done(name, *arguments, code=code, timeout_s=timeout_s).stdout

    def complaint(self, name: str, *arguments: str, code: int = 1, timeout_s: float = 120) -> str:
        """Run a program that must not succeed; returns what it says on stderr."""
        return self._done(name, *arguments, code=code, timeout_s=timeout_s).stderr

    def _done(self, name: str, *arguments: str, code: int, timeout_s: float) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [program(name), *arguments],
            env=self.env,
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=timeout_s,
            stdin=subprocess.DEVNULL,
        )
        assert done.returncode == code, (arguments, done.returncode, done.stdout, done.stderr)
        return done
