"""The records contract: what projects may keep as images, and what they keep."""

from __future__ import annotations

from dataclasses import replace

import pytest

from imageferry.domain.access import ProjectId
from imageferry.domain.errors import NotFound
from imageferry.domain.image import Image, Status
from imageferry.domain.image_quota import Resource
from imageferry.ports.records import Records, Session
from imageferry.ports.records.usage import LeftBehind
from tests.contracts.records_things import (
    OURS,
    THEIRS,
    a_blob,
    a_container,
    a_domain,
    a_project,
    an_image,
    an_object,
    at,
    run_at_once,
)

_NOTHING = dict.fromkeys(Resource, 0)


def _kept(session: Session, **fields: object) -> Image:
    image = an_image(**fields)
    session.images.add(image)
    return image


class UsageContract:
    def test_images_are_counted_with_their_bytes(self, records: Records) -> None:
        with records.writing() as session:
            assert session.usage.of_images(OURS) == _NOTHING
            _kept(session)
            full = _kept(session, status=Status.ACTIVE, size=1 << 50, blob_id=a_blob(session, 1))
            _kept(session, status=Status.DEACTIVATED, size=7, blob_id=a_blob(session, 1))
            _kept(session, owner=THEIRS, status=Status.ACTIVE, size=9, blob_id=a_blob(session, 1))
        with records.reading() as session:
            used = session.usage.of_images(OURS)
            assert used == {**_NOTHING, Resource.BYTES: (1 << 50) + 7, Resource.IMAGES: 3}
            assert all(type(amount) is int for amount in used.values())
        with records.writing() as session:
            session.images.delete(full.id, at(1))
            assert session.usage.of_images(OURS) == {**_NOTHING, Resource.BYTES: 7, Resource.IMAGES: 2}

    def test_what_is_staged_is_counted_until_it_is_active(self, records: Records) -> None:
        with records.writing() as session:
            blob_id = a_blob(session, 1, 2)
            blob = session.blobs.get(blob_id)
            assert blob is not None
            image = _kept(session, status=Status.UPLOADING, blob_id=blob_id)
            _kept(session, status=Status.IMPORTING)  # fetched from elsewhere: nothing here yet
            expected = {**_NOTHING, Resource.STAGED: blob.size, Resource.IMAGES: 2, Resource.UPLOADS: 2}
            assert session.usage.of_images(OURS) == expected
            session.images.update(replace(image, status=Status.IMPORTING), was=Status.UPLOADING)
            assert session.usage.of_images(OURS) == expected
            session.images.update(replace(image, status=Status.ACTIVE, size=blob.size), was=Status.IMPORTING)
            used = session.usage.of_images(OURS)
            assert (used[Resource.STAGED], used[Resource.UPLOADS]) == (0, 1)

    def test_limits_are_set_changed_and_taken_away(self, records: Records) -> None:
        with records.writing() as session:
            project = a_project(session, a_domain(session)).id
            assert session.usage.limits(project) == {}
            session.usage.set_limit(project, Resource.BYTES, 1 << 60)
            session.usage.set_limit(project, Resource.IMAGES, 3)
            session.usage.set_limit(project, Resource.IMAGES, 0)
            assert session.usage.limits(project) == {Resource.BYTES: 1 << 60, Resource.IMAGES: 0}
            session.usage.set_limit(project, Resource.BYTES, None)
            session.usage.set_limit(project, Resource.STAGED, None)
            assert session.usage.limits(project) == {Resource.IMAGES: 0}
            with pytest.raises(NotFound):
                session.usage.set_limit(ProjectId("no such project"), Resource.IMAGES, 1)

    def test_what_projects_leave_behind_is_known_by_their_ids(self, records: Records) -> None:
        with records.writing() as session:
            domain = a_domain(session)
            gone, stays = a_project(session, domain, "gone").id, a_project(session, domain, "stays").id
            for project in (gone, stays):
                _kept(session, owner=project, status=Status.ACTIVE, size=5, blob_id=a_blob(session, 1))
                _kept(session, owner=project)
                container = a_container(session, project_id=project)
                session.objects.put_object(an_object(container, "o", a_blob(session, 2), size=7))
            a_container(session, project_id=OURS)
            session.identity.delete_project(gone)
            assert session.usage.left_behind() == {
                gone: LeftBehind(images=2, image_bytes=5, containers=1, objects=1, object_bytes=7),
                OURS: LeftBehind(containers=1),
            }

    def test_limits_go_with_their_project(self, records: Records) -> None:
        with records.writing() as session:
            project = a_project(session, a_domain(session)).id
            session.usage.set_limit(project, Resource.IMAGES, 3)
            session.identity.delete_project(project)
            assert session.usage.limits(project) == {}

    def test_who_holds_a_project_counts_alone(self, records: Records) -> None:
        """Each of many adds an image only where there are fewer than three; three are there in the end."""
        with records.writing() as session:
            project = a_project(session, a_domain(session)).id

        def work(_: int) -> None:
            with records.writing() as session:
                session.usage.hold(project)
                if session.usage.of_images(project)[Resource.IMAGES] < 3:
                    _kept(session, owner=project)

        run_at_once(work, 8)
        with records.reading() as session:
            assert session.usage.of_images(project)[Resource.IMAGES] == 3

    def test_a_project_that_is_gone_can_be_held_too(self, records: Records) -> None:
        with records.writing() as session:
            session.usage.hold(ProjectId("no such project"))
