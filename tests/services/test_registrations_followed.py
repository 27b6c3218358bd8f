"""An image follows its object: overwritten, deleted, expired, moved, and all of that while others register it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from sqlalchemy import event

from imageferry.domain.errors import (
    BadDisk,
    FerryError,
    Forbidden,
    NotFound,
    StatusConflict,
    Unavailable,
)
from imageferry.domain.image import DiskFormat, Status
from imageferry.domain.moment import SECOND, Moment
from imageferry.domain.registration import Filters, Standing, Wish
from imageferry.domain.versioning import Archiving, VersioningChange
from imageferry.keeper import Keeper
from imageferry.service.objects import Objects
from imageferry.service.sweeping import Sweeper
from tests.disks import mbr_disk, qcow2
from tests.services.conftest import Clock
from tests.services.registration_desk import BAD, GOOD, PLAIN, PUBLIC, Desk

# -- overwriting -----------------------------------------------------------------


def copied(desk: Desk, data: bytes) -> None:
    desk.put(data, "source")
    place = (desk.us.project, "c", "source")
    desk.objects.copy(desk.us, place, (desk.us.project, "c", "disk"), lambda _: PLAIN)


@pytest.mark.parametrize("overwrite", [Desk.put, copied])
def test_an_overwritten_object_is_the_image_again_once_it_was_judged(
    desk: Desk, overwrite: Callable[[Desk, bytes], object]
) -> None:
    image_id = desk.registered()
    desk.images.show(desk.us, image_id)
    before = desk.registrations.show(desk.us, image_id)
    other = mbr_disk(2 << 20)
    overwrite(desk, other)
    after = desk.registrations.show(desk.us, image_id)
    assert (after.id, after.size, after.status) == (image_id, len(other), "available")
    assert after.checksum != before.checksum
    assert after.created_at == before.created_at
    assert after.updated_at > before.updated_at
    assert desk.bytes_of(image_id) == other
    assert desk.images.show(desk.us, image_id).virtual_size == len(other)


@pytest.mark.parametrize("overwrite", [Desk.put, copied])
def test_what_is_no_disk_is_withheld_until_a_disk_is_there_again(
    desk: Desk, overwrite: Callable[[Desk, bytes], object]
) -> None:
    image_id = desk.registered(wish=Wish(name="x", status="mine"))
    overwrite(desk, BAD)
    shown = desk.registrations.show(desk.us, image_id)
    assert (shown.status, shown.size) == ("error", len(BAD))
    assert "JPEG" in shown.description
    assert desk.image(image_id).status is Status.DEACTIVATED
    assert desk.bytes_of(image_id, desk.admin) is None
    for caller in (desk.us, desk.admin):
        with pytest.raises(Forbidden):
            desk.images.move(caller, image_id, Status.ACTIVE)
    overwrite(desk, GOOD)
    assert desk.registrations.show(desk.us, image_id).status == "mine"
    assert desk.bytes_of(image_id) == GOOD


def test_bytes_of_another_format_are_good_once_the_format_is_said(desk: Desk) -> None:
    image_id = desk.registered()
    desk.put(qcow2())
    assert desk.registrations.show(desk.us, image_id).status == "error"
    desk.registrations.change(desk.us, image_id, Wish(disk_format="qcow2"))
    shown = desk.registrations.show(desk.us, image_id)
    assert (shown.status, shown.description) == ("available", "")
    assert desk.image(image_id).disk_format is DiskFormat.QCOW2


def test_registering_again_makes_a_refused_image_good(desk: Desk) -> None:
    image_id = desk.registered()
    desk.put(qcow2())
    assert desk.register(Wish(name="y", disk_format="qcow2")).status == "available"
    assert desk.image(image_id).status is Status.ACTIVE


def test_an_image_that_was_deactivated_stays_so(desk: Desk) -> None:
    image_id = desk.registered()
    desk.images.move(desk.us, image_id, Status.DEACTIVATED)
    desk.put(mbr_disk(2 << 20))
    assert desk.image(image_id).status is Status.DEACTIVATED
    desk.put(BAD)
    desk.put(GOOD)
    assert desk.image(image_id).status is Status.DEACTIVATED
    desk.images.move(desk.us, image_id, Status.ACTIVE)
    assert desk.bytes_of(image_id) == GOOD


def test_a_large_object_in_its_place_is_refused(desk: Desk) -> None:
    image_id = desk.registered()
    desk.put(b"", traits=replace(PLAIN, manifest="c/part"))
    assert desk.registrations.show(desk.us, image_id).status == "error"


def test_what_a_crash_left_unjudged_is_withheld_and_judged_at_the_next_start(desk: Desk) -> None:
    """The judge fails here, which is as if there had been none."""
    image_id = desk.registered()
    judging = desk.services.judging
    store = desk.house.blobs._store
    lost = store.get

    def gone(_: object) -> bytes:
        raise Unavailable("the store", reason="as a test wants it")

    store.get = gone  # type: ignore[method-assign,assignment]
    other = mbr_disk(2 << 20)
    assert desk.put(other) == image_id
    assert desk.standing(image_id) is Standing.UNJUDGED
    assert desk.bytes_of(image_id, desk.admin) is None
    assert desk.registrations.listing(desk.us, Filters())[0].status == "saving"
    judging.settle_all()
    assert desk.standing(image_id) is Standing.UNJUDGED
    store.get = lost  # type: ignore[method-assign]
    Keeper(desk.house, None)._try(judging.settle_all)  # type: ignore[arg-type]
    assert desk.standing(image_id) is Standing.GOOD
    assert desk.bytes_of(image_id) == other


def test_what_is_overwritten_while_it_is_judged_is_judged_again(desk: Desk, clock: Clock) -> None:
    """By somebody who is killed before judging it: what was judged says nothing of what is there now."""
    image_id = desk.registered()
    unsettled = Objects(desk.house.records, desk.house.blobs, clock)
    contents = [mbr_disk(2 << 20), BAD]

    def put(_: object = None) -> dict[str, str]:
        if contents:
            with unsettled.upload(desk.us, desk.us.project, "c", "disk", traits=PLAIN) as upload:
                upload.write(contents.pop(0))
                upload.commit()
        return {}

    put()
    replace(desk.services.judging, examine=put).settle(image_id)
    assert desk.standing(image_id) is Standing.REFUSED
    assert desk.bytes_of(image_id, desk.admin) is None


def test_the_next_look_judges_as_well(desk: Desk) -> None:
    image_id = desk.registered()
    with desk.house.records.writing() as session:
        found = session.registrations.get(image_id)
        assert found is not None
        session.registrations.put(replace(found, standing=Standing.UNJUDGED))
    assert desk.registrations.show(desk.us, image_id).status == "available"


def test_objects_that_are_no_images_cost_no_statement_when_they_are_new(desk: Desk) -> None:
    statements: list[str] = []

    def note(*told: object) -> None:
        statements.append(str(told[2]))

    engine = desk.house.records._engine  # type: ignore[attr-defined]
    event.listen(engine, "before_cursor_execute", note)
    for expected in (0, 1, 2):  # new, overwritten, overwritten again
        desk.put(GOOD)
        assert sum("FROM registrations" in statement for statement in statements) == expected
    event.remove(engine, "before_cursor_execute", note)


# -- deleting, expiring, versions, moving -------------------------------------------


def test_the_image_goes_with_its_object_unless_it_is_protected(desk: Desk) -> None:
    image_id = desk.registered()
    desk.images.change(desk.us, image_id, lambda image: replace(image, protected=True))
    with pytest.raises(StatusConflict, match="protected"):
        desk.delete()
    with pytest.raises(Forbidden, match="protected"):
        desk.registrations.unregister(desk.us, image_id)
    assert desk.bytes_of(image_id) == GOOD
    desk.images.change(desk.us, image_id, lambda image: replace(image, protected=False))
    desk.delete()
    with pytest.raises(NotFound):
        desk.images.show(desk.us, image_id)


def test_the_object_stays_when_the_image_is_deleted(desk: Desk) -> None:
    image_id = desk.registered()
    desk.images.delete(desk.us, image_id)
    assert desk.objects.show(desk.us, desk.us.project, "c", "disk").size == len(GOOD)
    assert desk.register().id == image_id


def test_an_image_ends_when_its_object_expires_protected_or_not(desk: Desk, clock: Clock) -> None:
    image_id = desk.registered()
    desk.images.change(desk.us, image_id, lambda image: replace(image, protected=True))
    soon = Moment(clock() + 60 * SECOND)
    desk.objects.change(desk.us, desk.us.project, "c", "disk", lambda _: replace(PLAIN, delete_at=soon))
    clock.pass_time(120)
    Sweeper(desk.house.records, desk.house.store, clock).sweep()
    with pytest.raises(NotFound):
        desk.images.show(desk.us, image_id)


@pytest.mark.parametrize(
    "keeping", [VersioningChange(enabled=True), VersioningChange(archive="old", archiving=Archiving.HISTORY)]
)
def test_where_old_states_are_kept_only_the_current_one_is_the_image(desk: Desk, keeping: VersioningChange) -> None:
    desk.objects.create_container(desk.us, desk.us.project, "old", {})
    desk.objects.create_container(desk.us, desk.us.project, "kept", {}, versioning=keeping)
    image_id = desk.put(GOOD, container="kept")
    desk.register(container="kept")
    other = mbr_disk(2 << 20)
    assert desk.put(other, container="kept") == image_id
    assert desk.bytes_of(image_id) == other
    desk.delete(container="kept")
    with pytest.raises(NotFound):
        desk.images.show(desk.us, image_id)


def test_a_version_that_is_restored_is_judged_and_is_the_image(desk: Desk) -> None:
    desk.objects.create_container(desk.us, desk.us.project, "kept", {}, versioning=VersioningChange(enabled=True))
    image_id = desk.put(GOOD, container="kept")
    desk.register(container="kept")
    first = desk.objects.show(desk.us, desk.us.project, "kept", "disk").version
    desk.put(BAD, container="kept")
    assert desk.registrations.show(desk.us, image_id).status == "error"
    desk.objects.restore(desk.us, desk.us.project, "kept", "disk", first)
    assert desk.registrations.show(desk.us, image_id).status == "available"
    assert desk.bytes_of(image_id) == GOOD


def test_what_comes_back_out_of_an_archive_is_judged_and_is_the_image(desk: Desk) -> None:
    desk.objects.create_container(desk.us, desk.us.project, "old", {})
    stack = VersioningChange(archive="old", archiving=Archiving.STACK)
    desk.objects.create_container(desk.us, desk.us.project, "kept", {}, versioning=stack)
    desk.put(GOOD, container="kept")
    image_id = desk.put(mbr_disk(2 << 20), container="kept")
    desk.register(container="kept")
    desk.delete(container="kept")
    assert desk.bytes_of(image_id) == GOOD


def test_the_location_follows_a_move_and_what_was_at_the_other_name_ends(desk: Desk) -> None:
    image_id = desk.registered(wish=PUBLIC)
    desk.registrations.add_member(desk.us, image_id, desk.them.project)
    other = desk.put(GOOD, "new name")
    desk.register(name="new name")
    here, there = ((desk.us.project, "c", name) for name in ("disk", "new name"))
    desk.objects.move(desk.us, here, there, lambda _: PLAIN)
    shown = desk.registrations.show(desk.us, image_id)
    assert shown.location == f"pithos://{desk.us.project}/c/new%20name"
    assert (shown.is_public, desk.members(image_id)) == (False, set())  # what moves is shared with nobody
    assert desk.bytes_of(image_id) == GOOD
    with pytest.raises(NotFound):
        desk.images.show(desk.us, other)


def test_who_gets_the_object_gets_the_image(desk: Desk) -> None:
    image_id = desk.registered()
    desk.objects.create_container(desk.admin, desk.them.project, "theirs", {})
    place = (desk.them.project, "theirs", "disk")
    desk.objects.move(desk.admin, (desk.us.project, "c", "disk"), place, lambda _: PLAIN)
    assert desk.image(image_id).owner == desk.them.project
    with pytest.raises(Forbidden, match="Move the object"):
        desk.images.change(desk.admin, image_id, lambda image: replace(image, owner=desk.us.project))


# -- several at once -------------------------------------------------------------------


def test_registering_and_overwriting_at_once_never_shows_unjudged_bytes(desk: Desk) -> None:
    """A good disk and a picture in turns, registered meanwhile: what can be read as an image is always the disk."""
    image_id = desk.put(GOOD)
    over = threading.Event()
    seen: list[bytes] = []

    def read() -> None:
        while not over.is_set():
            try:
                found = desk.bytes_of(image_id)
            except FerryError:
                continue
            seen.extend([] if found is None else [found])

    def register() -> None:
        for _ in range(15):
            try:
                desk.register()
            except (BadDisk, StatusConflict):
                continue

    with ThreadPoolExecutor(3) as pool:
        reading, registering = pool.submit(read), pool.submit(register)
        for _ in range(15):
            desk.put(BAD)
            desk.put(GOOD)
        registering.result()
        over.set()
        reading.result()
    assert set(seen) <= {GOOD}
    desk.register()
    assert desk.bytes_of(image_id) == GOOD


def test_registering_and_deleting_at_once_leaves_no_image_without_its_object(desk: Desk) -> None:
    for _ in range(10):
        image_id = desk.put(GOOD)
        with ThreadPoolExecutor(2) as pool:
            registering = pool.submit(desk.register)
            deleting = pool.submit(desk.delete)
        assert deleting.exception() is None
        assert registering.exception() is None or isinstance(registering.exception(), NotFound)
        with pytest.raises(NotFound):
            desk.images.show(desk.us, image_id)


def test_two_who_change_at_once_both_have_their_way(desk: Desk) -> None:
    image_id = desk.registered()

    def change(number: int) -> None:
        wish = Wish(properties={f"p{number}": [("v", False)]})
        desk.registrations.change(desk.us, image_id, wish)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(change, range(24)))
    assert len(desk.registrations.show(desk.us, image_id).properties) == 24
