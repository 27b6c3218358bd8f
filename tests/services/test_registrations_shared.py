"""Readers of the object and members of the image are one set, whichever API changes it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from imageferry.domain.access import Role
from imageferry.domain.errors import (
    Forbidden,
    NotFound,
    TooLarge,
)
from imageferry.domain.image import MemberStatus, Visibility
from imageferry.domain.registration import Filters, Wish
from tests.services.registration_desk import PUBLIC, Desk

# -- whom it is shared with ----------------------------------------------------------


def test_readers_of_the_object_are_the_members_of_the_image_whoever_says_so(desk: Desk) -> None:
    image_id = desk.registered()
    them = desk.them.project
    for share, unshare in (
        (lambda: desk.share(them), desk.share),
        (
            lambda: desk.images.add_member(desk.us, image_id, them),
            lambda: desk.images.remove_member(desk.us, image_id, them),
        ),
        (
            lambda: desk.registrations.add_member(desk.us, image_id, them),
            lambda: desk.registrations.remove_member(desk.us, image_id, them),
        ),
        (
            lambda: desk.registrations.replace_members(desk.us, image_id, ["theirs", desk.us.project]),
            lambda: desk.registrations.replace_members(desk.us, image_id, []),
        ),
    ):
        share()
        assert desk.members(image_id) == {them}
        assert desk.registrations.members(desk.us, image_id) == [them]
        assert desk.may_read(desk.them)
        assert desk.registrations.show(desk.them, image_id).owner == desk.us.project
        assert desk.registrations.shared_by(desk.them, desk.us.project) == [image_id]
        unshare()
        assert desk.members(image_id) == set()
        assert not desk.may_read(desk.them)
        with pytest.raises(Forbidden):
            desk.registrations.show(desk.them, image_id)


def test_everybody_reads_what_is_public_whoever_says_so(desk: Desk) -> None:
    image_id = desk.registered()

    def in_glance(visibility: Visibility) -> None:
        desk.images.change(desk.admin, image_id, lambda image: replace(image, visibility=visibility))

    for publish, withdraw in (
        (lambda: desk.share("*"), desk.share),
        (lambda: in_glance(Visibility.PUBLIC), lambda: in_glance(Visibility.PRIVATE)),
        (lambda: in_glance(Visibility.COMMUNITY), lambda: in_glance(Visibility.SHARED)),
        (
            lambda: desk.registrations.change(desk.us, image_id, Wish(public=True)),
            lambda: desk.registrations.change(desk.us, image_id, Wish(public=False)),
        ),
        (lambda: desk.register(PUBLIC), desk.register),
    ):
        publish()
        assert desk.registrations.show(desk.them, image_id).is_public
        assert desk.may_read(desk.them)
        assert desk.registrations.listing(desk.them, Filters())
        withdraw()
        assert not desk.registrations.show(desk.us, image_id).is_public
        assert not desk.may_read(desk.them)
        assert desk.registrations.listing(desk.them, Filters()) == []


def test_an_administrator_publishes_into_everybodys_lists(desk: Desk) -> None:
    image_id = desk.registered(wish=PUBLIC)
    assert desk.image(image_id).visibility is Visibility.COMMUNITY
    desk.registrations.register(desk.admin, desk.location(), PUBLIC)
    assert desk.image(image_id).visibility is Visibility.PUBLIC


def test_registering_again_drops_whom_it_was_shared_with(desk: Desk) -> None:
    image_id = desk.registered(wish=PUBLIC)
    desk.registrations.add_member(desk.us, image_id, desk.them.project)
    desk.register()
    assert desk.members(image_id) == set()
    assert not desk.may_read(desk.them)


def test_an_answer_to_an_offer_outlives_other_offers(desk: Desk) -> None:
    image_id = desk.registered()
    desk.registrations.add_member(desk.us, image_id, desk.them.project)
    desk.images.answer_offer(desk.them, image_id, desk.them.project, MemberStatus.ACCEPTED)
    desk.registrations.replace_members(desk.us, image_id, [desk.them.project, "others"])
    found = desk.images.member(desk.us, image_id, desk.them.project)
    assert found.status is MemberStatus.ACCEPTED
    assert len(desk.members(image_id)) == 2


def test_members_are_known_projects_and_not_too_many(desk: Desk) -> None:
    image_id = desk.registered()
    with pytest.raises(NotFound):
        desk.registrations.add_member(desk.us, image_id, "nobody")
    with pytest.raises(NotFound):
        desk.registrations.replace_members(desk.us, image_id, [desk.them.project, "nobody"])
    with pytest.raises(TooLarge):
        desk.registrations.replace_members(desk.us, image_id, ["theirs"] * 129)
    for wrong in (desk.them, desk.caller("ours", Role.READER)):
        for act in (desk.registrations.add_member, desk.registrations.remove_member):
            with pytest.raises(Forbidden):
                act(wrong, image_id, "others")
    assert desk.members(image_id) == set()
