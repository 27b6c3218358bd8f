"""Which images a list has, in what order, and how many: where the cloud does not see to it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from imageferry.domain.errors import NotFound
from imageferry.ports.cloud import ImageFilter, ImageInfo

ONE = ImageInfo(
    id="1",
    name="Debian Base",
    status="available",
    visibility="public",
    owner="u1",
    disk_format="diskdump",
    container_format="bare",
    size=100,
    virtual_size=None,
    min_disk=0,
    min_ram=0,
    protected=False,
    hidden=False,
    tags=(),
    digests={},
    properties={"os_family": "Linux", "users": "root admin"},
    created_at="2013-06-19",
    updated_at="2013-06-20",
)
TWO = replace(ONE, id="2", name="arch", size=None, visibility="private", created_at="2013-06-18")
THREE = replace(ONE, id="3", name="Arch", size=300, status="killed", properties={}, created_at="2014-01-01")
ALL = [ONE, TWO, THREE]


def ids(wanted: ImageFilter, **more: bool) -> str:
    return "".join(image.id for image in wanted.arranged(ALL, **more))


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (ImageFilter(), "123"),
        (ImageFilter(name="arch"), "2"),
        (ImageFilter(name_like="AR"), "23"),
        (ImageFilter(owner="u2"), ""),
        (ImageFilter(status="Available"), "12"),
        (ImageFilter(visibility="private"), "2"),
        (ImageFilter(disk_format="DISKDUMP", container_format="Bare"), "123"),
        (ImageFilter(size_min=100), "13"),
        (ImageFilter(size_max=100), "12"),
        (ImageFilter(size_min=100, size_max=100), "1"),
        (ImageFilter(properties={"OS-FAMILY": "linux"}), "12"),
        (ImageFilter(properties={"OS_FAMILY": "linux", "users": "root"}), ""),
        (ImageFilter(sort_key="size"), "213"),
        (ImageFilter(sort_key="size", descending=True), "312"),
        (ImageFilter(sort_key="name"), "321"),
        (ImageFilter(sort_key="created_at", marker="2"), "13"),
        (ImageFilter(sort_key="created_at", marker="2", limit=1), "1"),
        (ImageFilter(limit=0), ""),
        (ImageFilter(status="available", limit=1), "1"),
        (ImageFilter(marker="1", name="arch"), "2"),
    ],
)
def test_a_list_has_what_was_asked_for(wanted: ImageFilter, found: str) -> None:
    assert ids(wanted) == found


def test_what_the_cloud_has_sorted_is_left_in_its_order() -> None:
    assert ids(ImageFilter(sort_key="size", marker="9"), sort=False, mark=False) == "123"


def test_a_marker_that_is_no_image_is_not_found() -> None:
    with pytest.raises(NotFound, match="9"):
        ids(ImageFilter(marker="9"))
