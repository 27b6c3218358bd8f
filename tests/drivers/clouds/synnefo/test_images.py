"""Images of a Synnefo cloud, and who may read an object."""

from __future__ import annotations

from pathlib import Path

import pytest

from imageferry import client
from imageferry.domain.errors import (
    BadInput,
    NotFound,
    Unsupported,
)
from imageferry.ports.cloud import Access, Cloud, ImageFilter, Registration
from tests.fake_cloud import Answer
from tests.fake_synnefo import ACCOUNT, FakeSynnefo


def an_image(fake: FakeSynnefo, cloud: Cloud, **more: object) -> str:
    fake.keep("c/a b.diskdump", b"hello")
    wanted = {"name": "Debian é", "properties": {"OS": "Linux", "ROOT_PARTITION": "1"}, **more}
    return cloud.images.registry.register(Registration(container="c", object_name="a b.diskdump", **wanted)).id  # type: ignore[arg-type]


@pytest.mark.parametrize("wrapped", [False, True])
def test_an_image_is_registered_found_read_changed_and_unregistered(
    fake: FakeSynnefo, cloud: Cloud, tmp_path: Path, wrapped: bool
) -> None:
    fake.wrapped = wrapped
    image_id = an_image(fake, cloud, public=True)
    (found,) = cloud.images.search(ImageFilter(name_like="DEB", properties={"os": "linux"}))
    assert (found.id, found.name, found.visibility, found.owner) == (image_id, "Debian é", "public", ACCOUNT)
    assert cloud.images.registry.place_of(image_id) == (ACCOUNT, "c", "a b.diskdump")
    assert client.pull_image(cloud, image_id, tmp_path / "back").path.read_bytes() == b"hello"
    changed = cloud.images.change(image_id, {"visibility": "private", "kernel": "6.1"}, ("OS",))
    assert (changed.visibility, changed.properties) == ("private", {"root_partition": "1", "kernel": "6.1"})
    assert [member.project_id for member in cloud.images.members(image_id)] == ["U2"]
    cloud.images.registry.unregister(image_id)
    with pytest.raises(NotFound):
        cloud.images.show(image_id)
    assert fake.bytes_of("c/a b.diskdump") == b"hello"


def test_registering_anew_takes_away_what_is_not_asked_for_again(fake: FakeSynnefo, cloud: Cloud) -> None:
    image_id = an_image(fake, cloud)
    again = an_image(fake, cloud, properties={"os": "BSD"})
    assert again == image_id
    assert cloud.images.show(image_id).properties == {"os": "BSD"}


def test_a_size_or_an_id_is_never_told(fake: FakeSynnefo, cloud: Cloud) -> None:
    an_image(fake, cloud)
    (asked,) = fake.made("POST", "/images")
    assert not {"x-image-meta-size", "x-image-meta-id", "x-image-meta-checksum"} & set(asked.headers)


@pytest.mark.parametrize("key", ["min_disk", "protected", "tags"])
def test_what_images_do_not_have_there_is_told(fake: FakeSynnefo, cloud: Cloud, key: str) -> None:
    image_id = an_image(fake, cloud)
    with pytest.raises(Unsupported, match="cannot keep"):
        cloud.images.change(image_id, {key: 1})


def test_an_image_that_is_at_no_place_is_an_error(fake: FakeSynnefo, cloud: Cloud, tmp_path: Path) -> None:
    image_id = an_image(fake, cloud)
    fake.instead = lambda asked, answer: Answer(
        200, b"", {"x-image-meta-id": image_id, "x-image-meta-location": "file:///etc/passwd"}
    )
    with pytest.raises(BadInput, match="location"):
        cloud.images.read(image_id)


@pytest.mark.parametrize("who", ["", "a b", "a,b", "a;write=b", "x\ny", "a%2Cb"])
def test_nobody_is_let_in_by_a_name_that_means_more(fake: FakeSynnefo, cloud: Cloud, who: str) -> None:
    fake.keep("c/o", b"hello")
    with pytest.raises(BadInput):
        cloud.objects.sharing.change("c", "o", Access(read=(who,)))
    assert fake.made("POST", "/c/o") == []
