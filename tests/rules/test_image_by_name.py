"""Which image is meant by a name that several have."""

from __future__ import annotations

import pytest

from imageferry.clouds.by_name import by_name_or_id
from imageferry.clouds.glance_words import image_info
from imageferry.domain.errors import BadInput, NotFound
from imageferry.ports.cloud import ImageFilter, ImageInfo

IMAGES = [
    image_info({"id": image_id, "name": name, "owner": owner})
    for image_id, name, owner in [
        ("1", "debian", "ours"),
        ("2", "debian", "theirs"),
        ("3", "debian", "others"),
        ("4", "web", "ours"),
        ("5", "web", "ours"),
        ("6", "web", "theirs"),
        ("7", "ubuntu", "theirs"),
        ("8", "fedora", "theirs"),
        ("9", "fedora", "others"),
        ("fedora", "an id that others have for a name", "theirs"),
    ]
]


def meant(wanted: str) -> str:
    def by_id(wanted: str) -> ImageInfo:
        for image in IMAGES:
            if image.id == wanted:
                return image
        raise NotFound("image", wanted)

    def search(asked: ImageFilter) -> list[ImageInfo]:
        return [image for image in IMAGES if image.name == asked.name]

    return by_name_or_id(wanted, by_id, search, lambda: "ours").id


@pytest.mark.parametrize(
    ("wanted", "found"), [("2", "2"), ("debian", "1"), ("ubuntu", "7"), ("fedora", "fedora")], ids=str
)
def test_an_id_goes_before_a_name_and_ones_own_before_that_of_others(wanted: str, found: str) -> None:
    assert meant(wanted) == found


def test_a_name_that_two_of_ones_own_have_is_refused_with_their_ids() -> None:
    with pytest.raises(BadInput, match="3 images have that name") as caught:
        meant("web")
    assert "4, 5" in str(caught.value)


def test_what_nobody_has_is_not_found() -> None:
    for wanted in ("", "suse"):
        with pytest.raises(NotFound):
            meant(wanted)
