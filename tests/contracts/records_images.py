"""The records contract: images, members, and lists of images."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import product
from typing import Any

import pytest

from imageferry.domain.access import ProjectId
from imageferry.domain.blob import BlobId
from imageferry.domain.errors import AlreadyExists, BadInput, NotFound, StatusConflict
from imageferry.domain.image import (
    ContainerFormat,
    DiskFormat,
    Image,
    ImageId,
    Member,
    MemberStatus,
    Status,
    Visibility,
)
from imageferry.domain.moment import Moment
from imageferry.ports.records import IMAGE_SORT_KEYS, ImageQuery, Records, Session
from tests.contracts.records_things import OURS, START, THEIRS, UGLY_NAMES, a_blob, an_image, at, meanwhile

OTHERS = ProjectId("others")
NO_IMAGE = ImageId("no such image")


def kept(session: Session, **fields: Any) -> Image:
    image = an_image(**fields)
    session.images.add(image)
    return image


def a_member(image: Image, project_id: ProjectId = THEIRS, status: MemberStatus = MemberStatus.PENDING) -> Member:
    return Member(image_id=image.id, project_id=project_id, status=status, created_at=START, updated_at=START)


def ids_of(images: list[Image]) -> list[ImageId]:
    return [image.id for image in images]


class ImagesContract:
    def test_an_image_is_kept_as_it_was_given(self, records: Records) -> None:
        with records.writing() as session:
            full = an_image(
                name="Debian é",
                status=Status.ACTIVE,
                visibility=Visibility.PUBLIC,
                disk_format=DiskFormat.QCOW2,
                container_format=ContainerFormat.BARE,
                size=1 << 50,
                virtual_size=1 << 51,
                checksum="1" * 32,
                hash_value="2" * 128,
                min_disk=2**31 - 1,
                min_ram=3,
                protected=True,
                hidden=True,
                tags=frozenset({"one", "Two", "é"}),
                properties={"os_type": "linux", "long": "x" * 65_535, "empty": ""},
                blob_id=a_blob(session, 1),
                updated_at=at(5),
            )
            bare = an_image()
            for image in (full, bare):
                session.images.add(image)
        with records.reading() as session:
            assert session.images.get(full.id) == full
            assert session.images.get(bare.id) == bare
            assert session.images.get(NO_IMAGE) is None

    def test_an_id_is_given_to_one_image_ever(self, records: Records) -> None:
        with records.writing() as session:
            image = kept(session)
            with pytest.raises(AlreadyExists):
                session.images.add(image)
            session.images.delete(image.id, at(1))
        with records.writing() as session, pytest.raises(AlreadyExists):
            session.images.add(image)
        with records.reading() as session:
            assert session.images.get(image.id) is None

    def test_an_image_needs_its_blob(self, records: Records) -> None:
        with records.writing() as session:
            with pytest.raises(NotFound, match="blob"):
                kept(session, blob_id=BlobId("none"))
            image = kept(session)
            with pytest.raises(NotFound, match="blob"):
                session.images.update(replace(image, blob_id=BlobId("none")), was=image.status)

    def test_a_changed_image_is_kept_with_its_tags_and_properties(self, records: Records) -> None:
        with records.writing() as session:
            image = kept(session, name="old", tags=frozenset({"a", "b"}), properties={"a": "1", "b": "2"})
            changed = replace(
                image,
                name=None,
                status=Status.ACTIVE,
                tags=frozenset({"b", "c"}),
                properties={"b": "3"},
                blob_id=a_blob(session, 1),
                updated_at=at(1),
            )
            session.images.update(changed, was=Status.QUEUED)
            assert session.images.get(image.id) == changed

    def test_an_image_that_another_writer_moved_is_left_alone(self, records: Records) -> None:
        with records.writing() as session:
            image = kept(session, status=Status.ACTIVE)
            with pytest.raises(StatusConflict, match="active"):
                session.images.update(replace(image, name="x"), was=Status.QUEUED)
            with pytest.raises(NotFound):
                session.images.update(an_image(), was=Status.QUEUED)
            assert session.images.get(image.id) == image

    def test_of_two_writers_that_move_an_image_at_once_the_second_is_told(self, records: Records) -> None:
        with records.writing() as session:
            image = kept(session)

        def move() -> None:
            with records.writing() as session, pytest.raises(StatusConflict, match="saving"):
                session.images.update(image.moved_to(Status.UPLOADING), was=Status.QUEUED)

        saving = image.moved_to(Status.SAVING)
        meanwhile(records, lambda session: session.images.update(saving, was=Status.QUEUED), move)

    def test_an_id_stays_used_when_its_image_is_gone(self, records: Records) -> None:
        with records.writing() as session:
            image = kept(session)
            assert session.images.was_used(image.id)
            session.images.delete(image.id, at(1))
            assert session.images.was_used(image.id)
            assert not session.images.was_used(NO_IMAGE)

    def test_a_deleted_image_is_gone_with_its_members(self, records: Records) -> None:
        with records.writing() as session:
            image = kept(session, tags=frozenset({"a"}), properties={"a": "b"})
            session.images.add_member(a_member(image))
            session.images.delete(image.id, at(1))
            assert session.images.get(image.id) is None
            assert session.images.members(image.id) == []
            with pytest.raises(NotFound):
                session.images.delete(image.id, at(1))

    def test_members_come_and_go(self, records: Records) -> None:
        with records.writing() as session:
            image = kept(session)
            members = [a_member(image, ProjectId(name)) for name in sorted(UGLY_NAMES)]
            for member in reversed(members):
                session.images.add_member(member)
            assert session.images.members(image.id) == members
            with pytest.raises(AlreadyExists):
                session.images.add_member(members[0])
            changed = replace(members[0], status=MemberStatus.ACCEPTED, updated_at=at(1))
            session.images.update_member(changed)
            assert session.images.member(image.id, changed.project_id) == changed
            session.images.delete_member(image.id, changed.project_id)
            assert session.images.member(image.id, changed.project_id) is None
            assert session.images.members(image.id) == members[1:]

    def test_a_member_that_is_not_there_cannot_be_changed(self, records: Records) -> None:
        with records.writing() as session:
            image = kept(session)
            with pytest.raises(NotFound):
                session.images.update_member(a_member(image))
            with pytest.raises(NotFound):
                session.images.delete_member(image.id, THEIRS)
            with pytest.raises(NotFound):
                session.images.add_member(a_member(an_image()))


def sort_key(image: Image, names: tuple[str, ...]) -> tuple[tuple[bool, Any], ...]:
    """NULL is lower than everything, and equal to itself."""
    values = [getattr(image, name) for name in names]
    return tuple((value is not None, "" if value is None else value) for value in values)


def moments(number: int) -> dict[str, Moment]:
    return {"created_at": at(number), "updated_at": at(10 + number)}


class ImageListContract:
    @pytest.mark.parametrize("direction", ["asc", "desc"])
    @pytest.mark.parametrize("key", IMAGE_SORT_KEYS)
    def test_images_are_sorted_by_every_key_and_paged_without_gap_or_repeat(
        self, records: Records, key: str, direction: str
    ) -> None:
        choices = product((None, "a", "Z"), (None, 5), (None, DiskFormat.RAW), (1, 2))
        with records.writing() as session:
            images = [
                kept(
                    session,
                    name=name,
                    size=size,
                    disk_format=disk_format,
                    created_at=at(moment),
                    updated_at=at(-moment),
                )
                for name, size, disk_format, moment in choices
            ]
        expected = sorted(images, key=lambda image: sort_key(image, (key, "id")), reverse=direction == "desc")
        self._is_paged(records, ((key, direction),), expected)

    def test_keys_of_different_directions_go_together(self, records: Records) -> None:
        with records.writing() as session:
            images = [
                kept(session, name=name, size=size)
                for name, size in product((None, "a", "b"), (None, 1, 2))
                for _ in "12"
            ]
        images.sort(key=lambda image: sort_key(image, ("id",)))
        images.sort(key=lambda image: sort_key(image, ("name",)), reverse=True)
        images.sort(key=lambda image: sort_key(image, ("size",)))
        self._is_paged(records, (("size", "asc"), ("name", "desc"), ("id", "asc")), images)

    def _is_paged(self, records: Records, sort: tuple[tuple[str, str], ...], expected: list[Image]) -> None:
        for viewer in (None, OURS):
            query = ImageQuery(viewer=viewer, sort=sort, limit=5)
            with records.reading() as session:
                assert ids_of(session.images.page(replace(query, limit=1000))) == ids_of(expected)
            assert self._all_pages(records, query) == expected

    @pytest.mark.parametrize(
        "query",
        [
            ImageQuery(marker=NO_IMAGE),
            ImageQuery(sort=[("owner", "asc")]),
            ImageQuery(sort=[("name", "up")]),
            ImageQuery(created=[("like", START)]),
        ],
    )
    def test_a_list_that_makes_no_sense_is_refused(self, records: Records, query: ImageQuery) -> None:
        with records.reading() as session, pytest.raises(BadInput):
            session.images.page(query)

    @pytest.mark.parametrize(
        ("query", "expected"),
        [
            (ImageQuery(), "abcd"),
            (ImageQuery(hidden=True), "h"),
            (ImageQuery(hidden=None), "abcdh"),
            (ImageQuery(owner=THEIRS), "b"),
            (ImageQuery(names=["b", "é", "x"]), "bc"),
            (ImageQuery(names=[]), ""),
            (ImageQuery(ids=[ImageId("c"), NO_IMAGE]), "c"),
            (ImageQuery(statuses=[Status.ACTIVE, Status.SAVING]), "bc"),
            (ImageQuery(disk_formats=[DiskFormat.QCOW2]), "b"),
            (ImageQuery(container_formats=[ContainerFormat.OVA, ContainerFormat.BARE]), "bc"),
            (ImageQuery(visibility=Visibility.PUBLIC), "c"),
            (ImageQuery(protected=True), "c"),
            (ImageQuery(protected=False), "abd"),
            (ImageQuery(checksum="1" * 32), "b"),
            (ImageQuery(hash_value="2" * 128), "c"),
            (ImageQuery(size_min=100), "bc"),
            (ImageQuery(size_max=100), "b"),
            (ImageQuery(size_min=101, size_max=200), "c"),
            (ImageQuery(numbers={"size": 100}), "b"),
            (ImageQuery(numbers={"size": 100, "min_disk": 7}), ""),
            (ImageQuery(numbers={"virtual_size": 5, "min_ram": 5, "min_disk": 5}), ""),
            (ImageQuery(tags=["x"]), "bc"),
            (ImageQuery(tags=["x", "y"]), "c"),
            (ImageQuery(properties={"os": "linux"}), "bc"),
            (ImageQuery(properties={"os": "linux", "arch": "arm"}), "c"),
            (ImageQuery(properties={"os": "Linux"}), ""),
            (ImageQuery(created=[("gt", at(2))]), "cd"),
            (ImageQuery(created=[("gte", at(2)), ("lt", at(4))]), "bc"),
            (ImageQuery(created=[("lte", at(1))]), "a"),
            (ImageQuery(created=[("eq", at(3))]), "c"),
            (ImageQuery(created=[("neq", at(3))]), "abd"),
            (ImageQuery(updated=[("gt", at(12))]), "cd"),
            (ImageQuery(tags=["x"], statuses=[Status.ACTIVE], limit=1), "b"),
        ],
    )
    def test_a_list_shows_what_is_asked_for(self, records: Records, query: ImageQuery, expected: str) -> None:
        with records.writing() as session:
            kept(session, id="a", **moments(1))
            kept(
                session,
                id="b",
                owner=THEIRS,
                name="b",
                status=Status.ACTIVE,
                disk_format=DiskFormat.QCOW2,
                container_format=ContainerFormat.BARE,
                size=100,
                checksum="1" * 32,
                tags=frozenset({"x"}),
                properties={"os": "linux"},
                **moments(2),
            )
            kept(
                session,
                id="c",
                name="é",
                status=Status.SAVING,
                visibility=Visibility.PUBLIC,
                disk_format=DiskFormat.RAW,
                container_format=ContainerFormat.OVA,
                size=200,
                hash_value="2" * 128,
                protected=True,
                tags=frozenset({"x", "y"}),
                properties={"os": "linux", "arch": "arm"},
                **moments(3),
            )
            kept(session, id="d", **moments(4))
            kept(session, id="h", hidden=True, **moments(5))
            found = session.images.page(replace(query, sort=[("id", "asc")]))
            assert "".join(ids_of(found)) == expected

    @pytest.mark.parametrize(
        ("asked", "expected"),
        [
            (lambda query: query, "own-private own-shared public shared-accepted"),
            (lambda query: replace(query, viewer=None), "all"),
            (
                lambda query: replace(query, with_community=True),
                "community own-private own-shared public shared-accepted",
            ),
            (lambda query: replace(query, visibility=Visibility.COMMUNITY), "community"),
            (lambda query: replace(query, visibility=Visibility.SHARED), "own-shared shared-accepted"),
            (lambda query: replace(query, visibility=Visibility.PRIVATE), "own-private"),
            (
                lambda query: replace(query, member_status=MemberStatus.PENDING),
                "own-private own-shared public shared-pending",
            ),
            (
                lambda query: replace(query, member_status=None, visibility=Visibility.SHARED),
                "own-shared shared-accepted shared-pending",
            ),
            (lambda query: replace(query, owner=THEIRS), "public shared-accepted"),
            (lambda query: replace(query, viewer=ProjectId("stranger")), "public"),
        ],
    )
    def test_a_list_shows_what_the_viewer_may_see(
        self, records: Records, asked: Callable[[ImageQuery], ImageQuery], expected: str
    ) -> None:
        with records.writing() as session:
            names = ["own-private", "own-shared"]
            for name in ("private", "shared", "community", "public"):
                kept(session, name=name, owner=THEIRS, visibility=Visibility(name))
                names.append(name)
            kept(session, name="own-private", visibility=Visibility.PRIVATE)
            kept(session, name="own-shared", visibility=Visibility.SHARED)
            for status in (MemberStatus.ACCEPTED, MemberStatus.PENDING):
                image = kept(session, name=f"shared-{status}", owner=THEIRS, visibility=Visibility.SHARED)
                session.images.add_member(a_member(image, OURS, status))
                names.append(f"shared-{status}")
            image = kept(session, name="private-member", owner=THEIRS, visibility=Visibility.PRIVATE)
            session.images.add_member(a_member(image, OURS, MemberStatus.ACCEPTED))
            names.append("private-member")
            found = session.images.page(asked(ImageQuery(viewer=OURS, sort=[("name", "asc")])))
            assert [image.name for image in found] == (sorted(names) if expected == "all" else expected.split())

    def test_who_sees_what_for_whatever_reason_and_page_by_page(self, records: Records) -> None:
        """Every filter of visibility, for owner, member and stranger, against the rule said in Python."""
        statuses = dict(enumerate([None, *MemberStatus]))  # of the membership of OURS
        with records.writing() as session:
            images = []
            for owner, visibility, number in product((OURS, THEIRS, OTHERS), Visibility, statuses):
                image = kept(session, owner=owner, visibility=visibility, name=f"{number % 2}", size=len(images) % 3)
                images.append((image, status := statuses[number]))
                if status is not None:
                    session.images.add_member(a_member(image, OURS, status))
        for viewer, owner, asked, community, wanted, named in product(
            (OURS, THEIRS), (None, OURS, THEIRS), (None, *Visibility), (False, True), (None, *MemberStatus), (None, "1")
        ):
            query = ImageQuery(
                viewer=viewer,
                owner=owner,
                visibility=asked,
                with_community=community,
                member_status=wanted,
                names=None if named is None else [named],
                sort=(("size", "asc"), ("id", "desc")),
                limit=7,
            )
            expected = [
                image
                for image, membership in images
                if owner in (None, image.owner)
                and asked in (None, image.visibility)
                and named in (None, image.name)
                and (
                    image.owner == viewer
                    or image.visibility is Visibility.PUBLIC
                    or (image.visibility is Visibility.COMMUNITY and (community or asked is Visibility.COMMUNITY))
                    or (
                        image.visibility is Visibility.SHARED
                        and viewer == OURS
                        and membership is not None
                        and wanted in (None, membership)
                    )
                )
            ]
            expected.sort(key=lambda image: image.id, reverse=True)
            expected.sort(key=lambda image: image.size or 0)
            assert self._all_pages(records, query) == expected, query

    def _all_pages(self, records: Records, query: ImageQuery) -> list[Image]:
        found: list[Image] = []
        with records.reading() as session:
            while page := session.images.page(query):
                assert len(page) <= query.limit
                found += page
                query = replace(query, marker=page[-1].id)
        return found

    def test_a_page_is_no_longer_than_its_limit(self, records: Records) -> None:
        with records.writing() as session:
            for _ in range(30):
                kept(session)
            assert len(session.images.page(ImageQuery())) == 25
            assert session.images.page(ImageQuery(limit=0)) == []
