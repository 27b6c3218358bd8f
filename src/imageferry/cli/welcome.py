"""What a person needs once the service answers: clouds.yaml, and two lines that use it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click
import yaml

from imageferry.settings import Settings

CLOUD = "imageferry"


def keep_password(settings: Settings, password: str) -> None:
    """Write the administrator's password where the service's owner finds it, before it counts."""
    auth = {
        "auth_url": "",
        "username": "admin",
        "password": password,
        "project_name": "admin",
        "user_domain_name": "Default",
        "project_domain_name": "Default",
    }
    _write(_path(settings), {"clouds": {CLOUD: {"auth": auth, "region_name": "", "identity_api_version": "3"}}})


def welcome(settings: Settings, url: str) -> None:
    """Bring clouds.yaml up to date with the service's address, and print the lines that a person needs."""
    document = _read(settings)
    if document is not None:
        document["clouds"][CLOUD]["auth"]["auth_url"] = f"{url}/v3"
        document["clouds"][CLOUD]["region_name"] = settings.regions[0].name
        _write(_path(settings), document)
    click.echo(f"imageferry answers at {url}, its data is in {settings.folder}")
    if document is not None:  # else the administrator moved it; their copy is theirs
        click.echo(f"export OS_CLIENT_CONFIG_FILE={_path(settings)} OS_CLOUD={CLOUD}")
        click.echo("imageferry push DISK")


def _path(settings: Settings) -> Path:
    return settings.folder / "clouds.yaml"


def _read(settings: Settings) -> dict[str, Any] | None:
    try:
        document: dict[str, Any] = yaml.safe_load(_path(settings).read_text())
        return document if document["clouds"][CLOUD]["auth"] else None
    except (OSError, KeyError, TypeError, yaml.YAMLError):
        return None


def _write(path: Path, document: object) -> None:
    fresh = path.with_name(path.name + ".new")
    fd = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(fd, "w") as file:
        yaml.safe_dump(document, file, sort_keys=False)
    fresh.replace(path)
