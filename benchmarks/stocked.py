"""Services with many images in them, made without asking for each over the API.

Ours through our own port of the records, Glance by INSERT into its SQLite database: there is no other way to have
100,000 in a time that one likes to wait. Both get the same: three properties, a tag, digests, bytes to download.
"""

from __future__ import annotations

import json
import os
import sqlite3
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from tests.running import RunningService

from benchmarks import sides
from benchmarks.sides import Side
from benchmarks.wire import in_processes
from imageferry.bootstrap import open_records
from imageferry.domain.image import Image, ImageId
from imageferry.domain.moment import Moment
from imageferry.settings import read_settings

_PROPERTIES = {"os_distro": "debian", "os_version": "12", "hw_disk_bus": "virtio"}
_PAGE = 5_000

# Glance's tables: a further image like the first one, and the end of all of a project.
_COPY = [
    """
    INSERT INTO images
    SELECT :key, :name, size, status, datetime(created_at, :back), updated_at, deleted_at, deleted, disk_format,
        container_format, checksum, owner, min_disk, min_ram, protected, virtual_size, visibility, os_hidden,
        os_hash_algo, os_hash_value
    FROM images WHERE id = :first
    """,
    """
    INSERT INTO image_properties (image_id, name, value, created_at, updated_at, deleted)
    SELECT :key, name, value, created_at, updated_at, deleted FROM image_properties WHERE image_id = :first
    """,
    """
    INSERT INTO image_tags (image_id, value, created_at, updated_at, deleted)
    SELECT :key, value, created_at, updated_at, deleted FROM image_tags WHERE image_id = :first
    """,
    """
    INSERT INTO image_locations (image_id, value, created_at, updated_at, deleted, meta_data, status)
    SELECT :key, value, created_at, updated_at, deleted, meta_data, status FROM image_locations
    WHERE image_id = :first
    """,
]
_END = [
    "DELETE FROM image_properties WHERE image_id IN (SELECT id FROM images WHERE owner = ?)",
    "DELETE FROM image_tags WHERE image_id IN (SELECT id FROM images WHERE owner = ?)",
    "DELETE FROM image_locations WHERE image_id IN (SELECT id FROM images WHERE owner = ?)",
    "DELETE FROM images WHERE owner = ?",
]


def ours(service: RunningService, source: Path, images: int) -> Side:
    """A member of a project with so many images, who has a container "bench"."""
    service.add_user("bench", "bench")
    auth = service.cloud["auth"] | {"username": "bench", "password": "pw", "project_name": "bench"}
    assert service.process is not None
    side = sides.log_in("ours", auth, [service.process.pid])
    key = _first_image(side, source)
    records = open_records(read_settings({}, overrides={"data": str(service.data)}))
    try:
        with records.reading() as session:
            first = session.images.get(key)
            assert first is not None
        for start in range(1, images, _PAGE):
            with records.writing() as session:
                for number in range(start, min(start + _PAGE, images)):
                    session.images.add(_like(first, number))
    finally:
        records.close()
    return side


def _like(first: Image, number: int) -> Image:
    moment = Moment(first.created_at - number)
    name = f"image-{number:06}"
    return replace(first, id=ImageId(str(uuid.uuid4())), name=name, created_at=moment, updated_at=moment)


@contextmanager
def peers(folder: Path, source: Path, images: int) -> Iterator[Side]:
    """The same at the real services, in a project that is gone afterwards."""
    admin = sides.peers(folder, "peer-admin")
    name, password = f"bench-{os.urandom(4).hex()}", os.urandom(12).hex()
    with _project(folder, admin, name, password) as side:
        key = _first_image(side, source)
        database = sqlite3.connect(folder / "var" / "glance" / "glance.db", timeout=60)
        try:
            with database:
                _fill(database, key, images)
            yield side
            _empty(side)
        finally:
            side.ask("DELETE", f"/images/{key}", images=True)  # and the one file that all of them point to
            with database:
                for statement in _END:
                    database.execute(statement, (side.project,))
            database.close()


@contextmanager
def _project(folder: Path, admin: Side, name: str, password: str) -> Iterator[Side]:
    auth = sides.cloud_auth(folder, "peer-admin")
    project = sides.identity(auth, admin, "POST", "/projects", {"project": {"name": name}})["project"]["id"]
    user = sides.identity(auth, admin, "POST", "/users", {"user": {"name": name, "password": password}})["user"]["id"]
    try:
        roles = sides.identity(auth, admin, "GET", "/roles?name=member")["roles"]
        sides.identity(auth, admin, "PUT", f"/projects/{project}/users/{user}/roles/{roles[0]['id']}")
        member = auth | {"username": name, "password": password, "project_name": name}
        yield sides.log_in("real", member, admin.roots)
    finally:
        sides.identity(auth, admin, "DELETE", f"/users/{user}")
        sides.identity(auth, admin, "DELETE", f"/projects/{project}")


def _first_image(side: Side, source: Path) -> ImageId:
    """An image as people make them, which the others are copies of; and the container."""
    side.ask("PUT", "/bench")
    asked = {"name": "image-000000", "disk_format": "raw", "container_format": "bare", "tags": ["bench"]} | _PROPERTIES
    key = json.loads(side.ask("POST", "/images", asked, images=True))["id"]
    in_processes([["put", side.image_address, f"{side.image_path}/v2/images/{key}/file", side.token, str(source)]])
    return ImageId(key)


def _fill(database: sqlite3.Connection, key: str, images: int) -> None:
    for number in range(1, images):
        one = {"key": str(uuid.uuid4()), "name": f"image-{number:06}", "first": key, "back": f"-{number / 1e3} seconds"}
        for statement in _COPY:
            database.execute(statement, one)


def _empty(side: Side) -> None:
    """What the measuring left in the object storage."""
    while names := side.ask("GET", "/bench").decode().splitlines():
        side.ask("POST", "?bulk-delete", "\n".join(f"/bench/{name}" for name in names).encode())
    side.ask("DELETE", "/bench")
