"""Objects that are images: registered, changed, unregistered, judged, scanned."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from imageferry.domain.access import Role
from imageferry.domain.errors import (
    AlreadyExists,
    BadDisk,
    BadInput,
    Forbidden,
    Infected,
    NotFound,
    OverLimit,
    TooLarge,
    Unavailable,
)
from imageferry.domain.image import DiskFormat, Image, ImageId, Status
from imageferry.domain.image_quota import Resource
from imageferry.domain.pipeline import Door
from imageferry.domain.registration import Filters, Standing, Wish
from imageferry.service.converting.request import ConvertRequest
from imageferry.service.importing.own import Candidate
from imageferry.service.plans import Course
from imageferry.service.registrations.examining import Examination
from imageferry.service.turnstile import Turnstile
from tests.disks import mbr_disk, qcow2
from tests.scanners import yara_rules
from tests.services.registration_desk import BAD, GOOD, NAME, PLAIN, Desk

# -- registering -----------------------------------------------------------------


def test_an_image_is_the_object_and_no_byte_is_read_for_its_digests(desk: Desk) -> None:
    image_id = desk.registered()
    assert image_id == desk.put(GOOD)
    image = desk.image(image_id)
    assert (image.status, image.size, image.virtual_size, image.hash_value) == (
        Status.ACTIVE,
        len(GOOD),
        len(GOOD),
        None,
    )
    assert desk.bytes_of(image_id) == GOOD
    told = desk.images.show(desk.us, image_id)
    assert (len(told.checksum or ""), len(told.hash_value or "")) == (32, 128)
    assert desk.image(image_id).hash_value == told.hash_value


@pytest.mark.parametrize("data", [b"hello", bytes(4096), GOOD, b"\x01\x02\xfe" * 100])
@pytest.mark.parametrize("word", ["diskdump", "extdump", "ntfsdump"])
def test_any_dump_that_is_nothing_else_is_taken(desk: Desk, word: str, data: bytes) -> None:
    desk.put(data)
    assert desk.register(Wish(name="x", disk_format=word)).disk_format == word


@pytest.mark.parametrize(
    ("word", "data", "found"),
    [
        ("diskdump", BAD, "JPEG"),
        ("diskdump", qcow2(), "qcow2"),
        ("extdump", b"<!doctype html><p>404", "web page"),
        ("diskdump", b"", "empty"),
        ("raw", b"hello", "text"),
        ("qcow2", GOOD, "raw disk"),
        ("qcow2", qcow2(backing="/etc/passwd"), "backing file"),
        ("iso", b"hello", "text"),
    ],
)
def test_what_it_is_not_is_refused_with_the_reason_and_nothing_is_registered(
    desk: Desk, word: str, data: bytes, found: str
) -> None:
    image_id = desk.put(data)
    with pytest.raises(BadDisk, match=found):
        desk.register(Wish(name="x", disk_format=word))
    with pytest.raises(NotFound):
        desk.registrations.show(desk.us, image_id)
    assert desk.registrations.listing(desk.us, Filters()) == []


def test_what_is_in_another_container_is_not_looked_at(desk: Desk) -> None:
    desk.put(BAD)
    shown = desk.register(Wish(name="x", container_format="ovf"))
    assert desk.image(shown.id).virtual_size is None


def test_an_object_without_bytes_of_its_own_is_refused(desk: Desk) -> None:
    desk.put(GOOD, "part")
    desk.put(b"", traits=replace(PLAIN, manifest="c/part"))
    with pytest.raises(BadInput, match="copy it"):
        desk.register()


def test_who_does_not_own_the_object_does_not_register_it(desk: Desk) -> None:
    image_id = desk.put(GOOD)
    desk.share(desk.them.project)
    for caller in (desk.them, desk.caller("ours", Role.READER)):
        with pytest.raises(Forbidden):
            desk.registrations.register(caller, desk.location(), NAME)
    assert desk.registrations.register(desk.admin, desk.location(), NAME).owner == desk.us.project
    assert desk.image(image_id).owner == desk.us.project


def test_nobody_can_take_the_id_of_an_object_away(desk: Desk) -> None:
    image_id = desk.put(GOOD)
    with pytest.raises(AlreadyExists):
        desk.images.create(
            desk.them, lambda project, now: Image(id=image_id, owner=project, created_at=now, updated_at=now)
        )
    desk.register()


def test_the_id_is_the_same_after_unregistering_and_for_nobody_else(desk: Desk) -> None:
    image_id = desk.registered(wish=Wish(name="x", properties={"os": [("Linux", False)]}))
    desk.registrations.unregister(desk.us, image_id)
    with pytest.raises(NotFound):
        desk.registrations.unregister(desk.us, image_id)
    shown = desk.register()
    assert (shown.id, shown.properties) == (image_id, {})
    desk.registrations.unregister(desk.us, image_id)
    desk.delete()
    with pytest.raises(AlreadyExists):
        desk.images.create(
            desk.us, lambda project, now: Image(id=image_id, owner=project, created_at=now, updated_at=now)
        )


def test_images_made_elsewhere_lose_no_bytes_by_being_unregistered(desk: Desk) -> None:
    made = desk.images.create(
        desk.us, lambda project, now: Image(id=ImageId("1" * 8), owner=project, created_at=now, updated_at=now)
    )
    with pytest.raises(Forbidden, match="bytes"):
        desk.registrations.unregister(desk.us, made.id)
    changed = desk.registrations.change(desk.us, made.id, Wish(name="y", status="saving", public=True))
    assert (changed.name, changed.is_public) == ("y", True)
    for wish in (Wish(status="mine"), Wish(disk_format="qcow2"), Wish(container_format="ovf")):
        with pytest.raises(BadInput):
            desk.registrations.change(desk.us, made.id, wish)


def test_images_are_counted_once_however_often_they_are_registered(desk: Desk) -> None:
    desk.services.image_quotas.set_limit(desk.us.project, Resource.IMAGES, 1)
    desk.registered()
    desk.register()
    desk.put(GOOD, "another")
    with pytest.raises(OverLimit):
        desk.register(name="another")


def test_a_larger_object_than_an_image_may_be_is_refused(build: Callable[..., Desk]) -> None:
    desk = build()
    desk.put(bytes(33 << 20))
    with pytest.raises(TooLarge):
        desk.register()


def test_another_disk_format_is_only_set_for_bytes_that_are_one(desk: Desk) -> None:
    image_id = desk.registered(qcow2(), Wish(name="x", disk_format="qcow2", status="mine"))
    with pytest.raises(BadDisk):
        desk.registrations.change(desk.us, image_id, Wish(disk_format="diskdump", name="y"))
    assert desk.registrations.show(desk.us, image_id).name == "x"
    changed = desk.registrations.change(desk.us, image_id, Wish(container_format="ovf"))
    assert (changed.container_format, changed.status) == ("ovf", "mine")


# -- scanners ----------------------------------------------------------------------------


def test_scanners_see_what_is_registered(build: Callable[..., Desk], tmp_path: Path) -> None:
    from tests.file_systems import EICAR

    desk = build(scan_yara=str(yara_rules(tmp_path / "rules")))
    infected = mbr_disk(1 << 20)[: 1 << 19] + EICAR + bytes((1 << 19) - len(EICAR))
    image_id = desk.put(infected)
    with pytest.raises(Infected, match="FerryTest"):
        desk.register()
    with pytest.raises(NotFound):
        desk.images.show(desk.us, image_id)
    desk.put(GOOD)
    desk.register()
    desk.put(infected)
    for _ in range(600):
        if desk.standing(image_id) is not Standing.UNJUDGED:
            break
        threading.Event().wait(0.05)
    assert desk.registrations.show(desk.us, image_id).status == "error"
    assert desk.bytes_of(image_id, desk.admin) is None
    assert not list((tmp_path / "data" / "work").glob("registered-*"))


def test_what_a_scanner_cannot_look_at_is_no_image(build: Callable[..., Desk]) -> None:
    desk = build(scan_clamav="127.0.0.1:1")
    image_id = desk.put(GOOD)
    with pytest.raises(Unavailable):
        desk.register()
    with pytest.raises(NotFound):
        desk.images.show(desk.us, image_id)


def test_no_more_disks_are_scanned_at_once_than_leave_room_for_other_requests(tmp_path: Path) -> None:
    def never(_: Course, __: Candidate) -> dict[str, str]:
        raise AssertionError("it must not come so far")

    full = Turnstile("the work", at_once=1, waiting=0, wait_s=0.05)
    candidate = Candidate(door=Door.PLANKTON, image={}, name="a disk", format=None, sections=(), source={})
    examination = Examination(looks={"never": never}, folder=tmp_path, turnstile=full)
    with full.turn(), pytest.raises(Unavailable, match="others are before"):
        examination(candidate)
    assert list(tmp_path.iterdir()) == []


# -- conversions -------------------------------------------------------------------------


def test_the_disk_of_an_object_is_not_replaced_behind_its_back(desk: Desk) -> None:
    image_id = desk.registered()
    request = ConvertRequest(image_id=image_id, to=DiskFormat.QCOW2, replace=True)
    with pytest.raises(Forbidden, match="an object"):
        desk.services.conversions.convert(desk.us, "test", request)
    desk.services.conversions.convert(desk.us, "test", replace(request, replace=False))
