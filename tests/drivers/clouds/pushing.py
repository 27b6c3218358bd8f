"""How tests push into a fake cloud."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from imageferry import client
from imageferry.client import PushResult
from imageferry.ports.cloud import Cloud
from imageferry.tools.qemu_img import QemuImg
from tests.fake_cloud import Asked

SEGMENT = 256 << 10

Open = Callable[..., Cloud]


def push(cloud: Cloud, disk: Path, **more: object) -> PushResult:
    options = {"os_type": "centos", "segment_size": SEGMENT, "wait": False, **more}
    return client.push(disk, cloud, tools=QemuImg(), **options)  # type: ignore[arg-type]


def is_part(asked: Asked, number: int = 2) -> bool:
    return asked.method == "PUT" and asked.path.endswith(f"/{number:08d}")
