"""The unchanged kamaki 0.16, where there is a Python 2.7 to run it."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.running import RunningService

PROGRAM = Path(__file__).parents[2] / ".venv-kamaki" / "bin" / "kamaki"

pytestmark = pytest.mark.skipif(not PROGRAM.exists(), reason="there is no Python 2.7 to run it with: scripts/setup --kamaki")

Kamaki = Callable[..., str]


@pytest.fixture
def kamaki(service: RunningService, tmp_path: Path) -> Kamaki:
    """``kamaki WORDS...``: what it says, with the token of its user or the one that is given."""
    service.add_user("alice", "alice@example.org")

    def run(*words: str, token: str = "") -> str:
        token = token or service.admin("token", "alice").strip()
        settings = tmp_path / "kamakirc"
        cloud = f'[cloud "local"]\nurl = {service.url}/identity/v2.0\ntoken = {token}\n'
        settings.write_text(f"[global]\ndefault_cloud = local\nignore_ssl = on\n{cloud}")
        env = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "KAMAKI_CONFIG": str(settings)}
        done = subprocess.run([PROGRAM, *words], env=env, capture_output=True, text=True, timeout=60)
        return done.stdout + done.stderr

    return run


def test_it_knows_who_it_is_and_translates_names(service: RunningService, kamaki: Kamaki) -> None:
    """One test: the service is shared, and so is the user."""
    friend = service.admin("project", "add", "bob@example.org").strip()
    said = kamaki("user", "info")
    assert re.search(r"^id: [0-9a-f]{32}$", said, re.MULTILINE), said
    assert re.search(r"^name: alice$", said, re.MULTILINE), said
    said = kamaki("user", "name2uuid", "bob@example.org", "nobody")
    assert f"bob@example.org: {friend}" in said
    assert "Unresolved usernames: nobody" in said
    said = kamaki("user", "uuid2name", friend, "no-such")
    assert f"{friend}: bob@example.org" in said
    assert "Unresolved uuids: no-such" in said
    assert "failed to authenticate" in kamaki("user", "info", token="wrong")
