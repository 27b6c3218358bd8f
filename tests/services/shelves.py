"""Containers with little said, for tests of what becomes of objects."""

from __future__ import annotations

from imageferry.domain.access import Caller, ProjectId
from imageferry.domain.object import StoredObject
from imageferry.domain.versioning import VersionId, VersioningChange
from imageferry.service.objects import Objects, Traits

PLAIN = Traits(metadata={}, headers={})
P = ProjectId("p")
KEEPING = VersioningChange(enabled=True)


def as_it_is(item: StoredObject) -> Traits:
    """The traits that an object has."""
    return Traits(
        content_type=item.content_type,
        metadata=item.metadata,
        headers=item.headers,
        manifest=item.manifest,
        delete_at=item.delete_at,
    )


class Account:
    """The containers of project "p": "kept" keeps versions, "plain" does not."""

    def __init__(self, objects: Objects, caller: Caller) -> None:
        self.objects = objects
        self.caller = caller
        objects.create_container(caller, P, "kept", {}, versioning=KEEPING)
        objects.create_container(caller, P, "plain", {})

    def put(self, container: str, name: str, data: bytes, traits: Traits = PLAIN) -> StoredObject:
        with self.objects.upload(self.caller, P, container, name, traits=traits) as upload:
            upload.write(data)
            return upload.commit()

    def show(self, container: str, name: str) -> StoredObject:
        return self.objects.show(self.caller, P, container, name, with_md5=False)

    def read(self, container: str, name: str, version: VersionId | None = None) -> bytes:
        opened = self.objects.open(self.caller, P, container, name, version=version, with_md5=False)
        return b"".join(self.objects.read(opened))

    def numbers(self, container: str, name: str) -> list[VersionId]:
        return [number for number, _ in self.objects.numbers(self.caller, P, container, name)]

    def names(self, container: str) -> list[str]:
        return self.objects.names_below(self.caller, P, container, "")

    def used(self, container: str) -> tuple[int, int]:
        found = self.objects.container(self.caller, P, container)
        return found.object_count, found.bytes_used
