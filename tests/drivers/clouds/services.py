"""A running service with two projects, and clouds that are opened on it."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from pathlib import Path

import yaml

from imageferry.clouds.config import open_configured
from imageferry.ports.cloud import Cloud
from tests.running import RunningService

PASSWORD = "s3cret-of-mira-é"
OTHER_PASSWORD = "s3cret-of-noor"
SECRETS = [PASSWORD, base64.b64encode(PASSWORD.encode()).decode(), OTHER_PASSWORD]


def start(folder: Path, region: str, profile: str = "B", *, strict: bool = False) -> RunningService:
    """A service with the users mira and noor, each with a project of the same name."""
    config = folder / "settings.toml"
    config.write_text(f'[[regions]]\nname = "{region}"\nprofile = "{profile}"\nstrict = {str(strict).lower()}\n')
    service = RunningService(data=folder / "data", config=config).start()
    service.add_user("mira", "mira", password=PASSWORD)
    service.add_user("noor", "noor", password=OTHER_PASSWORD)
    return service


def opened(service: RunningService, folder: Path, user: str, password: str, more: Mapping[str, object]) -> Cloud:
    entry = {
        "auth": {
            "auth_url": f"{service.url}/v3",
            "username": user,
            "password": password,
            "project_name": user,
            "user_domain_name": "Default",
            "project_domain_name": "Default",
        },
        **more,
    }
    file = folder / f"clouds-{user}.yaml"
    file.write_text(yaml.safe_dump({"clouds": {"here": entry}}))
    return open_configured("here", file=file)
