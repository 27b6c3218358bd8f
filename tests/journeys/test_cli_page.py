"""docs/cli.md: every example does what the page says, and every command has one."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
import yaml

from imageferry.cli.main import cli
from tests.running import RunningService

PAGE = Path(__file__).parents[2] / "docs" / "cli.md"
ENDS_WITH = re.compile(r"\s+# ends with (\d+)$")


def _examples() -> list[str]:
    blocks = re.findall(r"^```console\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    return [line.removeprefix("$ ") for block in blocks for line in block.splitlines() if line.startswith("$ ")]


def _commands(group: click.Group = cli, path: str = "imageferry") -> Iterator[str]:
    ctx = click.Context(group)
    for name in group.list_commands(ctx):
        command = group.get_command(ctx, name)
        if isinstance(command, click.Group):
            yield from _commands(command, f"{path} {name}")
        else:
            yield f"{path} {name}"


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[dict[str, str]]:
    """A folder with the page's files and clouds; what a shell needs to find them and the program."""
    service = RunningService(data=tmp_path / "data").start()
    names = ("mira-of-the-page", "friend")
    projects = {name: service.add_user(name, name) for name in names}
    _write_clouds(tmp_path / "clouds.yaml", service.url, names)
    _write_files(tmp_path)
    program = tmp_path / "bin" / "imageferry"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m imageferry.cli.main "$@"\n')
    program.chmod(0o755)
    env = {name: value for name, value in os.environ.items() if not name.startswith(("OS_", "IMAGEFERRY_"))}
    yield env | {
        "PATH": f"{program.parent}:{env['PATH']}",
        "OS_CLOUD": "mycloud",
        "OS_CLIENT_CONFIG_FILE": str(tmp_path / "clouds.yaml"),
        "IMAGEFERRY_DATA": str(service.data),
        "PROJECT": projects["mira-of-the-page"],
        "FRIEND": projects["friend"],
    }
    service.stop()


def _write_clouds(path: Path, url: str, names: tuple[str, str]) -> None:
    def entry(name: str, **more: str) -> dict[str, object]:
        auth = {"auth_url": f"{url}/v3", "username": name, "password": "pw", "project_name": name}
        domains = {"user_domain_name": "Default", "project_domain_name": "Default"}
        return {"auth": auth | domains, "region_name": "RegionOne", **more}

    owner, friend = names
    k5 = entry(owner, type="k5", k5_profile="B", contract="Default")
    path.write_text(yaml.safe_dump({"clouds": {"mycloud": entry(owner), "friend": entry(friend), "k5": k5}}))


def _write_files(folder: Path) -> None:
    raw = folder / "raw"
    raw.write_bytes(b"\0" * 510 + b"\x55\xaa" + os.urandom(1 << 20))
    os.truncate(raw, 32 << 20)
    subprocess.run(["qemu-img", "convert", "-O", "qcow2", "-f", "raw", raw, folder / "web.qcow2"], check=True)
    (folder / "photo.jpg").write_bytes(bytes.fromhex("ffd8ffe000104a46494600010100000100010000") + bytes(5000))
    (folder / "data.raw").write_bytes(os.urandom(1 << 20))
    (folder / "web.meta").write_text(
        '{"disk-format": "qcow2", "properties": {"OSFAMILY": "linux", "ROOT_PARTITION": 1}}'
    )
    (folder / "broken.meta").write_text('{"properties": {"OS" "linux"}}')
    (folder / "disks").mkdir()
    for name in ("one.qcow2", "two.qcow2"):
        (folder / "disks" / name).symlink_to(folder / "web.qcow2")
    (folder / "photos" / "empty").mkdir(parents=True)
    (folder / "photos" / "one.txt").write_text("a photo")
    (folder / "k5contractsettings.py").write_text(
        "region = 'uk-1'\ncontract = 'Ab3dEfgh'\nadminUser = 'mira'\nadminPassword = 'pw'\ndefaultProject = 'web'\n"
    )


def test_every_example_ends_as_the_page_says(shell: dict[str, str], tmp_path: Path) -> None:
    examples = _examples()
    assert len(examples) > 40
    for example in examples:
        found = ENDS_WITH.search(example)
        done = subprocess.run(
            ["bash", "-o", "pipefail", "-c", example],
            cwd=tmp_path,
            env=shell,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == (int(found[1]) if found else 0), f"{example}\n{done.stdout}\n{done.stderr}"
    assert (tmp_path / "copy.qcow2").read_bytes() == (tmp_path / "web.qcow2").read_bytes()
    assert (tmp_path / "back.qcow2").read_bytes() == (tmp_path / "web.qcow2").read_bytes()


def test_every_command_has_an_example() -> None:
    text = PAGE.read_text()
    shown = re.findall(r"^(?:\$ (?:echo .* \| )?)?(imageferry .*)$", text, re.MULTILINE)
    missing = [command for command in _commands() if not any(f"{line} ".startswith(f"{command} ") for line in shown)]
    assert not missing
