"""What a person needs once the service answers: clouds.yaml, and two lines that use it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click
import yaml

from imageferry.settings import Settings

CLOUD = "imageferry"


def welcome(settings: Settings, url: str, password: str | None) -> None:
    """Write or refresh clouds.yaml, and print the two lines."""
    path = settings.folder / "clouds.yaml"
    cloud = _entry(path, password)
    if cloud is not None:
        cloud["auth"]["auth_url"] = f"{url}/v3"
        cloud["region_name"] = settings.regions[0].name
        _write(path, {"clouds": {CLOUD: cloud}})
    click.echo(f"imageferry answers at {url}, its data is in {settings.folder}")
    if cloud is not None:
        click.echo(f"export OS_CLIENT_CONFIG_FILE={path} OS_CLOUD={CLOUD}")
        click.echo("imageferry push DISK")


def _entry(path: Path, password: str | None) -> dict[str, Any] | None:
    if password is not None:
        return {
            "auth": {
                "auth_url": "",
                "username": "admin",
                "password": password,
                "project_name": "admin",
                "user_domain_name": "Default",
                "project_domain_name": "Default",
            },
            "region_name": "",
            "identity_api_version": "3",
        }
    try:
        entry: dict[str, Any] = yaml.safe_load(path.read_text())["clouds"][CLOUD]
    except (OSError, KeyError, TypeError, yaml.YAMLError):
        return None  # the administrator moved it; their copy is theirs
    return entry


def _write(path: Path, document: object) -> None:
    fresh = path.with_name(path.name + ".new")
    fd = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(fd, "w") as file:
        yaml.safe_dump(document, file, sort_keys=False)
    fresh.replace(path)
