"""What objects of a cloud can have besides their bytes, and what only some clouds can do.

A cloud either does it as the others do, or says in a sentence what to do instead, before anything has happened.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest
import requests

from imageferry.domain.errors import AlreadyExists, FerryError, NotFound, Unsupported
from imageferry.ports.cloud import Access, Cloud, Dress, ImageFilter, Objects, Registration

_ABILITIES: Mapping[str, Callable[[Cloud], Any]] = {
    "versions": lambda cloud: cloud.objects.versions,
    "sharing": lambda cloud: cloud.objects.sharing,
    "publishing": lambda cloud: cloud.objects.publishing,
    "registry": lambda cloud: cloud.images.registry,
}


def bytes_of(objects: Objects, container: str, name: str, version: str = "") -> bytes:
    with objects.read(container, name, version=version) as download:
        return b"".join(download.chunks)


class AbilitiesContract:
    """Fixtures: ``cloud``, and ``other``, the same cloud for another project."""

    abilities = frozenset(_ABILITIES)

    def needed(self, cloud: Cloud, ability: str) -> Any:
        """What the cloud has of that name; where it has none, the test ends with the proof that it says so."""
        if ability in self.abilities:
            return _ABILITIES[ability](cloud)
        with pytest.raises(Unsupported, match=rf"cloud {cloud.name} cannot [^.]+\. [A-Z].+\.$"):
            _ABILITIES[ability](cloud)
        pytest.skip(f"this cloud has no {ability}, and says so")

    def test_a_small_object_has_its_type_and_metadata(self, cloud: Cloud) -> None:
        dress = Dress(content_type="application/json", metadata={"colour": "deep blue é ☃ 100%"})
        info = cloud.objects.put_bytes(b'{"a": 1}', "small", "a b.meta", dress=dress)
        assert (info.size, info.content_type, info.metadata) == (8, dress.content_type, dress.metadata)
        assert bytes_of(cloud.objects, "small", "a b.meta") == b'{"a": 1}'
        cloud.objects.put_bytes(b"", "small", "a b.meta")
        assert cloud.objects.show("small", "a b.meta").metadata == {}

    def test_what_is_to_be_new_takes_no_place(self, cloud: Cloud) -> None:
        cloud.objects.put_bytes(b"first", "small", "once")
        with pytest.raises(AlreadyExists, match="small/once"):
            cloud.objects.put_bytes(b"second", "small", "once", only_new=True)
        assert bytes_of(cloud.objects, "small", "once") == b"first"

    def test_a_directory_is_made_once_and_takes_no_place(self, cloud: Cloud) -> None:
        for _ in range(2):
            cloud.objects.make_directory("small", "folder")
        assert cloud.objects.show("small", "folder").is_directory
        cloud.objects.put_bytes(b"file", "small", "file")
        cloud.objects.make_directory("small", "file")
        assert bytes_of(cloud.objects, "small", "file") == b"file"

    def test_old_states_are_kept_listed_and_read(self, cloud: Cloud) -> None:
        versions = self.needed(cloud, "versions")
        cloud.objects.make_container("old")
        versions.keep("old", on=True)
        assert versions.kept("old")
        for data in (b"one", b"three"):
            cloud.objects.put_bytes(data, "old", "o")
        *_, first, second = versions.of("old", "o")
        assert (first.latest, second.latest) == (False, True)
        assert cloud.objects.show("old", "o", version=first.id).size == 3
        assert bytes_of(cloud.objects, "old", "o", version=first.id) == b"one"
        versions.keep("old", on=False)
        assert not versions.kept("old")
        with pytest.raises(NotFound):
            versions.of("old", "never-there")

    def test_an_object_is_shared_and_taken_back(self, cloud: Cloud, other: Cloud) -> None:
        sharing = self.needed(cloud, "sharing")
        cloud.objects.put_bytes(b"hello", "shared", "o")
        theirs = other.objects_of(cloud.project_id)
        with pytest.raises(FerryError):
            bytes_of(theirs, "shared", "o")
        access = sharing.change("shared", "o", Access(read=(other.project_id,)))
        assert (access.read, access.write) == ((other.project_id,), ())
        assert bytes_of(theirs, "shared", "o") == b"hello"
        assert sharing.change("shared", "o", Access()) == Access()
        with pytest.raises(FerryError):
            bytes_of(theirs, "shared", "o")
        with pytest.raises(NotFound):
            sharing.change("shared", "never-there", Access(read=("*",)))

    def test_an_object_has_a_public_address_until_it_is_taken_back(self, cloud: Cloud) -> None:
        publishing = self.needed(cloud, "publishing")
        cloud.objects.put_bytes(b"hello", "public", "o")
        address = publishing.publish("public", "o")
        assert publishing.publish("public", "o") == address
        assert requests.get(address, timeout=10).content == b"hello"
        for _ in range(2):
            publishing.unpublish("public", "o")
        assert requests.get(address, timeout=10).status_code == 404

    def test_an_object_becomes_an_image_and_stays_when_that_goes(self, cloud: Cloud) -> None:
        registry = self.needed(cloud, "registry")
        cloud.objects.put_bytes(bytes(1 << 20), "images", "base.diskdump")
        wanted = Registration(
            name="Base é", container="images", object_name="base.diskdump", properties={"OS": "Linux", "kernel": "6"}
        )
        image = registry.register(wanted)
        assert registry.place_of(image.id) == (cloud.project_id, "images", "base.diskdump")
        assert image.id in [found.id for found in cloud.images.search(ImageFilter(properties={"os": "linux"}))]
        assert cloud.images.change(image.id, {"name": "Other"}, ("kernel",)).name == "Other"
        assert registry.register(wanted).id == image.id
        assert cloud.images.show(image.id).name == "Base é"
        registry.unregister(image.id)
        for act in (cloud.images.show, registry.unregister, registry.place_of):
            with pytest.raises(NotFound):
                act(image.id)
        assert cloud.objects.show("images", "base.diskdump").size == 1 << 20
        with pytest.raises(NotFound):
            registry.register(Registration(name="x", container="images", object_name="never-there"))
