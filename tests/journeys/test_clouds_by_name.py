"""Which cloud is meant: by name, by environment, or the local service, running or not."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
import yaml

from imageferry import clients
from imageferry.domain.errors import AlreadyExists, BadInput, NotFound, Unavailable
from tests.running import RunningService


@pytest.fixture
def env(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Mapping[str, str]:
    """A home of its own; the loader of clouds.yaml reads the process's environment itself."""
    for name in list(os.environ):
        if name.startswith(("OS_", "IMAGEFERRY_", "XDG_")):
            monkeypatch.delenv(name)
    clouds = tmp_path / "clouds.yaml"
    clouds.write_text("clouds: {}\n")
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(clouds))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("IMAGEFERRY_DATA", str(tmp_path / "data"))
    return os.environ


def with_clouds(env: Mapping[str, str], **clouds: object) -> None:
    Path(env["OS_CLIENT_CONFIG_FILE"]).write_text(yaml.safe_dump({"clouds": clouds}))


def test_the_local_service_runs_for_as_long_as_it_is_needed(env: Mapping[str, str], tmp_path: Path) -> None:
    with clients.open_cloud(env=env) as cloud:
        assert cloud.name == "imageferry"
        assert list(cloud.images.search()) == []
        pid = json.loads((tmp_path / "data" / "server.json").read_text())["pid"]
        with clients.open_cloud("imageferry", env=env) as again:  # the same service
            assert again.project_id == cloud.project_id
        os.kill(pid, 0)
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    assert not (tmp_path / "data" / "server.json").exists()


def test_a_service_that_runs_already_is_used_and_left_running(
    env: Mapping[str, str], new_service: Callable[..., RunningService], monkeypatch: pytest.MonkeyPatch
) -> None:
    service = new_service().start()
    monkeypatch.setenv("IMAGEFERRY_DATA", str(service.data))
    with clients.open_cloud(env=env) as cloud:
        assert list(cloud.images.search()) == []
    assert service.process is not None
    assert service.process.poll() is None


def test_an_address_that_a_killed_service_left_is_not_trusted(
    env: Mapping[str, str], new_service: Callable[..., RunningService], monkeypatch: pytest.MonkeyPatch
) -> None:
    service = new_service().start()
    service.kill()
    assert (service.data / "server.json").exists()
    monkeypatch.setenv("IMAGEFERRY_DATA", str(service.data))
    with clients.open_cloud(env=env) as cloud:
        assert list(cloud.images.search()) == []


def test_a_service_that_was_started_for_a_command_does_not_outlive_it(env: Mapping[str, str], tmp_path: Path) -> None:
    code = (
        "import os, sys, time\nfrom imageferry import clients\n"
        "with clients.open_cloud(env=os.environ) as cloud:\n"
        "    print('open', flush=True)\n    time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, env=dict(env)) as command:
        assert command.stdout is not None
        assert command.stdout.readline() == b"open\n"
        pid = json.loads((tmp_path / "data" / "server.json").read_text())["pid"]
        command.kill()
    end = time.monotonic() + 20
    while time.monotonic() < end and _lives(pid):
        time.sleep(0.1)
    assert not _lives(pid)


def _lives(pid: int) -> bool:
    try:
        return "zombie" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


def test_a_proxy_never_sees_the_local_service(env: Mapping[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with clients.open_cloud(env=env) as cloud:
        assert list(cloud.images.search()) == []


def test_a_service_that_cannot_start_says_why(env: Mapping[str, str], tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file where the folder should be")
    with pytest.raises(Unavailable, match="no folder"), clients.open_cloud(env=env):
        pass
    (tmp_path / "data").unlink()
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "records.sqlite").mkdir()
    with pytest.raises(Unavailable, match="local service"), clients.open_cloud(env=env):
        pass


def test_a_cloud_that_is_not_configured_is_not_found(env: Mapping[str, str]) -> None:
    with pytest.raises(NotFound, match="nowhere"), clients.open_cloud("nowhere", env=env):
        pass


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ({"type": "aws"}, "type: expected one of openstack, k5"),
        ({"type": "k5", "auth": {"username": "u", "password": "hidden-pw"}}, "region_name"),
        ({"type": "k5", "region_name": "mars-1", "auth": {"password": "hidden-pw"}}, "k5_profile"),
        ({"type": "k5", "region_name": "uk-1", "k5_profile": "D", "auth": {"password": "hidden-pw"}}, "A, B or C"),
        ({"auth": {"password": "hidden-pw"}}, "auth_url"),
        ({"auth_type": "no-such", "auth": {"password": "hidden-pw"}}, "no-such"),
        (None, ""),
        ("x", ""),
        ({"auth": "x"}, ""),
    ],
)
def test_a_configuration_that_makes_no_sense_is_told(env: Mapping[str, str], entry: object, words: str) -> None:
    with_clouds(env, odd=entry)
    with pytest.raises(BadInput) as caught, clients.open_cloud("odd", env=env):
        pass
    assert words in str(caught.value)
    assert "hidden-pw" not in str(caught.value)


@pytest.mark.parametrize("text", ["[1]", "clouds: [1]", "clouds: x", "x", "a: [", "clouds: {1: 2}"])
def test_a_file_that_is_no_clouds_file_is_told(env: Mapping[str, str], text: str) -> None:
    Path(env["OS_CLIENT_CONFIG_FILE"]).write_text(text)
    with pytest.raises((BadInput, NotFound)), clients.open_cloud("one", env=env):
        pass


def test_all_clouds_are_listed_without_secrets(env: Mapping[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    auth = {"username": "mira", "password": "hidden-pw", "project_name": "web", "auth_url": "https://u:hidden-pw@k/v3"}
    with_clouds(env, one={"type": "k5", "region_name": "uk-1", "auth": auth}, two={"auth": auth}, odd=None)
    monkeypatch.setenv("OS_AUTH_URL", "https://env/v3")
    monkeypatch.setenv("OS_PASSWORD", "hidden-pw")
    found = {entry.name: entry for entry in clients.clouds(env)}
    assert set(found) == {"one", "two", "odd", "envvars", "imageferry"}
    assert (found["one"].kind, found["one"].region, found["one"].project) == ("k5", "uk-1", "web")
    assert found["envvars"].source == "environment"
    assert "hidden-pw" not in str(found)


def test_old_settings_become_a_cloud(env: Mapping[str, str], tmp_path: Path) -> None:
    old = tmp_path / "k5contractsettings.py"
    old.write_text("adminUser='mira'\nadminPassword='hidden-pw'\ncontract='Ab3'\nregion='uk-1'\ndefaultid='5e1c'\n")
    (entry,) = clients.import_cloud(old, env=env)
    assert (entry.name, entry.kind, entry.user, entry.project) == ("k5-uk-1", "k5", "mira", "5e1c")
    assert "hidden-pw" not in str(entry)
    assert stat.S_IMODE(Path(env["OS_CLIENT_CONFIG_FILE"]).stat().st_mode) == 0o600
    with clients.open_cloud("k5-uk-1", env=env) as cloud:
        assert cloud.kind == "k5"


KAMAKIRC = """\
; of kamaki
[global]
default_cloud = old
ignore_ssl = off
[cloud "old"]
url = https://accounts.example.org/identity/v2.0
token = hidden-token
pithos_uuid = 5e1c
[cloud "test cloud"]
url: https://test.example.org/identity
token: other-token
"""


def test_a_kamakirc_becomes_all_of_its_clouds(env: Mapping[str, str], tmp_path: Path) -> None:
    old = tmp_path / ".kamakirc"
    old.write_text(KAMAKIRC)
    found = clients.import_cloud(old, env=env)
    assert [(entry.name, entry.kind, entry.project) for entry in found] == [
        ("old", "synnefo", "5e1c"),
        ("test cloud", "synnefo", ""),
    ]
    assert "token" not in str(found)
    assert stat.S_IMODE(Path(env["OS_CLIENT_CONFIG_FILE"]).stat().st_mode) == 0o600
    with clients.open_cloud("old", env=env) as cloud:
        assert (cloud.kind, cloud.project_id) == ("synnefo", "5e1c")
    with pytest.raises(BadInput, match="keep their names"):
        clients.import_cloud(old, name="one", env=env)
    with pytest.raises(AlreadyExists):
        clients.import_cloud(old, env=env)


def test_opening_no_cloud_loads_nothing_heavy() -> None:
    code = "import imageferry.clients, imageferry.client, sys; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    heavy = {"openstack", "keystoneauth1", "requests", "sqlalchemy", "dbos", "oslo_utils"}
    assert heavy & set(done.stdout.split()) == set()
