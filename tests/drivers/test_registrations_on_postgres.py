"""Objects registered, overwritten, shared, changed and deleted on PostgreSQL by several at once."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from imageferry import bootstrap
from imageferry.domain.errors import AccessDenied, BadDisk, Conflict, FerryError, NotFound
from imageferry.domain.image import Visibility
from imageferry.domain.registration import Filters, Wish
from imageferry.settings import Secret, Settings
from tests.contracts.records_things import run_at_once
from tests.services.registration_desk import BAD, GOOD, PUBLIC, Desk

EXPECTED = (NotFound, BadDisk, Conflict, AccessDenied)


@pytest.fixture
def desk(tmp_path: Path, postgres_url: str) -> Iterator[Desk]:
    house = bootstrap.build(Settings(data=str(tmp_path / "data"), store="memory", database_url=Secret(postgres_url)))
    house.services.admin.first_start("pw", lambda _: None)
    yield Desk(house)
    house.close()


def test_those_who_work_on_one_object_do_not_wait_for_each_other_for_ever(desk: Desk) -> None:
    image_id = desk.put(GOOD)
    read: set[bytes | None] = set()
    strange: list[FerryError] = []
    deeds = [
        lambda: desk.put(GOOD),
        lambda: desk.put(BAD),
        desk.delete,
        lambda: desk.register(PUBLIC),
        desk.register,
        lambda: desk.share(desk.them.project),
        lambda: desk.registrations.change(desk.us, image_id, Wish(public=True, properties={"a": [("b", False)]})),
        lambda: desk.registrations.replace_members(desk.us, image_id, ["theirs", "others"]),
        lambda: desk.images.remove_member(desk.us, image_id, "theirs"),
        lambda: desk.images.change(desk.us, image_id, lambda image: replace(image, visibility=Visibility.PRIVATE)),
        lambda: desk.registrations.unregister(desk.us, image_id),
        lambda: desk.registrations.listing(desk.them, Filters()),
        lambda: read.add(desk.bytes_of(image_id)),
    ]

    def work(number: int) -> None:
        nonlocal image_id
        order = random.Random(number)
        for _ in range(40):
            try:
                order.choice(deeds)()
            except EXPECTED:
                if number == 0:
                    image_id = desk.put(GOOD)
            except FerryError as error:
                strange.append(error)

    run_at_once(work, 6)
    assert strange == []
    assert read <= {GOOD, None}
    image_id = desk.put(GOOD)
    assert desk.register(PUBLIC).id == image_id
    assert desk.bytes_of(image_id, desk.them) == GOOD
    assert desk.may_read(desk.them)


def test_a_list_of_registered_images_is_the_same_there(desk: Desk) -> None:
    for number, name in enumerate(["é", "E", "z", "\U0001f600"]):
        desk.put(GOOD, f"disk {number}")
        desk.register(Wish(name=name, status=""), name=f"disk {number}")
    found = desk.registrations.listing(desk.us, Filters(sort_key="name", descending=False))
    assert [row.name for row in found] == ["E", "z", "é", "\U0001f600"]
