"""The container image, as far as one can go without a container engine: every step it takes is run here."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.scripts import ROOT, Machine

DOCKERFILE = (ROOT / "Dockerfile").read_text()
ENTRYPOINT = ROOT / "scripts/container/entrypoint"
HEALTHY = ROOT / "scripts/container/healthy"


def _instructions() -> Iterator[tuple[str, str]]:
    """The Dockerfile's (instruction, rest), continued lines joined."""
    text = re.sub(r"^#.*\n", "", DOCKERFILE, flags=re.MULTILINE).replace("\\\n", " ")
    for line in filter(None, text.splitlines()):
        word, _, rest = line.partition(" ")
        yield word, rest.strip()


def test_every_command_of_the_image_is_one_of_our_scripts() -> None:
    commands = [rest for word, rest in _instructions() if word in {"RUN", "ENTRYPOINT"}]
    commands += [rest.partition("CMD ")[2] for word, rest in _instructions() if word == "HEALTHCHECK"]
    assert len(commands) == 5
    for command in commands:
        script = ROOT / json.loads(command)[0]
        assert script.parent == ROOT / "scripts/container"
        assert os.access(script, os.X_OK)
        assert subprocess.run(["bash", "-n", script]).returncode == 0


def test_everything_that_is_copied_exists_and_is_not_ignored() -> None:
    kept = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    for word, rest in _instructions():
        if word == "COPY":
            for source in rest.split()[:-1]:
                assert (ROOT / source).exists()
                assert source in kept or source.split("/")[0] in kept


def test_the_image_does_not_run_as_root() -> None:
    order = [word for word, _ in _instructions()]
    assert ("USER", "ferry") in list(_instructions())
    assert order.index("USER") > max(place for place, word in enumerate(order) if word == "RUN")


def test_compose_names_what_the_image_has() -> None:
    compose = yaml.safe_load((ROOT / "compose.yaml").read_text())
    data = re.search(r"IMAGEFERRY_DATA=(\S+)", DOCKERFILE)
    assert data is not None
    for name in ("imageferry", "client"):
        assert any(volume.startswith(f"data:{data[1]}") for volume in compose["services"][name]["volumes"])


def test_the_packages_are_installed_and_apt_cleans_up(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    machine.has("dpkg-query", "exit 1")
    machine.has("apt-get")
    machine.has("id", "echo 0")
    lists = tmp_path / "lists"
    lists.mkdir()
    (lists / "deb.debian.example_Packages").touch()
    done = machine.run("scripts/container/install", "packages", env={"APT_LISTS": str(lists)})
    assert done.returncode == 0, done.stderr
    assert any("install" in call and "qemu-utils" in call for call in machine.calls)
    assert not list(lists.iterdir())


def test_the_user_owns_the_data(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    machine.has("useradd")
    machine.has("install")
    done = machine.run("scripts/container/install", "user", "ferry", str(tmp_path / "data"))
    assert done.returncode == 0, done.stderr
    assert [call.split()[0] for call in machine.calls] == ["useradd", "install"]
    assert all("ferry" in call for call in machine.calls)


@pytest.mark.slow
def test_the_program_is_installed_from_what_the_image_copies(tmp_path: Path) -> None:
    """A whole installation into an environment of its own: half a minute."""
    image = tmp_path / "image"
    for word, rest in _instructions():
        if word == "COPY":
            *sources, target = rest.split()
            for source in sources:
                _copy(ROOT / source, image / target / ("" if target != "./" else source))
    done = subprocess.run([image / "scripts/container/install", "program"], capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
    shown = subprocess.run([image / "scripts/container/entrypoint", "--version"], capture_output=True, text=True)
    assert shown.returncode == 0, shown.stderr
    assert "imageferry" in shown.stdout


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    else:
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, target)


@pytest.fixture
def port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        free: int = probe.getsockname()[1]
        return free


@pytest.fixture
def here() -> None:
    if not (ROOT / ".venv/bin/imageferry").exists():
        pytest.skip("the scripts look for the program in .venv of this folder")


@pytest.mark.usefixtures("here")
def test_the_container_serves_is_healthy_and_stops_when_told(tmp_path: Path, port: int) -> None:
    env = {name: value for name, value in os.environ.items() if not name.startswith(("OS_", "IMAGEFERRY_"))}
    env |= {"IMAGEFERRY_DATA": str(tmp_path / "data"), "IMAGEFERRY_LISTEN": f"127.0.0.1:{port}"}
    assert subprocess.run([HEALTHY], env=env, capture_output=True).returncode == 1
    with (tmp_path / "log").open("wb") as log:
        container = subprocess.Popen([ENTRYPOINT, "serve"], env=env, stdout=log, stderr=log)
    try:
        deadline = time.monotonic() + 30
        while subprocess.run([HEALTHY], env=env, capture_output=True).returncode:
            assert container.poll() is None, (tmp_path / "log").read_text()
            assert time.monotonic() < deadline
            time.sleep(0.1)
        client = subprocess.run([ENTRYPOINT, "admin", "project", "list"], env=env, capture_output=True, text=True)
        assert client.returncode == 0, client.stderr
        assert "admin" in client.stdout
    finally:
        container.terminate()
        code = container.wait(30)
    assert code == 0


@pytest.mark.usefixtures("here")
def test_a_volume_that_cannot_be_written_is_told_with_the_cure(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    env = {**os.environ, "IMAGEFERRY_DATA": str(tmp_path / "file" / "data")}
    done = subprocess.run([ENTRYPOINT], env=env, capture_output=True, text=True, timeout=20)
    assert done.returncode == 1
    assert "chown" in done.stderr
