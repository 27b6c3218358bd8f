"""The records contract: images that are objects."""

from __future__ import annotations

from dataclasses import replace

import pytest

from imageferry.domain.errors import AlreadyExists, NotFound
from imageferry.domain.image import ImageId, Status
from imageferry.domain.image_quota import Resource
from imageferry.domain.object import ObjectId, StoredObject
from imageferry.domain.registration import Place, Registered, Registration, Standing
from imageferry.ports.records import Records, Session
from tests.contracts.records_things import OURS, START, UGLY_NAMES, a_blob, a_container, an_image, an_object, at

NO_IMAGE = ImageId("no such image")


def registered(session: Session, item: StoredObject, **fields: object) -> Registration:
    """The object as an image."""
    image = an_image(id=ImageId(item.id), status=Status.ACTIVE, blob_id=item.blob_id)
    session.images.add(image)
    registration = replace(Registration(image_id=image.id), **fields)  # type: ignore[arg-type]
    session.registrations.put(registration)
    return registration


class RegistrationsContract:
    def test_a_registration_is_kept_as_it_was_given_and_the_next_takes_its_place(self, records: Records) -> None:
        with records.writing() as session:
            item = session.objects.put_object(an_object(a_container(session), "disk", a_blob(session)))
            first = registered(session, item, status="é 😀")
        with records.writing() as session:
            assert session.registrations.get(first.image_id) == first
            second = Registration(
                image_id=first.image_id,
                status="",
                disk_format="ntfsdump",
                container_format="ovf",
                standing=Standing.REFUSED,
                reason="why",
                resumes=Status.DEACTIVATED,
            )
            session.registrations.put(second)
        with records.reading() as session:
            assert session.registrations.get(first.image_id) == second
            assert session.registrations.get(NO_IMAGE) is None

    def test_a_registration_is_of_an_image_and_goes_with_it(self, records: Records) -> None:
        with records.writing() as session:
            with pytest.raises(NotFound):
                session.registrations.put(Registration(image_id=NO_IMAGE))
            item = session.objects.put_object(an_object(a_container(session), "disk", a_blob(session)))
            image_id = registered(session, item).image_id
            session.images.delete(image_id, START)
            assert session.registrations.get(image_id) is None
            assert session.registrations.registered([image_id]) == {}

    def test_where_the_objects_are_is_told_for_all_at_once(self, records: Records) -> None:
        with records.writing() as session:
            places = {}
            for name in ["plain", *UGLY_NAMES]:
                container = a_container(session, f"c of {name}".replace("/", "-"))
                item = session.objects.put_object(an_object(container, name, a_blob(session), created_at=at(7)))
                registration = registered(session, item)
                place = Place(OURS, container.name, name)
                places[registration.image_id] = Registered(
                    registration=registration, place=place, blob_id=item.blob_id, created_at=at(7)
                )
            session.objects.put_object(an_object(container, "no image", a_blob(session)))
        with records.reading() as session:
            assert session.registrations.registered([*places, NO_IMAGE]) == places
            assert session.registrations.registered([]) == {}

    def test_an_object_is_found_by_its_id(self, records: Records) -> None:
        with records.writing() as session:
            container = a_container(session)
            item = session.objects.put_object(an_object(container, "a/b", a_blob(session)))
        with records.reading() as session:
            assert session.registrations.object(ImageId(item.id)) == (Place(OURS, container.name, "a/b"), item)
            assert session.registrations.object(NO_IMAGE) is None

    def test_those_that_wait_to_be_judged_are_found(self, records: Records) -> None:
        with records.writing() as session:
            container = a_container(session)
            waiting = []
            for number, standing in enumerate([*Standing, Standing.UNJUDGED]):
                item = session.objects.put_object(an_object(container, f"disk {number}", a_blob(session)))
                registration = registered(session, item, standing=standing)
                waiting += [registration.image_id] if standing is Standing.UNJUDGED else []
            assert sorted(session.registrations.left_unjudged) == sorted(waiting)
        with records.reading() as session:
            assert session.registrations.unjudged(limit=10) == sorted(waiting)
            assert session.registrations.unjudged(limit=1) == sorted(waiting)[:1]
            assert not session.registrations.left_unjudged

    def test_images_are_found_by_the_beginning_of_their_objects_names(self, records: Records) -> None:
        with records.writing() as session:
            container, other = a_container(session), a_container(session, "other")
            made = {}
            for place, name in [(container, name) for name in ("a", "a/b", "a/c/d", "a0", "b")] + [(other, "a/b")]:
                item = session.objects.put_object(an_object(place, name, a_blob(session)))
                made[place.name, name] = registered(session, item).image_id
            session.objects.put_object(an_object(container, "a/no image", a_blob(session)))
        with records.reading() as session:
            below = session.registrations.below(container.id, "a/")
            assert below == [made["container", "a/b"], made["container", "a/c/d"]]
            assert len(session.registrations.below(container.id, "")) == 5

    def test_an_object_may_become_an_image_again_under_its_id_and_nothing_else_may(self, records: Records) -> None:
        image = an_image(id=ImageId(ObjectId("the id of an object")))
        with records.writing() as session:
            session.images.add(image, again=True)
            with pytest.raises(AlreadyExists):
                session.images.add(image, again=True)
            session.images.delete(image.id, START)
            with pytest.raises(AlreadyExists):
                session.images.add(image)
            session.images.add(image, again=True)
            assert session.images.get(image.id) == image

    def test_its_bytes_count_once_where_the_object_is(self, records: Records) -> None:
        with records.writing() as session:
            container = a_container(session)
            item = session.objects.put_object(an_object(container, "disk", a_blob(session), size=5))
            image = an_image(id=ImageId(item.id), status=Status.ACTIVE, blob_id=item.blob_id, size=5)
            session.images.add(image)
            assert session.usage.of_images(image.owner)[Resource.BYTES] == 5
            session.registrations.put(Registration(image_id=image.id))
            session.images.add(an_image(owner=image.owner, size=7))
            used = session.usage.of_images(image.owner)
            assert (used[Resource.BYTES], used[Resource.IMAGES]) == (7, 2)
